"""What the exercises on Dice and IoU share: cases that tell measures apart, and wrong formulas."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00.answers import Mask

EMPTY_TOO = "Besides, two empty masks make it 0 / 0: both empty is perfect, return 1.0 for it."


def twice(exercise: Exercise, name: str, sentence: str, formula: Callable[[Mask, Mask], float]) -> None:
    """Add the mistake `name`, which gives two empty masks 1, and `name`_and_no_empty_case, which divides by zero.

    The second is what a student writes first, so it must be known too: a mistake is recognised only as a whole.
    """

    def bare(prediction: Mask, label: Mask) -> float:
        with np.errstate(all="ignore"):
            return float(formula(prediction, label))

    def guarded(prediction: Mask, label: Mask) -> float:
        value = bare(prediction, label)
        if prediction.any() or label.any():
            return 0.0 if np.isnan(value) else value
        return 1.0

    guarded.__name__, bare.__name__ = name, f"{name}_and_no_empty_case"
    exercise.mistake(sentence)(guarded)
    exercise.mistake(f"{sentence} {EMPTY_TOO}")(bare)


def few_pixels(exercise: Exercise) -> None:
    """Add cases in which a shortcut shows: the same size elsewhere, single pixels, and a value that rounding spoils."""

    @exercise.case
    def the_same_size_elsewhere(random: Random) -> tuple[Any, ...]:
        label = random.mask(9, 10, share=0.4).numpy()
        return np.roll(label, (1, 2), axis=(0, 1)), label

    @exercise.case
    def one_pixel_each_and_not_the_same(random: Random) -> tuple[Any, ...]:
        return _only(5, 6, (1, 4)), _only(5, 6, (3, 2))

    @exercise.case
    def one_pixel_claimed(random: Random) -> tuple[Any, ...]:
        return _only(4, 7, (2, 5)), np.zeros((4, 7), bool)

    @exercise.case
    def one_pixel_missed(random: Random) -> tuple[Any, ...]:
        return np.zeros((7, 4), bool), _only(7, 4, (5, 2))

    @exercise.case
    def two_large_masks_that_hardly_touch(random: Random) -> tuple[Any, ...]:
        prediction, label = np.zeros((61, 47), bool), np.zeros((61, 47), bool)
        prediction[:33, :25], label[32:, 24:] = True, True  # 825 and 667 pixels, one in common
        return prediction, label


def _only(rows: int, columns: int, place: tuple[int, int]) -> Mask:
    mask = np.zeros((rows, columns), bool)
    mask[place] = True
    return mask
