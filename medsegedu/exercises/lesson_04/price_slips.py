"""Exercise 4.3: further slips, in counting, settling and handing back, and two at once."""

from collections.abc import Callable

import torch
from torch import Tensor

from medsegedu.exercises.lesson_04.prices import counts, index, settled, tversky


@tversky.mistake(
    "Two things: alpha belongs to the false alarms and beta to the misses, you exchanged them; and where the truth is empty "
    "the loss is to be the mean probability, as in the exercise before."
)
def prices_exchanged_and_absent_forgotten(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    return 1 - index(*counts(probabilities, truth), beta, alpha)


@tversky.mistake(
    "The prices are right, but an empty truth is not settled: let it cost its mean probability, as in the exercise before. And "
    "add 1e-5 above and below, or a class that is neither there nor claimed gives 0 / 0."
)
def absent_forgotten_and_nothing_added(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    return 1 - index(*counts(probabilities, truth), alpha, beta, eps=0)


def _wrong(name: str, sentence: str, formula: Callable[[Tensor, Tensor, float, float], Tensor]) -> None:
    def attempt(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
        return formula(probabilities, truth, alpha, beta)

    attempt.__name__ = name
    tversky.mistake(sentence)(attempt)


def right(p: Tensor, t: Tensor, a: float, b: float) -> Tensor:
    """The loss without the price of absent classes, as it should be."""
    return 1 - index(*counts(p, t), a, b)


def hits_doubled(p: Tensor, t: Tensor, a: float, b: float) -> Tensor:
    """Dice's 2 in both places."""
    hits, alarms, misses = counts(p, t)
    return 1 - index(2 * hits, alarms, misses, a, b)


def neither(p: Tensor, t: Tensor, a: float, b: float) -> Tensor:
    """What is neither claimed nor true, for the misses."""
    return 1 - index(*counts(p, t)[:2], ((1 - p) * (1 - t)).sum((2, 3)), a, b)


def means(p: Tensor, t: Tensor, a: float, b: float) -> Tensor:
    """Means over the pixels, beside the same small number."""
    return 1 - index((p * t).mean((2, 3)), (p * (1 - t)).mean((2, 3)), ((1 - p) * t).mean((2, 3)), a, b)


def priced_as_in_dice(p: Tensor, t: Tensor, a: float, b: float) -> Tensor:
    """All claims and the whole truth priced."""
    return 1 - index(counts(p, t)[0], p.sum((2, 3)), t.sum((2, 3)), a, b)


HITS = (
    "You counted the hits twice, above and below. Dice does, because there the prices are 1 and 1; here hits count once, and "
    "with alpha = beta = 0.5 it *is* the Dice."
)
NEITHER = (
    "For the misses you took `(1 - probabilities) * (1 - truth)`, what is neither claimed nor true, nearly the whole image. A "
    "miss is true and not claimed: `(1 - probabilities) * truth`."
)
MEANS = (
    "You took means over the pixels where the formula has sums. Beside a mean, 1e-5 weighs as much as 1e-5 times all pixels "
    "beside a sum: a missed small lesion becomes cheap in a large image. Count with `.sum`."
)
PRICED = (
    "You priced all claims and the whole truth. The hits are part of both and stand by themselves already: price false alarms, "
    "`probabilities * (1 - truth)`, and misses, `(1 - probabilities) * truth`."
)
FIXED = "You wrote 0.3 and 0.7 into the formula: use `alpha` and `beta`."
SETTLE = "And where the truth is empty, the loss is to be the mean probability, as in the exercise before."

_wrong("hits_doubled", HITS, lambda p, t, a, b: settled(p, t, hits_doubled(p, t, a, b)))
_wrong("neither_for_misses", NEITHER, lambda p, t, a, b: settled(p, t, neither(p, t, a, b)))
_wrong("means_for_sums", MEANS, lambda p, t, a, b: settled(p, t, means(p, t, a, b)))
_wrong("hits_doubled_and_absent_forgotten", f"{HITS} {SETTLE}", hits_doubled)
_wrong("neither_for_misses_and_absent_forgotten", f"{NEITHER} {SETTLE}", neither)
_wrong("means_for_sums_and_absent_forgotten", f"{MEANS} {SETTLE}", means)
_wrong("claims_and_truth_and_absent_forgotten", f"{PRICED} {SETTLE}", priced_as_in_dice)
_wrong("prices_fixed_and_absent_forgotten", f"{FIXED} {SETTLE}", lambda p, t, a, b: right(p, t, 0.3, 0.7))
_wrong(
    "beta_from_alpha_and_absent_forgotten",
    f"Use `beta`, not `1 - alpha`. {SETTLE}",
    lambda p, t, a, b: right(p, t, a, 1 - a),
)
_wrong(
    "averaged_and_absent_forgotten",
    f"You averaged: return the loss of each sample and class, (N, C). {SETTLE}",
    lambda p, t, a, b: right(p, t, a, b).mean(),
)
_wrong(
    "over_the_batch_and_settled",
    "You counted over the samples as well (axis 0), so the batch shares one fraction, and one large lesion hides three missed "
    "ones. Sum over axes 2 and 3, in all three counts.",
    lambda p, t, a, b: settled(p, t, (1 - index(*counts(p, t, (0, 2, 3)), a, b)).expand(p.shape[:2])),
)
_wrong(
    "decided_before_all",
    "You made yes and no of the probabilities before anything else. Then the loss is a staircase without a slope, also where the "
    "truth is empty: nothing would be learned. Count with probabilities.",
    lambda p, t, a, b: settled((p > 0.5).float(), t, right((p > 0.5).float(), t, a, b)),
)
_wrong(
    "asked_of_the_sample",
    "You asked whether the *sample* is empty, over all its classes. One class may be there and another not: decide for each "
    "sample and class, `truth.sum((2, 3)) > 0`.",
    lambda p, t, a, b: torch.where(t.sum((1, 2, 3))[:, None] > 0, right(p, t, a, b), p.mean((2, 3))),
)
_wrong(
    "asked_of_the_whole_batch",
    "You asked whether the *whole* truth is empty. Usually one sample or one class is, and the others are not: decide for each "
    "sample and class, `truth.sum((2, 3)) > 0`.",
    lambda p, t, a, b: right(p, t, a, b) if t.any() else p.mean((2, 3)),
)
_wrong(
    "one_pixel_is_nothing",
    "You took a truth of a single pixel for an empty one, so to miss it costs next to nothing. One pixel is a lesion too, the "
    "smallest there is, and the first to be forgotten: `truth.sum((2, 3)) > 0`.",
    lambda p, t, a, b: torch.where(t.sum((2, 3)) > 1, right(p, t, a, b), p.mean((2, 3))),
)
_wrong(
    "absent_priced_twice",
    "You multiplied the price of an absent class by alpha + beta. The two need not add up to 1, and they have no part in it: it "
    "costs its mean probability, as in the exercise before.",
    lambda p, t, a, b: torch.where(t.sum((2, 3)) > 0, right(p, t, a, b), (a + b) * p.mean((2, 3))),
)
_wrong(
    "prices_divided_by_their_sum",
    "You divided by alpha + beta, so that the prices add up to 1. They need not: with 1 and 1 the loss is that of the IoU. Use "
    "them as they are given.",
    lambda p, t, a, b: settled(p, t, right(p, t, a / (a + b), b / (a + b))),
)
_wrong(
    "mean_over_everything",
    "You took `probabilities.mean()` over everything, one number for all absent classes. Each pays for its own claims: "
    "`probabilities.mean((2, 3))`.",
    lambda p, t, a, b: torch.where(t.sum((2, 3)) > 0, right(p, t, a, b), p.mean()),
)
_wrong(
    "absent_is_free",
    "An absent class costs nothing with you, so in a healthy slice false alarms are free. It costs its mean probability, as in "
    "the exercise before.",
    lambda p, t, a, b: right(p, t, a, b) * (t.sum((2, 3)) > 0),
)
_wrong(
    "smoothed_by_one",
    "You added 1 above and below. Beside a lesion of a single pixel that is no small number: a miss would cost 0.41 (with beta "
    "0.7) and not 1. Add 1e-5, which only keeps the fraction defined.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, b, eps=1.0)),
)
_wrong(
    "smoothed_by_a_hundredth",
    "You added 0.01 above and below. A missed lesion of a single pixel becomes cheaper by it. Add 1e-5, which only keeps the "
    "fraction defined.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, b, eps=0.01)),
)
_wrong(
    "smoothed_by_a_thousandth",
    "You added 0.001 above and below. A single missed pixel becomes cheaper by it, and its slope changes. Add 1e-5, which only "
    "keeps the fraction defined.",
    lambda p, t, a, b: settled(p, t, 1 - index(*counts(p, t), a, b, eps=0.001)),
)


@tversky.mistake(
    "You put (N, C) answers into one `if`, and Python cannot tell whether that is yes or no. Choose entry by entry with "
    "`torch.where(present, loss, instead)`, as in the exercise before."
)
def a_single_if(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    if truth.sum((2, 3)) == 0:
        return probabilities.mean((2, 3))
    return right(probabilities, truth, alpha, beta)
