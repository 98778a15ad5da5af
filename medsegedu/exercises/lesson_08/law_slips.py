"""Wrong answers to exercise 8.5: whose range, the way back, and whose exponent."""

import torch
from torch import Tensor

from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.laws import bent, gamma_law, own_range, shaped, space_of


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


@gamma_law.mistake(
    "You took the range of each contrast over the whole batch. What a patient's image becomes then depends on who else is in "
    "the batch. Each channel of each patient has its own range: `amin` over the axes from 2 on, without axis 0."
)
def range_of_the_contrast_in_the_batch(image: Tensor, exponent: Tensor) -> Tensor:
    axes = (0, *space_of(image))
    return bent(image, shaped(exponent, image), image.amin(axes, keepdim=True), image.amax(axes, keepdim=True))


@gamma_law.mistake(
    "You gave all patients the exponents of the first (`exponent[0]`). Each patient has a row in `exponent`: keep both axes, and "
    "append as many of length 1 as the image has behind its channels."
)
def exponents_of_the_first_patient(image: Tensor, exponent: Tensor) -> Tensor:
    return bent(image, shaped(exponent[:1], image), *own_range(image))


@gamma_law.mistake(
    "Two things. First the range: each channel of each patient has its own, and you took that of the whole batch. Then the way "
    "back: the result lies between 0 and 1; multiply by the range and add the lowest value."
)
def range_of_the_batch_not_brought_back(image: Tensor, exponent: Tensor) -> Tensor:
    return ((image - image.min()) / (image.max() - image.min())) ** shaped(exponent, image)


@gamma_law.mistake(
    "Two things. First the range: subtract the lowest value too, as a normalised image is negative in half of its places and a "
    "negative number has no power 0.5. Then bring the result back: multiply by the range and add the lowest value."
)
def highest_only_not_brought_back(image: Tensor, exponent: Tensor) -> Tensor:
    return (image / image.amax(space_of(image), keepdim=True)) ** shaped(exponent, image)


@gamma_law.mistake(
    "You raised the values without their sign: what was darkest is bright now. There is no NaN, but the image is folded at 0. "
    "Bring each channel to 0..1 by its lowest and highest value, and back afterwards."
)
def sign_dropped(image: Tensor, exponent: Tensor) -> Tensor:
    return image.abs() ** shaped(exponent, image)


@gamma_law.mistake(
    "The NaN of a missing channel (0 / 0) is replaced by `nan_to_num`, and so is the lowest value of a channel that is 3 "
    "throughout. Keep 0 / 0 away before it arises: where the highest equals the lowest, divide by 1."
)
def nan_replaced(image: Tensor, exponent: Tensor) -> Tensor:
    low, high = own_range(image)
    return torch.nan_to_num(low + ((image - low) / (high - low)) ** shaped(exponent, image) * (high - low))
