"""Exercise 8.1: each contrast to mean 0 and deviation 1 within the head."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers

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
        "A contrast that is constant has deviation 0: `.clamp(min=1e-6)` before you divide. And the last step multiplies by "
        "the mask.",
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
def a_volume(random: Random) -> tuple[Any, ...]:
    return 1 + random.tensor(2, 4, 5, 6), random.mask(4, 5, 6, share=0.4)


@normalise.case
def one_contrast_in_double_precision(random: Random) -> tuple[Any, ...]:
    return 5 + 3 * random.tensor(1, 6, 11).double(), random.mask(6, 11, share=0.7)


@normalise.case
def a_contrast_that_is_constant(random: Random) -> tuple[Any, ...]:
    image = random.tensor(2, 9, 6)
    image[1] = 3.0
    return image, random.mask(9, 6, share=0.6)


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


@normalise.mistake(
    "You divided by the variance. It is the square of the deviation, so a scan in twice the unit would become half as wide: "
    "divide by the deviation, `std`."
)
def variance(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image[:, mask].mean(1), image[:, mask].var(1))


@normalise.mistake(
    "You subtracted the mean and stopped. The scans now agree in their middle, but a scan in twice the unit is still twice as "
    "wide: divide by the deviation."
)
def not_divided(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image[:, mask].mean(1), torch.ones(1))


@normalise.mistake(
    "You divided by the deviation, but the mean is still in there. Subtract it first: mean 0 is what makes 0 a fair value for "
    "everything that is missing."
)
def not_subtracted(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, torch.zeros(1), image[:, mask].std(1))


@normalise.mistake(
    "You divided first and subtracted the mean of the image as it was before. The brackets are missing: `(image - mean) / "
    "deviation`."
)
def brackets_forgotten(image: Tensor, mask: Tensor) -> Tensor:
    each = (-1, *[1] * mask.ndim)
    inside = image[:, mask]
    return (image / inside.std(1).clamp(min=1e-6).view(each) - inside.mean(1).view(each)) * mask


@normalise.mistake(
    "You stretched between the darkest and the brightest pixel. Two pixels then decide for all: one bright vessel, and the "
    "brain is dark. Use mean and deviation, to which every pixel contributes."
)
def darkest_to_brightest(image: Tensor, mask: Tensor) -> Tensor:
    inside = image[:, mask]
    return scaled(image, mask, inside.amin(1), inside.amax(1) - inside.amin(1))


@normalise.mistake(
    "You subtracted the median. It is a good choice too, less moved by a few bright pixels, but this exercise wants the mean, "
    "so that 0 is the average of the head."
)
def median(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image[:, mask].median(1).values, image[:, mask].std(1))


@normalise.mistake(
    "A contrast that is the same everywhere has deviation 0, and 0 / 0 is NaN: a network that meets one NaN never recovers. "
    "Keep the deviation above zero: `.clamp(min=1e-6)`."
)
def zero_deviation(image: Tensor, mask: Tensor) -> Tensor:
    each, inside = (-1, *[1] * mask.ndim), image[:, mask]
    return (image - inside.mean(1).view(each)) / inside.std(1).view(each) * mask


@normalise.mistake(
    "You took the deviation with `correction=0` (NumPy's way: divide by n). In a head of thousands of pixels nobody sees it, "
    "but the check does: use torch's `std` as it is, which divides by n - 1."
)
def divided_by_n(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image[:, mask].mean(1), image[:, mask].std(1, correction=0))


@normalise.mistake(
    "You changed the image that you were given: the caller's scan is no longer what the scanner wrote. `-=` and `/=` write into "
    "it; compute a new tensor with `image - mean`."
)
def in_place(image: Tensor, mask: Tensor) -> Tensor:
    result = answers.normalise(image, mask)
    image.copy_(result)
    return image


@normalise.mistake(
    "You returned the pixels of the mask alone, as rows. Use `image[:, mask]` only to find mean and deviation, and apply them "
    "to the image in its own shape."
)
def only_the_inside(image: Tensor, mask: Tensor) -> Tensor:
    inside = image[:, mask]
    return (inside - inside.mean(1, keepdim=True)) / inside.std(1, keepdim=True).clamp(min=1e-6)


@normalise.mistake(
    "That works for slices only: `[:, None, None]` appends two axes, and a volume has three. Append as many as the mask has: "
    "`.view(-1, *[1] * mask.ndim)`."
)
def slices_only(image: Tensor, mask: Tensor) -> Tensor:
    inside = image[:, mask]
    return (image - inside.mean(1)[:, None, None]) / inside.std(1).clamp(min=1e-6)[:, None, None] * mask
