"""Wrong answers to exercise 8.1: the wrong formula, and what happens to special contrasts."""

import torch
from torch import Tensor

from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.scales import normalise, scaled


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
    "You divide by the deviation as it is. Of a contrast that is the same everywhere in the head it is 0, and 0 / 0 is NaN: a "
    "network that meets one NaN never recovers. Where the highest value of the head equals the lowest, the result is 0."
)
def zero_deviation(image: Tensor, mask: Tensor) -> Tensor:
    each, inside = (-1, *[1] * mask.ndim), image[:, mask]
    return (image - inside.mean(1).view(each)) / inside.std(1).view(each) * mask


@normalise.mistake(
    "You trust the deviation of a constant contrast to be 0 (`std > 0`, `nan_to_num`, a tiny `clamp`). On paper it is; but a "
    "mean is rounded: of many times 7.7 a crumb is left, the deviation is a crumb too, and crumb / crumb is about 1. Ask the "
    "pixels: is the highest equal to the lowest (`amin`, `amax`)?"
)
def asked_the_deviation(image: Tensor, mask: Tensor) -> Tensor:
    each, inside = (-1, *[1] * mask.ndim), image[:, mask]
    deviation = inside.std(1).view(each)
    return torch.where(deviation > 0, (image - inside.mean(1).view(each)) / deviation, 0) * mask


@normalise.mistake(
    "A small number (`.clamp(min=1e-6)`, `+ 1e-6`) keeps NaN away, but no more. The mean of many times 7.7 is rounded, by about "
    "1e-6, and 1e-6 / 1e-6 is 1: noise where zeros should be. Ask the pixels whether a contrast is constant: is the highest "
    "equal to the lowest (`amin`, `amax`)?"
)
def deviation_clamped(image: Tensor, mask: Tensor) -> Tensor:
    return scaled(image, mask, image[:, mask].mean(1), image[:, mask].std(1))


@normalise.mistake(
    "You ask the whole image whether it is constant. A contrast may be the same everywhere in the head while the air around it "
    "is noisy, and then you divide 0 by 0. Ask the pixels of the mask: is the highest equal to the lowest?"
)
def asked_the_whole_image(image: Tensor, mask: Tensor) -> Tensor:
    each, inside, all_of_it = (-1, *[1] * mask.ndim), image[:, mask], image.flatten(1)
    constant = all_of_it.amin(1) == all_of_it.amax(1)
    deviation = inside.std(1).masked_fill(constant, torch.inf)
    return (image - inside.mean(1).view(each)) / deviation.view(each) * mask


@normalise.mistake(
    "That works for slices only: `[:, None, None]` appends two axes, and a volume has three. Append as many as the mask has: "
    "`.view(-1, *[1] * mask.ndim)`."
)
def slices_only(image: Tensor, mask: Tensor) -> Tensor:
    inside = image[:, mask]
    deviation = inside.std(1).masked_fill(inside.amin(1) == inside.amax(1), torch.inf)
    return (image - inside.mean(1)[:, None, None]) / deviation[:, None, None] * mask
