"""Exercise 4.5: HD95, by the definition that this course uses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_04 import answers
from medsegedu.metrics import hausdorff95 as reference

Mask = NDArray[np.bool_]
Spacing = tuple[float, ...]

hd95 = Exercise(
    "04.hd95",
    reference=reference,
    shown=answers.hd95,
    title="How far off, in mm",
    minutes=15,
    difficulty=3,
    hints=(
        "The outline is what erosion takes away: `mask & ~ndimage.binary_erosion(mask)`. Beyond the border of the image counts "
        "as outside, which is what `binary_erosion` assumes by itself.",
        "`ndimage.distance_transform_edt(~outline, sampling=spacing)` gives each pixel's distance in mm to that outline. Read "
        "it off at the pixels of the *other* outline.",
        "`max(np.percentile(there, 95), np.percentile(back, 95))`, and before all that the empty cases: both empty 0, one "
        "empty the diagonal, `np.linalg.norm(np.multiply(label.shape, spacing))`.",
    ),
    after="Right, unequal spacings and empty masks included. The next cell shows what a careless HD95 reports.",
    rtol=1e-4,
)


def blob(random: Random, shape: tuple[int, ...], centre: tuple[float, ...], radius: float, rough: float = 0.25) -> Mask:
    """A rough ball."""
    place = np.indices(shape).astype(float)
    far = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(place, centre, strict=True)))
    return np.asarray(far < radius * (1 + rough * random.numpy.standard_normal(shape)))


@hd95.case
def two_blobs(random: Random) -> tuple[Any, ...]:
    shape = (31, 24)
    return blob(random, shape, (14, 10), 7), blob(random, shape, (16, 12), 8), (1.0, 1.0)


@hd95.case
def flat_pixels(random: Random) -> tuple[Any, ...]:
    shape = (22, 35)
    return blob(random, shape, (9, 15), 6), blob(random, shape, (11, 20), 7), (3.0, 0.8)


@hd95.case
def a_stray_pixel(random: Random) -> tuple[Any, ...]:
    label = blob(random, (29, 27), (12, 11), 8, rough=0)
    prediction = label.copy()
    prediction[27, 25] = True
    return prediction, label, (2.0, 1.5)


@hd95.case
def a_part_is_missed(random: Random) -> tuple[Any, ...]:
    prediction = blob(random, (30, 33), (9, 10), 6)
    return prediction, prediction | blob(random, (30, 33), (21, 24), 5), (1.0, 2.5)


@hd95.case
def too_much_is_claimed(random: Random) -> tuple[Any, ...]:
    label = blob(random, (33, 30), (10, 9), 6)
    return label | blob(random, (33, 30), (24, 21), 5), label, (0.5, 1.25)


@hd95.case
def at_the_border(random: Random) -> tuple[Any, ...]:
    return blob(random, (19, 26), (0, 3), 9, rough=0), blob(random, (19, 26), (3, 0), 8, rough=0), (1.0, 1.7)


@hd95.case
def along_the_border(random: Random) -> tuple[Any, ...]:
    label, prediction = np.zeros((20, 30), bool), np.zeros((20, 30), bool)
    label[:14, 3:27] = prediction[5:12, 9:21] = True
    return prediction, label, (1.0, 1.7)


@hd95.case
def large_and_filled(random: Random) -> tuple[Any, ...]:
    label, prediction = np.zeros((40, 36), bool), np.zeros((40, 36), bool)
    label[4:36, 4:32] = prediction[6:34, 4:29] = True
    return prediction, label, (1.5, 1.0)


@hd95.case
def a_hole_in_the_claim(random: Random) -> tuple[Any, ...]:
    label, prediction = np.zeros((36, 40), bool), np.zeros((36, 40), bool)
    label[4:32, 5:36] = prediction[4:32, 5:36] = True
    prediction[11:25, 13:28] = False
    return prediction, label, (1.0, 1.3)


@hd95.case
def a_hole_in_the_truth(random: Random) -> tuple[Any, ...]:
    label, prediction = np.zeros((38, 34), bool), np.zeros((38, 34), bool)
    label[3:34, 4:30] = prediction[3:34, 4:30] = True
    label[10:27, 11:22] = False
    return prediction, label, (0.9, 1.6)


@hd95.case
def a_volume(random: Random) -> tuple[Any, ...]:
    shape = (9, 14, 11)
    return blob(random, shape, (4, 6, 5), 3.5), blob(random, shape, (4, 8, 5), 3.5), (4.0, 0.9, 1.3)


@hd95.case
def both_empty(random: Random) -> tuple[Any, ...]:
    return np.zeros((6, 7), bool), np.zeros((6, 7), bool), (2.0, 1.0)


@hd95.case
def missed_altogether(random: Random) -> tuple[Any, ...]:
    return np.zeros((12, 17), bool), blob(random, (12, 17), (5, 8), 3), (2.0, 0.5)


@hd95.case
def made_up(random: Random) -> tuple[Any, ...]:
    return blob(random, (15, 8), (7, 4), 3), np.zeros((15, 8), bool), (1.0, 3.0)


@hd95.case
def one_pixel_each(random: Random) -> tuple[Any, ...]:
    prediction, label = np.zeros((11, 13), bool), np.zeros((11, 13), bool)
    prediction[2, 9] = label[8, 4] = True
    return prediction, label, (1.0, 2.0)
