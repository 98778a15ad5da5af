"""A wrong formula makes two wrong answers: with the case of two empty masks looked after, and without."""

from collections.abc import Callable

import numpy as np

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
