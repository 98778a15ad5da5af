"""Exercise 11.2: the two numbers of a fingerprint on which a plan rests, spacing and size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_11 import answers

Array = NDArray[Any]

fingerprint = Exercise(
    "11.fingerprint",
    reference=answers.fingerprint,
    title="A fingerprint",
    minutes=8,
    difficulty=1,
    hints=(
        "`np.median(spacings, axis=0)` takes the median over the cases, one number for each axis.",
        "How many mm does each image measure? `sizes * spacings`, still (cases, dims). Take the median of that.",
        "Divide the median extent by the median spacing, take a thousandth off, round up with `np.ceil`, and make whole "
        "numbers of it with `.astype(int)`.",
    ),
    after="Flat and solid data, thick and thin slices. The next cell takes the whole fingerprint of your folder.",
)


def some(random: Random, cases: int, dims: int, low: float = 0.6, high: float = 3.1) -> tuple[Array, Array]:
    return random.numpy.integers(21, 180, (cases, dims)), random.numpy.uniform(low, high, (cases, dims)).round(3)


@fingerprint.case
def five_volumes(random: Random) -> tuple[Any, ...]:
    return some(random, 5, 3)


@fingerprint.case
def four_images(random: Random) -> tuple[Any, ...]:
    return some(random, 4, 2)


@fingerprint.case
def three_by_three(random: Random) -> tuple[Any, ...]:
    return some(random, 3, 3, 1.0, 5.0)


@fingerprint.case
def one_spacing_that_divides(random: Random) -> tuple[Any, ...]:
    return random.numpy.integers(30, 90, (7, 3)), np.full((7, 3), 0.7)  # 47 * 0.7 / 0.7 is not always 47


@fingerprint.case
def one_scanner_is_far_off(random: Random) -> tuple[Any, ...]:
    sizes, spacings = some(random, 6, 3, 0.9, 1.2)
    spacings[2, 2], sizes[2, 2] = 9.0, 17
    return sizes, spacings


@fingerprint.case
def half_a_thousandth_too_long(random: Random) -> tuple[Any, ...]:
    sizes, spacings = np.array([[100, 40], [10, 44], [100, 47]]), np.array([[0.94001, 1.5], [2.0, 1.5], [3.0, 1.5]])
    return sizes, spacings  # 94.001 mm are 47.0005 voxels of 2 mm, which are 47


def ceil(extent: Array, spacing: Array) -> Array:
    return np.ceil(extent / spacing - 1e-3).astype(int)


@fingerprint.mistake(
    "You took one median over all axes together. The axes of a scan differ: 1 mm in the slice, 5 mm between slices. Say "
    "`axis=0`: over the cases, for each axis."
)
def one_for_all_axes(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.full(spacings.shape[1], np.median(spacings))
    return spacing, ceil(np.full(spacings.shape[1], np.median(sizes * spacings)), spacing)


@fingerprint.mistake(
    "You took the median over the axes of each case (`axis=1`): a number for each patient. Wanted is one for each axis, over "
    "the patients: `axis=0`."
)
def over_the_axes(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=1)
    return spacing, ceil(np.median(sizes * spacings, axis=1), spacing)


@fingerprint.mistake(
    "You took the mean. One scan with slices of 9 mm then makes all others coarser; the median does not mind it: `np.median`."
)
def mean(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = spacings.mean(0)
    return spacing, ceil((sizes * spacings).mean(0), spacing)


@fingerprint.mistake(
    "Your size is the median number of voxels as stored. A patient with voxels half as long has twice as many for the same "
    "head: go by mm, `sizes * spacings`, and divide by the new spacing."
)
def voxels_as_stored(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    return np.median(spacings, axis=0), np.ceil(np.median(sizes, axis=0)).astype(int)


@fingerprint.mistake(
    "You returned the size in mm. A network counts voxels: divide the extent by the spacing, and round up."
)
def size_in_mm(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    return np.median(spacings, axis=0), np.ceil(np.median(sizes * spacings, axis=0) - 1e-3).astype(int)


@fingerprint.mistake(
    "You multiplied where you should divide, or the other way round: n voxels of s mm measure n * s mm, and in voxels of t mm "
    "that is n * s / t."
)
def divided_for_extent(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.ceil(np.median(sizes / spacings, axis=0) * spacing - 1e-3).astype(int)


@fingerprint.mistake(
    "You rounded down, as `int` and `//` do. A part of a voxel at the edge is then cut off the patient: round up, `np.ceil`."
)
def rounded_down(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.floor(np.median(sizes * spacings, axis=0) / spacing + 1e-3).astype(int)


@fingerprint.mistake(
    "You rounded to the nearest whole number. Where that is less, the edge of the patient is cut off: round up, `np.ceil`."
)
def rounded(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.round(np.median(sizes * spacings, axis=0) / spacing).astype(int)


@fingerprint.mistake(
    "You rounded up without taking a thousandth off. A computer says 47 * 0.7 / 0.7 = 47.00000000000001, and that would be 48 "
    "voxels: take 0.001 off before you round."
)
def a_voxel_of_nothing(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.ceil(np.median(sizes * spacings, axis=0) / spacing + 1e-9).astype(int)


@fingerprint.mistake(
    "You took the largest image in the place of the median one. One whole-body scan among the heads would decide for all: take "
    "the median of the extents."
)
def largest_extent(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, ceil((sizes * spacings).max(0), spacing)


@fingerprint.mistake(
    "You took the smallest spacing. All other patients are then blown up with voxels that nobody measured, and the memory goes "
    "with them: take the median."
)
def smallest_spacing(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = spacings.min(0)
    return spacing, ceil(np.median(sizes * spacings, axis=0), spacing)


@fingerprint.mistake(
    "You returned size and spacing in the wrong order. First the spacing, then the size in voxels of that spacing."
)
def exchanged(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    return answers.fingerprint(sizes, spacings)[::-1]


@fingerprint.mistake(
    "The size is made of numbers with a point, like 87.0. Voxels are counted, and a shape must be whole numbers: "
    "`.astype(int)`."
)
def floating_size(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing, size = answers.fingerprint(sizes, spacings)
    return spacing, size.astype(float)
