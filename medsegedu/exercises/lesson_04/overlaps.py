"""Exercise 4.1: one minus a soft Dice, the loss that asks for overlap."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_04 import answers
from medsegedu.losses import dice_loss

EPS = 1e-5  # what is added above and below, so that the fraction is defined


def _reference(logits: Tensor, label: Tensor) -> Tensor:
    """The core's Dice loss, with the formula as it stands for absent classes too."""
    return dice_loss(logits, label, empty="smooth", eps=EPS)


soft_dice = Exercise(
    "04.soft_dice",
    reference=_reference,
    shown=answers.soft_dice,
    title="Soft Dice",
    minutes=12,
    difficulty=2,
    hints=(
        "Two maps of the same shape (N, C, H, W) are all you need: what the network claims, and what is true. Which function "
        "makes probabilities of scores, and along which axis?",
        "`F.one_hot(label, C)` gives (N, H, W, C). Bring the last axis to place 1. Then sum over the pixels only, axes 2 and "
        "3: what is left is one number for each sample and class, (N, C).",
        "`1 - (2 * both + 1e-5) / (claimed + true + 1e-5)` is (N, C). Cut off class 0 with `[:, 1:]`, then `.mean()`.",
    ),
    after="Right, and the gradient is right too. The next cell sets the background trap.",
    gradients=True,
    rtol=1e-3,
)


@soft_dice.case
def two_classes(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 2, 7, 5), random.integers(0, 2, 2, 7, 5)


@soft_dice.case
def four_classes(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 4, 6, 9), random.integers(0, 4, 3, 6, 9)


@soft_dice.case
def a_large_and_a_small_lesion(random: Random) -> tuple[Any, ...]:
    label = torch.zeros(2, 11, 8, dtype=torch.int64)
    label[0, 2:9, 1:7], label[1, 4, 3] = 1, 1
    return 3 * random.tensor(2, 2, 11, 8), label


@soft_dice.case
def a_class_is_absent(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 5, 6), random.integers(0, 2, 2, 5, 6)  # nothing of class 2


@soft_dice.case
def neither_there_nor_claimed(random: Random) -> tuple[Any, ...]:
    logits = random.tensor(2, 3, 6, 7)
    logits[:, 2] = -200  # a probability of 0
    return logits, random.integers(0, 2, 2, 6, 7)


@soft_dice.case
def in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 4, 7).double(), random.integers(0, 3, 2, 4, 7)


@soft_dice.case
def one_pixel_in_a_large_image(random: Random) -> tuple[Any, ...]:
    logits, label = random.tensor(2, 3, 83, 61), torch.zeros(2, 83, 61, dtype=torch.int64)
    logits[:, 0] += 9  # the others claim about a pixel in all
    label[0, 40, 17], label[1, 12, 55] = 1, 2
    logits[0, 1, 40, 17] += 9
    return logits, label


@soft_dice.case
def next_to_nothing_claimed(random: Random) -> tuple[Any, ...]:
    logits = random.tensor(2, 3, 6, 7)
    logits[:, 2] = -5.5  # some hundredths of a pixel in all
    return logits, random.integers(0, 2, 2, 6, 7)


