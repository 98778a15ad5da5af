"""Exercise 4.3: a Dice in which a miss and a false alarm have prices of their own."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_04 import answers
from medsegedu.exercises.lesson_04.absent import present
from medsegedu.exercises.lesson_04.overlaps import EPS
from medsegedu.losses.overlap import measure
from medsegedu.losses.tversky import tversky_by_class


def _reference(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    """What the core's `tversky_loss` averages."""
    sums = measure(probabilities, truth, torch.ones_like(truth[:, :1]), "sample")
    return sums.settle(tversky_by_class(sums, alpha, beta, EPS))


tversky = Exercise(
    "04.tversky",
    reference=_reference,
    shown=answers.tversky,
    title="Two prices",
    minutes=10,
    difficulty=2,
    hints=(
        "Three soft counts, each (N, C): hits are claimed and true, false alarms are claimed and not true, misses are true and "
        "not claimed.",
        "What is not true is `1 - truth`; what is not claimed is `1 - probabilities`. Alpha is the price of the alarms, beta "
        "of the misses.",
        "`1 - (hits + 1e-5) / (hits + alpha * alarms + beta * misses + 1e-5)`, and for what is absent the mean probability, as "
        "in the exercise before.",
    ),
    after="The next figure shows what the two prices do to a lesion that is drawn too large or too small.",
    gradients=True,
    rtol=1e-3,
    call=lambda attempt, probabilities, truth, alpha, beta: attempt(probabilities, truth.detach(), alpha, beta),
)
"""The truth is data: no gradient is asked of it."""


@tversky.case
def misses_are_dear(random: Random) -> tuple[Any, ...]:
    return torch.sigmoid(2 * random.tensor(2, 1, 6, 9)), random.mask(2, 1, 6, 9).float(), 0.3, 0.7


@tversky.case
def alarms_are_dear(random: Random) -> tuple[Any, ...]:
    return torch.sigmoid(random.tensor(3, 2, 5, 4)), random.mask(3, 2, 5, 4, share=0.5).float(), 0.9, 0.2


@tversky.case
def equal_prices(random: Random) -> tuple[Any, ...]:
    return torch.sigmoid(random.tensor(1, 3, 8, 7)), random.mask(1, 3, 8, 7, share=0.1).float(), 0.5, 0.5


@tversky.case
def prices_above_one(random: Random) -> tuple[Any, ...]:
    return torch.sigmoid(3 * random.tensor(2, 2, 7, 7)), random.mask(2, 2, 7, 7, share=0.2).float(), 1.0, 2.0


@tversky.case
def some_are_absent(random: Random) -> tuple[Any, ...]:
    truth = random.mask(3, 2, 6, 5).float()
    truth[0, 1] = truth[2] = 0
    return torch.sigmoid(random.tensor(3, 2, 6, 5)), truth, 0.3, 0.7


@tversky.case
def nothing_true_and_nothing_claimed(random: Random) -> tuple[Any, ...]:
    truth, probabilities = random.mask(2, 2, 5, 6).float(), torch.sigmoid(random.tensor(2, 2, 5, 6))
    truth[1, 0] = probabilities[1, 0] = 0
    return probabilities, truth, 0.4, 0.6


@tversky.case
def one_pixel_in_a_large_image(random: Random) -> tuple[Any, ...]:
    probabilities, truth = torch.sigmoid(random.tensor(2, 2, 83, 61) - 9), torch.zeros(2, 2, 83, 61)
    truth[0, 0, 40, 17] = truth[1, 1, 12, 55] = 1
    probabilities[1, 1, 12, 55] = 0.3
    return probabilities, truth, 0.4, 0.9


@tversky.case
def nothing_in_any_sample(random: Random) -> tuple[Any, ...]:
    return torch.sigmoid(random.tensor(2, 2, 4, 7)), torch.zeros(2, 2, 4, 7), 0.6, 0.7


@tversky.case
def absent_and_prices_that_are_no_parts(random: Random) -> tuple[Any, ...]:
    truth = random.mask(2, 3, 6, 5).float()
    truth[0, 1] = truth[1, 0] = 0
    return torch.sigmoid(random.tensor(2, 3, 6, 5)), truth, 0.8, 1.5


def counts(p: Tensor, t: Tensor, axes: tuple[int, ...] = (2, 3)) -> tuple[Tensor, Tensor, Tensor]:
    """(hits, alarms, misses), as they should be."""
    return (p * t).sum(axes), (p * (1 - t)).sum(axes), ((1 - p) * t).sum(axes)


