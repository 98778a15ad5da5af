"""Exercise 8.5: the law of another scanner."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.further import agrees, result

gamma_law = Exercise(
    "08.gamma_law",
    reference=answers.gamma_law,
    title="The law of another scanner",
    minutes=10,
    difficulty=2,
    hints=(
        "A power leaves 0 and 1 where they are and bends what lies between. So first bring each channel to 0..1, and in "
        "the end back to where it was.",
        "`image.amin(space, keepdim=True)`, where `space` is all axes from 2 on: `tuple(range(2, image.ndim))`. Each "
        "channel of each patient has its own lowest and highest value.",
        "`exponent` is (N, C): append axes of length 1. And a channel that is the same everywhere has no range: "
        "`(high - low).masked_fill(high == low, 1)` keeps 0 / 0 away.",
    ),
    after="Below zero, in volumes and in empty channels too. The next cell turns the law like a knob.",
)


@gamma_law.case
def normalised_slices(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 6, 5), 0.4 + 2 * random.tensor(2, 3).abs()


@gamma_law.case
def far_from_zero(random: Random) -> tuple[Any, ...]:
    return 400 + 30 * random.tensor(3, 1, 4, 7), torch.tensor([[0.5], [1.0], [2.5]])


@gamma_law.case
def slices_in_double_precision(random: Random) -> tuple[Any, ...]:
    return 2 + random.tensor(2, 2, 5, 4).double(), 0.5 + random.tensor(2, 2).abs().double()


def right_so_far(attempt: Callable[..., Any], random: Random) -> bool:
    return agrees(attempt, answers.gamma_law, random.tensor(2, 2, 4, 5), torch.tensor([[0.5, 1.2], [2.0, 0.8]]))


@gamma_law.behaviour
def a_constant_channel(attempt: Callable[..., Any], random: Random) -> str | None:
    if not right_so_far(attempt, random):
        return None
    image, exponent = random.tensor(2, 2, 5, 4), torch.tensor([[2.0, 0.5], [0.7, 1.6]])
    for value in (0.0, 3.0, -0.7):
        image[1, 0] = value
        mine = result(attempt, image, exponent)
        if mine is not None and mine.isnan().any():
            return (
                f"A channel that is {value:g} throughout has highest minus lowest 0, and 0 / 0 is NaN. Ask whether the highest "
                "equals the lowest (not whether all is zero), and leave such a channel as it is."
            )
        if not agrees(attempt, answers.gamma_law, image, exponent):
            return (
                f"A channel that is {value:g} throughout does not come out as it was. If a NaN arises and is replaced by 0 "
                "(`nan_to_num`), the lowest value is lost with it: keep 0 / 0 away before, where the highest equals the lowest."
            )
    return None


@gamma_law.behaviour
def a_small_range(attempt: Callable[..., Any], random: Random) -> str | None:
    image, exponent = 5 * random.tensor(2, 2, 4, 6), torch.tensor([[2.0, 0.5], [0.7, 1.6]])
    mine, wanted = result(attempt, image / 10_000, exponent), answers.gamma_law(image, exponent)
    if right_so_far(attempt, random) and (mine is None or not torch.allclose(10_000 * mine, wanted, atol=0.02)):
        return (
            "The same image in another unit, with numbers ten thousand times smaller, gets another law. A number such as "
            "the 0.5 of `clamp(min=0.5)` has a unit itself. Only a range of 0 needs help."
        )
    return None


@gamma_law.behaviour
def volumes(attempt: Callable[..., Any], random: Random) -> str | None:
    image, exponent = 2 + random.tensor(2, 2, 3, 5, 4), 0.5 + random.tensor(2, 2).abs()
    if right_so_far(attempt, random) and not agrees(attempt, answers.gamma_law, image, exponent):
        return (
            "Slices come out right, volumes do not: the range is over all axes from 2 on, `tuple(range(2, image.ndim))`, and "
            "`exponent` needs as many axes as the image has: `.view(*exponent.shape, *[1] * (image.ndim - 2))`."
        )
    return None


def bent(image: Tensor, power: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The law with an exponent and a range that can be broadcast to the image."""
    return low + ((image - low) / (high - low).clamp(min=1e-6)) ** power * (high - low)


def space_of(image: Tensor) -> tuple[int, ...]:
    return tuple(range(2, image.ndim))


def own_range(image: Tensor) -> tuple[Tensor, Tensor]:
    space = space_of(image)
    return image.amin(space, keepdim=True), image.amax(space, keepdim=True)


def shaped(exponent: Tensor, image: Tensor) -> Tensor:
    return exponent.view(*exponent.shape, *[1] * (image.ndim - 2))


@gamma_law.mistake(
    "You raised the image as it is. A normalised image is negative in half of its places, and a negative number to "
    "the power 0.5 is NaN. Bring each channel to 0..1 first, and back afterwards."
)
def raised_as_it_is(image: Tensor, exponent: Tensor) -> Tensor:
    return image ** shaped(exponent, image)


@gamma_law.mistake(
    "You raised the distance from zero and kept the sign. There is no NaN, but zero is the mean of the head: dark and "
    "bright tissue move apart or together in mirror image, which no scanner does. Use the range: lowest value 0, "
    "highest 1."
)
def sign_kept(image: Tensor, exponent: Tensor) -> Tensor:
    return image.sign() * image.abs() ** shaped(exponent, image)


@gamma_law.mistake(
    "You cut off all that is negative before the power. In a normalised image that is every tissue darker than the "
    "mean, gone in one black. Shift instead of cutting: subtract the lowest value."
)
def negative_cut_off(image: Tensor, exponent: Tensor) -> Tensor:
    return image.clamp(min=0) ** shaped(exponent, image)


@gamma_law.mistake(
    "You divided by the highest value without subtracting the lowest. The negative half of a normalised image is "
    "still negative, and its power NaN. Take the whole range: `(image - low) / (high - low)`."
)
def highest_only(image: Tensor, exponent: Tensor) -> Tensor:
    high = image.amax(space_of(image), keepdim=True)
    return (image / high) ** shaped(exponent, image) * high
