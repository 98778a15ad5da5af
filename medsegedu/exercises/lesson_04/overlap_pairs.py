"""Exercise 4.1: two mistakes at once, one of them the background that is counted as a class."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_04.overlaps import by_class, maps, soft_dice


def _and_background(name: str, sentence: str, formula: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """Add a pair of mistakes: `formula(probabilities, truth, scores)` gives the loss of all classes, (N, C) or (C,)."""

    def attempt(logits: Tensor, label: Tensor) -> Tensor:
        return formula(*maps(logits, label), logits).mean()

    attempt.__name__ = f"{name}_and_background_counted"
    soft_dice.mistake(f"Two things. {sentence} Then leave out the background: `[:, 1:]` before the mean.")(attempt)


_and_background(
    "scores_taken_as_they_are",
    "You put the scores into the formula: make probabilities of them first, `torch.softmax(logits, dim=1)`.",
    lambda p, t, logits: by_class(logits, t),
)
_and_background(
    "sigmoid",
    "You used a sigmoid on each score by itself: the classes share a pixel, so it is `torch.softmax(logits, dim=1)`.",
    lambda p, t, logits: by_class(torch.sigmoid(logits), t),
)
_and_background(
    "decided_first",
    "You decided first, with `argmax`, and a decision has no slope: put the probabilities into the formula.",
    lambda p, t, logits: by_class(F.one_hot(logits.argmax(1), t.shape[1]).movedim(-1, 1).float(), t.float()),
)
_and_background(
    "over_the_batch",
    "You summed over the samples too, so that the batch counts as one image: sum over axes 2 and 3 only.",
    lambda p, t, logits: by_class(p, t, (0, 2, 3)),
)
_and_background(
    "dice_itself",
    "This is the Dice, which is large when all is well: a loss is one minus it.",
    lambda p, t, logits: 1 - by_class(p, t),
)
_and_background(
    "factor_two_forgotten",
    "The factor 2 above is missing, so that a perfect answer costs 0.5.",
    lambda p, t, logits: 1 - ((p * t).sum((2, 3)) + 1e-5) / (p.sum((2, 3)) + t.sum((2, 3)) + 1e-5),
)
_and_background(
    "nothing_added",
    "Nothing keeps your fraction from 0 / 0: add 1e-5 above and below.",
    lambda p, t, logits: by_class(p, t, eps=0.0),
)
_and_background(
    "means_for_sums",
    "You took means over the pixels where the formula has sums, beside which 1e-5 is no longer small: use `.sum`.",
    lambda p, t, logits: 1 - (2 * (p * t).mean((2, 3)) + 1e-5) / (p.mean((2, 3)) + t.mean((2, 3)) + 1e-5),
)
