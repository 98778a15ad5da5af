"""Exercise 8.5: the law of another scanner."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers

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
        "`exponent` is (N, C): append axes of length 1. And a channel that is zero throughout has no range: "
        "`.clamp(min=1e-6)` keeps 0 / 0 away.",
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
def a_channel_that_is_missing(random: Random) -> tuple[Any, ...]:
    image = random.tensor(2, 2, 5, 4)
    image[1, 0] = 0.0
    return image, torch.tensor([[2.0, 0.5], [0.7, 1.6]])


@gamma_law.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return 2 + random.tensor(2, 2, 3, 5, 4).double(), 0.5 + random.tensor(2, 2).abs().double()


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


@gamma_law.mistake(
    "You took the range of the whole batch. What a patient's image becomes then depends on who else is in the batch. "
    "Each channel of each patient has its own range: keep the first two axes."
)
def range_of_the_batch(image: Tensor, exponent: Tensor) -> Tensor:
    return bent(image, shaped(exponent, image), image.min(), image.max())


@gamma_law.mistake(
    "You took one range for all contrasts of a patient. They are scans with laws of their own: keep the axis of the "
    "channels too, `amin` over the axes from 2 on."
)
def range_of_the_patient(image: Tensor, exponent: Tensor) -> Tensor:
    space = tuple(range(1, image.ndim))
    return bent(image, shaped(exponent, image), image.amin(space, keepdim=True), image.amax(space, keepdim=True))


@gamma_law.mistake(
    "The law is right, but the result lies between 0 and 1: it was not brought back. A network that knows normalised "
    "images would see a washed-out one. Multiply by the range and add the lowest value."
)
def not_brought_back(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = own_range(image)
    return ((image - low) / (high - low).clamp(min=1e-6)) ** shaped(exponent, image)


@gamma_law.mistake(
    "On the way back you multiplied by the range, but did not add the lowest value: the image is shifted. What was "
    "the darkest pixel must be as dark as before."
)
def lowest_not_added(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = own_range(image)
    return ((image - low) / (high - low).clamp(min=1e-6)) ** shaped(exponent, image) * (high - low)


@gamma_law.mistake(
    "On the way back you multiplied by the highest value instead of the range, highest minus lowest. The brightest "
    "pixel must come out as bright as it was."
)
def multiplied_by_the_highest(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = own_range(image)
    return low + ((image - low) / (high - low).clamp(min=1e-6)) ** shaped(exponent, image) * high


@gamma_law.mistake(
    "You used 1 / exponent, the law of a screen that undoes a camera's. Here an exponent above 1 makes the middle "
    "darker: `** exponent`."
)
def one_over_the_exponent(image: Tensor, exponent: Tensor) -> Tensor:
    return bent(image, 1 / shaped(exponent, image), *own_range(image))


@gamma_law.mistake(
    "You multiplied by the exponent. That is another gain, a straight line, and normalising undoes it completely. The "
    "law of this exercise bends: `**`."
)
def multiplied(image: Tensor, exponent: Tensor) -> Tensor:
    low, _ = own_range(image)
    return low + (image - low) * shaped(exponent, image)


@gamma_law.mistake(
    "A channel that is missing is zero throughout: highest minus lowest is 0, and 0 / 0 is NaN. Keep the divisor "
    "above zero: `.clamp(min=1e-6)`."
)
def empty_channel(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = own_range(image)
    return low + ((image - low) / (high - low)) ** shaped(exponent, image) * (high - low)


@gamma_law.mistake(
    "You gave all contrasts of a patient the exponent of the first. T1 and FLAIR are scanned one after the other, "
    "each with a law of its own: `exponent` has a column for each."
)
def one_exponent_a_patient(image: Tensor, exponent: Tensor) -> Tensor:
    return bent(image, shaped(exponent[:, :1], image), *own_range(image))


@gamma_law.mistake(
    "You used one exponent for the whole batch. Each patient has a row in `exponent`; the more laws a batch shows, "
    "the better."
)
def one_exponent_a_batch(image: Tensor, exponent: Tensor) -> Tensor:
    return bent(image, exponent[0, 0], *own_range(image))


@gamma_law.mistake(
    "You changed the images that you were given: a second epoch would bend them again, and a third once more. Compute "
    "a new tensor, without `-=`, `/=` or `[:] =`."
)
def in_place(image: Tensor, exponent: Tensor) -> Tensor:
    return image.copy_(answers.gamma_law(image, exponent))


@gamma_law.mistake(
    "That works for slices only: you looked for the range over two axes, (2, 3), and a volume has three. Use all axes "
    "from 2 on: `tuple(range(2, image.ndim))`."
)
def slices_only(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = image.amin((2, 3), keepdim=True), image.amax((2, 3), keepdim=True)
    return bent(image, shaped(exponent, image), low, high)
