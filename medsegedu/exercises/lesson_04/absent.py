"""Exercise 4.2: what a class costs that is not there."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_04 import answers
from medsegedu.exercises.lesson_04.overlaps import EPS, by_class
from medsegedu.losses.overlap import measure


def _reference(probabilities: Tensor, truth: Tensor) -> Tensor:
    """What the core's `dice_loss` averages."""
    sums = measure(probabilities, truth, torch.ones_like(truth[:, :1]), "sample")
    return sums.settle(1 - (2 * sums.both + EPS) / (sums.claimed + sums.true + EPS))


empty_masks = Exercise(
    "04.empty_masks",
    reference=_reference,
    shown=answers.empty_masks,
    title="The price of nothing",
    minutes=10,
    difficulty=2,
    hints=(
        "Compute the Dice loss of all samples and classes first, (N, C), as in the exercise before. Then replace some.",
        "Which ones? Those where the truth has no pixel: `truth.sum((2, 3)) > 0` is (N, C) and says which are present.",
        "`torch.where(present, loss, instead)` picks from two tensors of one shape; `instead` is `probabilities.mean((2, 3))`.",
    ),
    after="Now a false alarm in a healthy slice has a price, and a gradient that leads out of it. Look at the next figure.",
    gradients=True,
    rtol=1e-3,
    call=lambda attempt, probabilities, truth: attempt(probabilities, truth.detach()),
)
"""The truth is data: no gradient is asked of it."""


def _case(random: Random, *shape: int, absent: tuple[tuple[int, int], ...], share: float = 0.3) -> tuple[Any, ...]:
    truth = random.mask(*shape, share=share).float()
    for sample, class_ in absent:
        truth[sample, class_] = 0
    return torch.sigmoid(2 * random.tensor(*shape)), truth


@empty_masks.case
def one_of_two_is_empty(random: Random) -> tuple[Any, ...]:
    return _case(random, 2, 1, 6, 7, absent=((1, 0),))


@empty_masks.case
def a_class_is_absent_in_some_samples(random: Random) -> tuple[Any, ...]:
    return _case(random, 3, 2, 5, 8, absent=((0, 1), (2, 0)))


@empty_masks.case
def all_are_present(random: Random) -> tuple[Any, ...]:
    return _case(random, 2, 3, 9, 5, absent=())


@empty_masks.case
def nothing_in_any_sample(random: Random) -> tuple[Any, ...]:
    return _case(random, 3, 1, 4, 7, absent=((0, 0), (1, 0), (2, 0)))


@empty_masks.case
def one_true_pixel(random: Random) -> tuple[Any, ...]:
    probabilities, truth = _case(random, 2, 2, 7, 6, absent=((0, 0), (0, 1), (1, 0), (1, 1)))
    truth[0, 1, 3, 2] = truth[1, 0, 6, 5] = 1
    return probabilities, truth


@empty_masks.case
def nothing_true_and_nothing_claimed(random: Random) -> tuple[Any, ...]:
    probabilities, truth = _case(random, 2, 2, 5, 5, absent=((0, 1), (1, 1)))
    probabilities[0, 1] = 0
    return probabilities, truth


@empty_masks.case
def one_pixel_in_a_large_image(random: Random) -> tuple[Any, ...]:
    probabilities, truth = torch.sigmoid(random.tensor(2, 2, 83, 61) - 9), torch.zeros(2, 2, 83, 61)
    truth[0, 0, 40, 17] = truth[1, 1, 12, 55] = 1
    probabilities[1, 1, 12, 55] = 0.3
    return probabilities, truth


def present(truth: Tensor) -> Tensor:
    """Which samples hold which classes, (N, C), as it should be."""
    return truth.sum((2, 3)) > 0


@empty_masks.mistake(
    "An absent class costs as much as the formula says, nearly 1, whatever the network claims beyond a few millionths of a "
    "pixel. A false alarm of one pixel and one of the whole slice cost the same, so nothing pulls it down. Replace these entries."
)
def formula_as_it_stands(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth)


@empty_masks.mistake(
    "An absent class costs nothing with you, so in a healthy slice false alarms are free. A widespread library does the same. "
    "Let it cost the mean probability that is claimed in vain."
)
def absent_is_free(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth) * present(truth)


