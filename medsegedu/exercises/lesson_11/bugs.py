"""Exercise 11.5: five functions of a colleague, each with a planted error of practice.

A student mends all five and is told after each try which of them are right. An answer is five functions; a case asks one of them.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_11 import answers

Five = tuple[Callable[..., Any], ...]
NAMES = ("held_out", "to_scale", "finer", "mirrored", "mean_dice")


def ask(attempt: Callable[[], Five], function: str, first: Any, second: Any = None, third: Any = None) -> Any:
    five = attempt()
    if not isinstance(five, (tuple, list)) or len(five) != 5 or not all(map(callable, five)):
        raise TypeError(f"return the five functions themselves, without calling them: return {', '.join(NAMES)}")
    names = [getattr(one, "__name__", "") for one in five]
    if sorted(names) == sorted(NAMES) and names != list(NAMES):
        raise TypeError(f"return the functions in this order: return {', '.join(NAMES)}")
    return five[NAMES.index(function)](*(argument for argument in (first, second, third) if argument is not None))


bug_hunt = Exercise(
    "11.bug_hunt",
    reference=answers.bug_hunt,
    title="Bug hunt",
    minutes=20,
    difficulty=3,
    call=ask,
    hints=(
        "Ask of each function what it would do in the worst case: one patient with many images; a test set from another "
        "scanner; a voxel between class 0 and class 4; an image that is mirrored; a class that nobody has.",
        "`held_out` takes every fifth *image*. `to_scale` looks at the test set before it is scaled. `finer` computes means "
        "of class numbers. `mirrored` leaves one of two things as it was. `mean_dice` gives points for nothing.",
        'Take every fifth of `sorted(set(patients))`; use `train.mean()` and `train.std()` for both; `mode="nearest"`; '
        "mirror `label[chosen]` too; average only where `total > 0`.",
    ),
    after="All five mended. Each of them ran without any error. The next cell shows what they would have cost.",
)


@bug_hunt.case
def five_patients_in_the_test(random: Random) -> tuple[Any, ...]:
    images = [f"p{k:02d}" for k in range(23) for _ in range(int(random.integers(1, 6)))]
    return "held_out", [images[int(i)] for i in random.numpy.permutation(len(images))]


@bug_hunt.case
def names_in_names(random: Random) -> tuple[Any, ...]:
    return "held_out", [f"p{k}" for k in random.numpy.permutation(24).tolist() * 2]  # p1 is part of p12


@bug_hunt.case
def another_scanner_in_the_test(random: Random) -> tuple[Any, ...]:
    return "to_scale", 3 + 2 * random.tensor(4, 1, 5, 7), 9 + 5 * random.tensor(3, 1, 5, 7)


@bug_hunt.case
def many_classes(random: Random) -> tuple[Any, ...]:
    return "finer", random.integers(0, 6, 9, 14)


@bug_hunt.case
def some_are_chosen(random: Random) -> tuple[Any, ...]:
    return (
        "mirrored",
        random.tensor(4, 2, 6, 6),
        random.integers(0, 4, 4, 6, 6),
        torch.tensor([True, False, True, True]),
    )


@bug_hunt.case
def some_classes_are_nowhere(random: Random) -> tuple[Any, ...]:
    found, drawn = random.mask(5, 3, 40), random.mask(5, 3, 40)
    found[0, 1] = drawn[0, 1] = found[3, 1] = drawn[3, 1] = found[4, 2] = drawn[4, 2] = False
    found[2, 0] = False  # a miss
    drawn[1, 2] = False  # a false alarm
    return "mean_dice", found, drawn


def held_out(patients: Sequence[str]) -> list[int]:
    return list(range(0, len(patients), 5))


def to_scale(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.cat([train, test])
    return (train - both.mean()) / both.std(), (test - both.mean()) / both.std()


def finer(label: Tensor) -> Tensor:
    return F.interpolate(label[None, None].float(), scale_factor=2, mode="bilinear")[0, 0].round().long()


def mirrored(image: Tensor, label: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    image = image.clone()
    image[chosen] = image[chosen].flip(-1)
    return image, label


def dice_of(found: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """(patients, classes) each: Dice, which is NaN where there is nothing, and the pixels of both."""
    total = found.sum(-1) + drawn.sum(-1)
    return 2 * (found & drawn).sum(-1) / total, total


def mean_dice(found: Tensor, drawn: Tensor) -> Tensor:
    return dice_of(found, drawn)[0].nan_to_num(1.0).mean()


as_found: Five = (held_out, to_scale, finer, mirrored, mean_dice)
FIRST = (
    "In `held_out` every fifth *image* goes into the test, and the other images of the same patient train. Hold out patients.",
    "In `to_scale` the test set has a say in mean and deviation. On the day of use there is no test set: only training images "
    "may decide.",
    "In `finer` class numbers are averaged: between background (0) and lesion (4) there suddenly is grey matter (2). A class "
    "can be chosen, not computed.",
    "In `mirrored` only one of image and label is mirrored; the network then learns that the left lesion lies on the right.",
    "In `mean_dice` a class that is not there and was not found counts as 1. Nothing was done there, and nothing is to be "
    "averaged.",
)  # fmt: skip


def with_bugs(bugs: Sequence[bool]) -> Callable[[], Five]:
    """The five functions, of which those marked are as the colleague wrote them."""

    def mended() -> Five:
        right = answers.bug_hunt()
        return tuple(as_found[i] if bug else right[i] for i, bug in enumerate(bugs))

    mended.__name__ = "left_" + "_".join(name for name, bug in zip(NAMES, bugs, strict=True) if bug)
    return mended


def sentence_of(bugs: Sequence[bool]) -> str:
    """What is right already, how much is left, and the first thing to mend."""
    right = [f"`{name}`" for name, bug in zip(NAMES, bugs, strict=True) if not bug]
    left = sum(bugs)
    start = f"Right now: {', '.join(right)}. " if right else "All five are still as you found them. "
    return f"{start}{left} left to mend. {FIRST[list(bugs).index(True)]}"


for _bugs in product((True, False), repeat=5):
    if any(_bugs):
        bug_hunt.mistake(sentence_of(_bugs))(with_bugs(_bugs))
