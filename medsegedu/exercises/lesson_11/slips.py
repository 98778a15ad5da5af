"""Slips of lesson 11: tolerances in the wrong unit, batches in pairs, names that contain a chosen one, single pixels."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_11.bug_mistakes import bug_hunt, replaced
from medsegedu.exercises.lesson_11.bugs import Five, dice_of
from medsegedu.exercises.lesson_11.plans import Plan, plan, planned
from medsegedu.exercises.lesson_11.prints import Array, fingerprint


@fingerprint.case
def a_thousandth_more_or_less(random: Random) -> tuple[Any, ...]:
    voxels, spacing = np.array([61.0015, 47.0008, 80.05]), np.array([0.5, 5.0, 1.0])  # of the median image
    whole = np.floor(voxels)
    return np.array([whole, 3 * whole, whole // 4]), np.array([voxels / whole * spacing, spacing, spacing])


@plan.case
def five_in_a_step(random: Random) -> tuple[Any, ...]:
    return (36, 50, 35), 0.8, 3000.0


@plan.case
def three_in_a_step(random: Random) -> tuple[Any, ...]:
    return (150, 118), 0.09, 1600.0


@plan.case
def just_enough_for_four_fifths(random: Random) -> tuple[Any, ...]:
    sides = (160, 120, 96)  # 128, 96 and 76.8 of them have room
    return sides, 2 * 0.8**3 * np.prod(sides) * 3000 / 1e9 * (1 + 1e-9), 3000.0


@bug_hunt.case
def a_chosen_name_in_others(random: Random) -> tuple[Any, ...]:
    return "held_out", [f"p{k}" for k in random.numpy.permutation([1, 10, 12, 13, 2, 21, 3, 31, 35, 4, 1, 10]).tolist()]


@bug_hunt.case
def single_pixels(random: Random) -> tuple[Any, ...]:
    found, drawn = random.mask(4, 3, 50, share=0.4), random.mask(4, 3, 50, share=0.4)
    found[:2, 1] = drawn[:2, 1] = found[:, 2] = drawn[:, 2] = False
    drawn[0, 1, 7] = found[1, 1, 9] = True  # a single pixel, missed; and one, found where nothing is
    found[3, 2, 4:7] = True  # of a class that nobody has
    return "mean_dice", found, drawn


def off(amount: float, *, mm: bool = False) -> Callable[[Array, Array], tuple[Array, Array]]:
    def mistake(sizes: Array, spacings: Array) -> tuple[Array, Array]:
        spacing, extent = np.median(spacings, axis=0), np.median(sizes * spacings, axis=0)
        voxels = (extent - amount) / spacing if mm else extent / spacing - amount
        return spacing, np.ceil(voxels).astype(int)

    mistake.__name__ = f"{amount:g}_{'mm' if mm else 'voxels'}_off".replace(".", "_").replace("-", "_")
    return mistake


fingerprint.mistake(
    "You took 0.001 *mm* off the extent. Divide first: it is 0.001 of a voxel, whether a voxel is 0.5 mm long or 5."
)(off(0.001, mm=True))
for _amount in (0.002, 0.1):
    fingerprint.mistake(
        f"You took {_amount:g} voxel off before you rounded up. So much may be a piece of the image, and no longer a computer's "
        "rounding: 0.001."
    )(off(_amount))
fingerprint.mistake("You took only 0.0005 voxel off before you rounded up. It is twice as much, 0.001.")(off(0.0005))


def variant(name: str, sentence: str, **options: Any) -> None:
    def mistake(size: Sequence[int], gigabytes: float, each: float) -> Plan:
        return planned(size, gigabytes, each, **options)

    mistake.__name__ = name
    plan.mistake(sentence)(mistake)


def in_pairs(count: float) -> int:
    return 2 * int(count / 2)


variant(
    "batches_in_pairs",
    "Your batch is always even. That a step should hold two decides how much one *patch* may take; of patches, take as many "
    "as have room, five too.",
    batch_of=in_pairs,
)


@plan.mistake(
    "You asked whether the image fits into the *whole* room, and cut it to half of the room if it doesn't. Both are about the "
    "half: the image stays whole if two of it have room."
)
def fits_into_all(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    whole = np.prod(size, dtype=float) <= gigabytes * 1e9 / each
    return planned(size, gigabytes, each, patches=1e-9 if whole else 2)


@plan.mistake(
    "You shrink the sides step by step until the patch fits, a thousandth each time. The last step goes too far by up to that, "
    "and a side may miss its multiple: take the root, and you have the factor at once."
)
def step_by_step(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    sides = np.array(size, dtype=float)
    while sides.prod() > gigabytes * 1e9 / each / 2:
        sides *= 0.999
    return planned(size, gigabytes, each, largest=float(sides[0] / size[0]))


variant(
    "rounded_sides",
    "You rounded the sides of rule 2 to whole voxels before you went on. Only the patch is whole, rule 4: depth and multiple "
    "come from the sides as they are.",
    side_of=round,
    logarithm=math.log2,
)


@plan.mistake(
    "Where there is hardly any memory, a side of 0.7 voxels became 0 in your `int(...)`, and 0 has no logarithm (`math domain "
    "error`). Leave the sides of rule 2 as they are: only the patch is whole, rule 4."
)
def whole_sides(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    return planned(size, gigabytes, each, side_of=int, logarithm=math.log2)


variant(
    "no_limits_of_depth",
    "You forgot the limits of the depth: at least 1, and at most 5. (Rule 3.)",
    shallowest=-np.inf,
    deepest=np.inf,
)


@bug_hunt.mistake(
    "Nearly: `held_out` takes everybody whose name *contains* a chosen one, so p1 takes p10 and p12 along. Names must be equal: "
    "`patient in chosen`, of a list or a set."
)
def contains_a_chosen_name() -> Five:
    def containing(patients: Sequence[str]) -> list[int]:
        chosen = sorted(set(patients))[::5]
        return [i for i, patient in enumerate(patients) if any(name in patient for name in chosen)]

    return replaced("held_out", containing)


@bug_hunt.mistake(
    "Nearly: `held_out` begins with the fifth patient. The first is in the test, then the sixth: `[::5]`."
)
def from_the_fifth() -> Five:
    def fifth(patients: Sequence[str]) -> list[int]:
        chosen = sorted(set(patients))[4::5]
        return [i for i, patient in enumerate(patients) if patient in chosen]

    return replaced("held_out", fifth)


@bug_hunt.mistake(
    "Nearly: `mean_dice` leaves out a class that no patient has, and with it all that was found of it. A false alarm has a Dice "
    "of 0, wherever it is: leave out only where nothing is drawn *and* nothing found."
)
def classes_that_nobody_has() -> Five:
    def mean_dice(found: Tensor, drawn: Tensor) -> Tensor:
        return dice_of(found, drawn)[0][:, drawn.any(-1).any(0)].nanmean()

    return replaced("mean_dice", mean_dice)


def above(pixels: int) -> Callable[[], Five]:
    def mean_dice(found: Tensor, drawn: Tensor) -> Tensor:
        dice, total = dice_of(found, drawn)
        return torch.mean(dice[total > pixels])

    def mistake() -> Five:
        return replaced("mean_dice", mean_dice)

    mistake.__name__ = f"more_than_{pixels}_pixels"
    return mistake


for _pixels in (1, 5):
    bug_hunt.mistake(
        f"Nearly: `mean_dice` counts from {_pixels + 1} pixels on. A small lesion that was missed, or invented, then vanishes "
        "from the mean: `total > 0`."
    )(above(_pixels))


def averaged(average: Callable[[Tensor], Tensor]) -> Five:
    return replaced("mean_dice", lambda found, drawn: average(dice_of(found, drawn)[0]))


@bug_hunt.mistake(
    "Nearly: `mean_dice` takes the mean of each class first. A class that few patients have then counts as much as the others: "
    "one mean over all Dice that exist."
)
def class_by_class() -> Five:
    return averaged(lambda dice: dice.nanmean(0).nanmean())


@bug_hunt.mistake(
    "Nearly: `mean_dice` takes the mean of each patient first. The Dice of a patient with one class then counts more than that "
    "of a patient with three: one mean over all Dice that exist."
)
def patient_first() -> Five:
    return averaged(lambda dice: dice.nanmean(1).nanmean())


@bug_hunt.mistake(
    "Nearly: `mean_dice` has become a mean IoU, the intersection over the *union*. Dice is twice the intersection over the sum "
    "of both."
)
def mean_iou() -> Five:
    return averaged(lambda dice: (dice / (2 - dice)).nanmean())