@empty_masks.mistake(
    "An absent class costs 1 with you, even if the network rightly says that it is not there. A constant has no gradient either: "
    "the network can't learn to be silent. Take the mean probability."
)
def absent_costs_one(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), torch.ones(()).to(truth))


@empty_masks.mistake(
    "You charge an absent class the *sum* of its probabilities: hundreds of pixels' worth, where every other loss is at most 1. "
    "Take the mean over the pixels."
)
def sum_for_mean(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), probabilities.sum((2, 3)))


@empty_masks.mistake(
    "You charge an absent class its *largest* probability. That looks at a single pixel of the slice, and only that pixel "
    "learns. Take the mean over all pixels, so that each false alarm hears of it."
)
def largest_for_mean(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), probabilities.amax((2, 3)))


@empty_masks.mistake(
    "You exchanged the last two arguments of `torch.where(condition, a, b)`: it takes `a` where the condition is true. So "
    "the classes that are there cost their mean probability, and the absent ones the formula."
)
def branches_exchanged(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), probabilities.mean((2, 3)), by_class(probabilities, truth))


@empty_masks.mistake(
    "You asked whether the *whole* truth is empty. Usually one sample or one class is, and the others are not: decide for "
    "each sample and class, `truth.sum((2, 3)) > 0`, which is (N, C)."
)
def asked_of_the_whole_batch(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth) if truth.any() else probabilities.mean((2, 3))


@empty_masks.mistake(
    "You asked whether a class is absent in the whole batch, so a healthy sample beside a sick one is not found out. Sum over "
    "the pixels alone, axes 2 and 3, not over axis 0."
)
def asked_over_the_samples(probabilities: Tensor, truth: Tensor) -> Tensor:
    somewhere = (truth.sum((0, 2, 3)) > 0).expand(truth.shape[:2])
    return torch.where(somewhere, by_class(probabilities, truth), probabilities.mean((2, 3)))


@empty_masks.mistake(
    "You asked whether the *prediction* is empty. Probabilities are never quite 0, so that hardly ever happens; it is the truth "
    "that decides whether there is anything to find."
)
def asked_the_prediction(probabilities: Tensor, truth: Tensor) -> Tensor:
    claims = probabilities.round().sum((2, 3)) > 0
    return torch.where(claims, by_class(probabilities, truth), probabilities.mean((2, 3)))


@empty_masks.mistake(
    "You replaced each sample that lacks *one* class, with all its other classes. Decide for each entry of (N, C) by itself."
)
def whole_sample_replaced(probabilities: Tensor, truth: Tensor) -> Tensor:
    complete = present(truth).all(1, keepdim=True).expand(truth.shape[:2])
    return torch.where(complete, by_class(probabilities, truth), probabilities.mean((2, 3)))


@empty_masks.mistake(
    "Right, but averaged. Return one loss for each sample and class, (N, C): the next exercise needs them apart, and "
    "`.mean()` is for later."
)
def averaged(probabilities: Tensor, truth: Tensor) -> Tensor:
    return _reference(probabilities, truth).mean()


@empty_masks.mistake(
    "You left the empty ones out and averaged the others. Then false alarms in a healthy slice are free again, and a batch of "
    "healthy slices has no mean at all (nan). Every sample and class gets a price, (N, C)."
)
def left_out(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth)[present(truth)].mean()


@empty_masks.mistake(
    "You took a mask with fewer than two pixels for an empty one. One pixel is a lesion too, the smallest there is, and the "
    "first to be forgotten: `truth.sum((2, 3)) > 0`."
)
def one_pixel_is_nothing(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(truth.sum((2, 3)) > 1, by_class(probabilities, truth), probabilities.mean((2, 3)))


@empty_masks.mistake(
    "Without the 1e-5 an empty truth with an empty claim makes 0 / 0, and `torch.where` does not help: it hides the nan from the "
    "value, not from the gradient, and one such slice turns every weight into nan. Keep 1e-5 above and below."
)
def zero_by_zero(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth, eps=0), probabilities.mean((2, 3)))