def maps(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities and truth, both (N, C, H, W), as they should be."""
    return torch.softmax(logits, 1), F.one_hot(label, logits.shape[1]).movedim(-1, 1).to(logits.dtype)


def by_class(p: Tensor, t: Tensor, axes: tuple[int, ...] = (2, 3), eps: float = EPS) -> Tensor:
    """1 - Dice for each sample and class, as it should be."""
    return 1 - (2 * (p * t).sum(axes) + eps) / (p.sum(axes) + t.sum(axes) + eps)


def _wrong(name: str, sentence: str, formula: Callable[[Tensor, Tensor, Tensor], Any]) -> None:
    """Add a mistake: `formula(probabilities, truth, logits)`."""

    def attempt(logits: Tensor, label: Tensor) -> Any:
        return formula(*maps(logits, label), logits)

    attempt.__name__ = name
    soft_dice.mistake(sentence)(attempt)


_wrong(
    "background_counted",
    "You counted the background as a class. It fills nearly the whole image and is nearly always right, so it makes every loss "
    "look small. Leave class 0 out before you average: `loss[:, 1:]`.",
    lambda p, t, logits: by_class(p, t).mean(),
)
_wrong(
    "only_the_background",
    "You kept class 0 and dropped the others: `[:, 0]` or `[:, :1]` is the background. The classes that we look for begin at "
    "1: `[:, 1:]`.",
    lambda p, t, logits: by_class(p, t)[:, 0].mean(),
)
_wrong(
    "last_class_left_out",
    "You left out the last class instead of the first. The background is class 0: `loss[:, 1:]`, not `loss[:, :-1]`.",
    lambda p, t, logits: by_class(p, t)[:, :-1].mean(),
)
_wrong(
    "over_the_batch",
    "You summed over the samples too (axis 0), so the batch counts as one large image, and a large lesion in one sample hides a "
    "missed one in another. Sum over axes 2 and 3 only, then average.",
    lambda p, t, logits: by_class(p, t, (0, 2, 3))[1:].mean(),
)
_wrong(
    "all_classes_in_one",
    "You summed over the classes as well, so they share one Dice, and the largest decides. One Dice for each sample and class, "
    "then the mean of these.",
    lambda p, t, logits: by_class(p[:, 1:], t[:, 1:], (1, 2, 3)).mean(),
)
_wrong(
    "rows_kept",
    "You summed over one spatial axis only, and averaged a Dice for each row or column. Most rows hold no lesion at all: sum "
    "over both axes, `(2, 3)`.",
    lambda p, t, logits: by_class(p, t, (3,))[:, 1:].mean(),
)
_wrong(
    "sigmoid",
    "You used a sigmoid on each score by itself. Then the classes of one pixel do not add up to 1, and only differences of "
    "scores mean anything here. Use `torch.softmax(logits, dim=1)`.",
    lambda p, t, logits: by_class(torch.sigmoid(logits), t)[:, 1:].mean(),
)
_wrong(
    "scores_taken_as_they_are",
    "You put the scores into the formula without a softmax. They may be negative or above 1, so your loss can leave the range "
    "from 0 to 1. First `torch.softmax(logits, dim=1)`.",
    lambda p, t, logits: by_class(logits, t)[:, 1:].mean(),
)
_wrong(
    "softmax_twice",
    "You took the softmax of a softmax. It trains, but never becomes sure: no probability of two classes can then exceed 0.73. "
    "Once is enough.",
    lambda p, t, logits: by_class(torch.softmax(p, 1), t)[:, 1:].mean(),
)
_wrong(
    "softmax_over_rows",
    "Your softmax runs along a spatial axis: the pixels of a column compete with each other. The classes must compete, and they "
    "are axis 1: `torch.softmax(logits, dim=1)`.",
    lambda p, t, logits: by_class(torch.softmax(logits, 2), t)[:, 1:].mean(),
)
_wrong(
    "decided_first",
    "You took the `argmax` first. The value is a true Dice, but a decision does not change when the scores change a little, so "
    "its gradient is zero and nothing would ever be learned. Keep the probabilities.",
    lambda p, t, logits: by_class(F.one_hot(logits.argmax(1), t.shape[1]).movedim(-1, 1).to(t), t)[:, 1:].mean(),
)
_wrong(
    "detached",
    "The number is right, but it is cut off from the network (`detach`, `.item()`, `no_grad` or NumPy): no gradient flows back. "
    "Stay with tensors to the end.",
    lambda p, t, logits: by_class(p, t)[:, 1:].mean().detach(),
)
_wrong(
    "dice_itself",
    "This is the Dice, and training makes a loss *small*: your network would learn to miss everything. Return one minus it.",
    lambda p, t, logits: (1 - by_class(p, t))[:, 1:].mean(),
)
_wrong(
    "factor_two_forgotten",
    "The factor 2 is missing: a perfect answer should cost 0, and costs 0.5 with you. The overlap lies in both maps, so it "
    "counts twice.",
    lambda p, t, logits: (1 - ((p * t).sum((2, 3)) + EPS) / (p.sum((2, 3)) + t.sum((2, 3)) + EPS))[:, 1:].mean(),
)
_wrong(
    "intersection_over_union",
    "You divided by the union: this is the soft IoU loss. It ranks answers alike, but Dice divides by the sum of both sizes.",
    lambda p, t, logits: (
        1 - ((p * t).sum((2, 3)) + EPS) / (p.sum((2, 3)) + t.sum((2, 3)) - (p * t).sum((2, 3)) + EPS)
    )[:, 1:].mean(),
)  # fmt: skip
_wrong(
    "no_mean",
    "You return a loss for each sample and class. Training needs a single number: take the `.mean()` of them.",
    lambda p, t, logits: by_class(p, t)[:, 1:],
)
_wrong(
    "sum_for_mean",
    "You added the losses up. With more classes or a larger batch the loss, and so each step, would grow: take the mean.",
    lambda p, t, logits: by_class(p, t)[:, 1:].sum(),
)