def index(hits: Tensor, alarms: Tensor, misses: Tensor, alpha: float, beta: float, eps: float = EPS) -> Tensor:
    """The Tversky index, as it should be."""
    return (hits + eps) / (hits + alpha * alarms + beta * misses + eps)


def settled(p: Tensor, t: Tensor, loss: Tensor) -> Tensor:
    """The price of absent classes, as it should be."""
    return torch.where(present(t), loss, p.mean((2, 3)))


def _wrong(name: str, sentence: str, formula: Callable[[Tensor, Tensor, float, float], Any]) -> None:
    def attempt(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Any:
        return formula(probabilities, truth, alpha, beta)

    attempt.__name__ = name
    tversky.mistake(sentence)(attempt)


_wrong(
    "prices_exchanged",
    "You exchanged the prices: alpha belongs to the false alarms, beta to the misses. (Papers differ here, and so do libraries; "
    "always look it up, since no error will tell you.)",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), b, a)),
)
_wrong(
    "prices_fixed",
    "You wrote 0.3 and 0.7 into the formula. Use `alpha` and `beta`, so that they can be chosen.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), 0.3, 0.7)),
)
_wrong(
    "beta_from_alpha",
    "You took `1 - alpha` for beta. Often the two add up to 1, but they need not: with 1 and 1 the loss is that of the IoU. Use "
    "`beta`.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, 1 - a)),
)
_wrong(
    "hits_twice",
    "You counted the hits twice above, as in Dice. Here they count once, above and below: with alpha = beta = 0.5 that *is* the "
    "Dice, since both sides of the fraction are halved.",
    lambda p, t, a, b: settled(
        p, t, 1 - (2 * counts(p, t)[0] + EPS) / (counts(p, t)[0] + a * counts(p, t)[1] + b * counts(p, t)[2] + EPS)
    ),
)
_wrong(
    "claims_for_alarms",
    "You priced all that is claimed, where only false alarms have a price: of the claims, those that are not true, "
    "`probabilities * (1 - truth)`.",
    lambda p, t, a, b: settled(p, t, 1 - index(counts(p, t)[0], p.sum((2, 3)), counts(p, t)[2], a, b)),
)
_wrong(
    "truth_for_misses",
    "You priced all that is true, where only misses have a price: of the truth, what is not claimed, "
    "`(1 - probabilities) * truth`.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t)[:2], t.sum((2, 3)), a, b)),
)
_wrong(
    "claims_and_truth",
    "You priced all claims and the whole truth, as Dice's denominator does. There the hits are part of both; here they already "
    "stand by themselves. Price only what is wrong: false alarms and misses.",
    lambda p, t, a, b: settled(p, t, 1 - index(counts(p, t)[0], p.sum((2, 3)), t.sum((2, 3)), a, b)),
)
_wrong(
    "index_itself",
    "This is the Tversky index, which is high when all is well. A loss must be small then: return one minus it.",
    lambda p, t, a, b: settled(p, t, index(*counts(p, t), a, b)),
)
_wrong(
    "over_the_batch",
    "You summed over the samples as well, so the batch counts as one image. Sum over axes 2 and 3: one loss for each sample "
    "and class.",
    lambda p, t, a, b: 1 - index(*counts(p, t, (0, 2, 3)), a, b),
)
_wrong(
    "absent_forgotten",
    "Right where something is there. Where the truth is empty your loss is nearly 1 for any claim: let it cost the mean "
    "probability, as in the exercise before.",
    lambda p, t, a, b: 1 - index(*counts(p, t), a, b),
)
_wrong(
    "absent_priced",
    "You multiplied the price of an absent class by alpha. Sensible, but not what was asked: there it costs its mean probability "
    "whatever alpha is, so that a small alpha does not set false alarms free.",
    lambda p, t, a, b: torch.where(present(t), 1 - index(*counts(p, t), a, b), a * p.mean((2, 3))),
)
_wrong(
    "decided_first",
    "You rounded the probabilities to yes and no before counting. Then the loss is a staircase without a gradient: nothing would "
    "be learned. Count with probabilities.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p.round(), t), a, b)),
)
_wrong(
    "averaged",
    "Right, but averaged. Return a loss for each sample and class, (N, C); `.mean()` is for whoever trains with it.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, b)).mean(),
)
_wrong(
    "zero_by_zero",
    "Without the 1e-5 an empty truth that nobody claims makes 0 / 0. `torch.where` hides the nan from the value, but not from "
    "the gradient. Add 1e-5 above and below.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, b, eps=0)),
)
