"""Exercise 0.1, the warm-up: from voxels to millilitres."""

import math
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.answers import Mask

volume_ml = Exercise(
    "00.volume_ml",
    reference=answers.volume_ml,
    title="How large is it?",
    minutes=3,
    difficulty=1,
    hints=(
        "How many voxels are `True`? How large is a single one?",
        "`mask.sum()` counts them. One voxel is a box: its volume is the product of its three sides.",
        "`mask.sum() * spacing[0] * spacing[1] * spacing[2]` is in mm^3. How many mm^3 fit into 1 ml (a cube of 10 mm)?",
    ),
    after="Right. That is how an exercise feels when it is done. The next cell uses your function.",
)


@volume_ml.case
def thick_slices(random: Random) -> tuple[Any, ...]:
    return random.mask(7, 11, 5).numpy(), (0.9, 0.7, 5.0)


@volume_ml.case
def small_voxels(random: Random) -> tuple[Any, ...]:
    return random.mask(12, 6, 9, share=0.6).numpy(), (0.5, 0.6, 0.8)


@volume_ml.case
def nothing_there(random: Random) -> tuple[Any, ...]:
    return np.zeros((4, 5, 6), bool), (2.0, 2.0, 2.0)


@volume_ml.mistake(
    "You counted voxels. A voxel of 1 mm and one of 2 mm differ eightfold in volume, so a count alone tells nothing about "
    "size: multiply by the volume of one voxel, the product of the three sides in `spacing`."
)
def voxels_only(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum())


@volume_ml.mistake(
    "Voxels divided by 1000 are no millilitres yet: `spacing` is missing. Multiply by the product of its three sides, which "
    "is the volume of one voxel in mm^3."
)
def spacing_forgotten(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum()) / 1000


@volume_ml.mistake(
    "That is right in mm^3, but the question was millilitres. 1 ml is a cube of 10 x 10 x 10 mm: divide by 1000."
)
def cubic_millimetres(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return 1000 * answers.volume_ml(mask, spacing)


@volume_ml.mistake(
    "You divided by 10, the millimetres in a centimetre. A millilitre is a cubic centimetre: 10 x 10 x 10 = 1000 mm^3."
)
def a_length_not_a_volume(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return 100 * answers.volume_ml(mask, spacing)


@volume_ml.mistake(
    "You divided by 100, the square millimetres in a square centimetre. A millilitre is a cubic centimetre: 10 x 10 x 10 = "
    "1000 mm^3."
)
def an_area_not_a_volume(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return 10 * answers.volume_ml(mask, spacing)


@volume_ml.mistake("You divided by a million, which gives litres. A millilitre is a cube of 10 x 10 x 10 = 1000 mm^3.")
def litres(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return answers.volume_ml(mask, spacing) / 1000


@volume_ml.mistake(
    "You added the sides of the voxel. A box of 1 x 1 x 5 mm holds 5 mm^3, not 7: multiply the three sides."
)
def sum_of_the_sides(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum() * sum(spacing) / 1000)


@volume_ml.mistake(
    "You took one side to the power of three. That holds for cubes only, and many scans have thick slices, such as "
    "0.9 x 0.7 x 5 mm: multiply the three numbers of `spacing`."
)
def cube_of_one_side(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum() * spacing[0] ** 3 / 1000)


@volume_ml.mistake(
    "You multiplied only two sides, which is the area of one slice of the voxel. The third side, the slice thickness, is "
    "part of its volume: use `spacing[2]` as well."
)
def area_of_a_slice(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum() * spacing[0] * spacing[1] / 1000)


@volume_ml.mistake(
    "You counted every voxel of the array, inside and outside. `mask.size` is the size of the box, `mask.sum()` counts the "
    "voxels that are `True`."
)
def whole_box(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(mask.size * math.prod(spacing) / 1000)


@volume_ml.mistake(
    "`len(mask)` is the length of its first axis, not the number of voxels in the object. `mask.sum()` counts those that "
    "are `True`."
)
def length_of_an_axis(mask: Mask, spacing: tuple[float, float, float]) -> float:
    return float(len(mask) * math.prod(spacing) / 1000)
