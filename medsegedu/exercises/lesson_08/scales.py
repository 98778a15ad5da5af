"""Exercise 8.1: each contrast to mean 0 and deviation 1 within the head."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.further import agrees, result

normalise = Exercise(
    "08.normalise",
    reference=answers.normalise,
    title="A common scale",
    minutes=10,
    difficulty=2,
    hints=(
        "`image[:, mask]` has the shape (C, pixels of the mask): of each contrast, the pixels within the head in one row. "
        "Which axis do you average over?",
        "The means have the shape (C,), the image (C, H, W) or (C, D, H, W). Append as many axes of length 1 as the mask has: "
        "`mean.view(-1, *[1] * mask.ndim)`.",
        "A contrast is constant where `inside.amin(1) == inside.amax(1)`. Divide it by infinity, and it is 0: "
        "`deviation.masked_fill(constant, torch.inf)`. The last step multiplies by the mask.",
    ),
    after="Any unit, any number of axes, and a constant contrast too. The next cell doubles the brightness of a scan.",
)


@normalise.case
def three_contrasts(random: Random) -> tuple[Any, ...]:
    offsets = torch.tensor([3.0, -1.0, 0.5])[:, None, None]
    return offsets + random.tensor(3, 7, 9) * torch.tensor([1.0, 4.0, 0.2])[:, None, None], random.mask(7, 9, share=0.6)


@normalise.case
def in_thousands(random: Random) -> tuple[Any, ...]:
    return 2000 + 700 * random.tensor(2, 8, 5), random.mask(8, 5, share=0.5)


@normalise.case
def one_contrast_in_double_precision(random: Random) -> tuple[Any, ...]:
    return 5 + 3 * random.tensor(1, 6, 11).double(), random.mask(6, 11, share=0.7)


NAN = (
    "A contrast that is the same everywhere in the head has deviation 0, and 0 / 0 is NaN: a network that meets one NaN never "
    "recovers. Where the highest value of the head equals the lowest (`amin`, `amax`), the result is 0."
)
ROUNDED = (
    "A contrast that is 7.7 everywhere in the head should come out as zeros; yours does not. The mean of many times 7.7 is "
    "rounded, so a crumb is left when you subtract it, and the deviation is a crumb too, not 0: their quotient is noise of full "
    "size. Do not ask the deviation whether a contrast is constant, ask the pixels: is the highest equal to the lowest?"
)
BESIDE = (
    "Two contrasts, and one of them is the same everywhere: that one should come out as zeros, and the other as always. Yours do "
    "not. Decide for each contrast by itself."
)
HEAD = (
    "A contrast that is the same everywhere in the head, but not in the air, should come out as zeros too. Ask the pixels of the "
    "mask whether it is constant, `image[:, mask]`, not the whole image."
)
UNIT = (
    "The same scan in a unit a million times larger, so with numbers a million times smaller, comes out otherwise. A number "
    "such as the 1e-6 of `clamp(min=1e-6)` or the 0.05 of `> 0.05` has a unit itself. Nothing but a constant contrast needs help."
)
VOLUME = (
    "Slices come out right, a volume (C, D, H, W) does not: `[:, None, None]` appends two axes, and a volume has three. Append "
    "as many as the mask has: `.view(-1, *[1] * mask.ndim)`."
)


def right_so_far(attempt: Callable[..., Any], random: Random) -> bool:
    return agrees(attempt, answers.normalise, 2 + random.tensor(2, 6, 8), random.mask(6, 8, share=0.6))


@normalise.behaviour
def constant_in_the_head(attempt: Callable[..., Any], random: Random) -> str | None:
    if not right_so_far(attempt, random):
        return None
    image, mask = 4 * random.tensor(2, 40, 50), random.mask(40, 50, share=0.5)
    image[0] = 3.0
    mine = result(attempt, image, mask)
    if mine is not None and mine.isnan().any():
        return NAN
    if not agrees(attempt, answers.normalise, image, mask):
        return BESIDE
    image[0, ~mask] = 4.0
    if not agrees(attempt, answers.normalise, image, mask):
        return HEAD
    values = (7.7, 0.1, 0.3, 1400.7, 123456.7)  # several, and alone: which of them a deviation rounds to 0 is luck
    constants = [torch.full((1, 40, 50), value) for value in values]
    return None if all(agrees(attempt, answers.normalise, one, mask) for one in constants) else ROUNDED


@normalise.behaviour
def any_unit(attempt: Callable[..., Any], random: Random) -> str | None:
    image, mask = 2 + random.tensor(2, 7, 9), random.mask(7, 9, share=0.6)
    wrong = right_so_far(attempt, random) and not agrees(attempt, answers.normalise, image * 2**-20, mask)
    return UNIT if wrong else None


@normalise.behaviour
def a_volume(attempt: Callable[..., Any], random: Random) -> str | None:
    image, mask = 1 + random.tensor(2, 4, 5, 6), random.mask(4, 5, 6, share=0.4)
    wrong = right_so_far(attempt, random) and not agrees(attempt, answers.normalise, image, mask)
    return VOLUME if wrong else None


def scaled(image: Tensor, mask: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Subtract, divide, and set the outside to 0, with numbers (C,) or (1,)."""
    each = (-1, *[1] * mask.ndim)
    return (image - mean.view(each)) / deviation.clamp(min=1e-6).view(each) * mask


@normalise.mistake(
    "You took mean and deviation over the whole image, air included. How much air there is depends on how the scan was cut, "
    "and the same brain would get other numbers. Take only the pixels of the mask: `image[:, mask]`."
)
def air_counted(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image.flatten(1).mean(1), image.flatten(1).std(1))


@normalise.mistake(
    "You set the outside to zero first, and then took mean and deviation over all pixels: the zeros count too, and draw the "
    "mean to them. Take only the pixels of the mask: `image[:, mask]`."
)
def zeros_counted(image: Tensor, mask: Tensor) -> Tensor:
    rest = (image * mask).flatten(1)
    return scaled(image, mask, rest.mean(1), rest.std(1))


@normalise.mistake(
    "You used one mean and one deviation for all contrasts together. T1 and T2 have units of their own; if one is in "
    "thousands, the other becomes a flat line. Average over the pixels, and keep the axis of the contrasts."
)
def contrasts_together(image: Tensor, mask: Tensor) -> Tensor:
    inside = image[:, mask]
    return scaled(image, mask, inside.mean()[None], inside.std()[None])


@normalise.mistake(
    "You averaged over the contrasts, at each pixel. That takes away what they have in common, which is most of the anatomy. "
    "Average over the pixels (dimension 1 of `image[:, mask]`), for each contrast by itself."
)
def averaged_over_the_contrasts(image: Tensor, mask: Tensor) -> Tensor:
    return (image - image.mean(0)) / image.std(0, correction=0).clamp(min=1e-6) * mask


@normalise.mistake(
    "Inside the head all is right, but outside it there is still something: air, scaled like tissue. Multiply by the mask at "
    "the end, so that outside means exactly 0."
)
def outside_kept(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, torch.ones_like(mask), image[:, mask].mean(1), image[:, mask].std(1))


@normalise.mistake("You kept the air and set the head to zero: the mask is upside down. It is True inside the head.")
def mask_upside_down(image: Tensor, mask: Tensor) -> Tensor:
    return answers.normalise(image, ~mask)
