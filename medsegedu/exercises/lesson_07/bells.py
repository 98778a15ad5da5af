"""Exercise 7.4: further ways to make a window's weights wrongly."""

from collections.abc import Callable, Sequence
from math import pi, sqrt

import torch
from torch import Tensor

from medsegedu.exercises.lesson_07.windows import bells, gaussian_window, product


def with_sigmas(size: Sequence[int], sigma: Callable[[int], float]) -> Tensor:
    """The window as it should be, but for its sigmas."""
    distances = [(torch.arange(n) - (n - 1) / 2) / torch.tensor(float(sigma(n))) for n in size]
    return product([torch.exp(-0.5 * distance**2) for distance in distances]).clamp(min=1e-3)


@gaussian_window.mistake(
    "Your sigma is `n // 8`, a whole number: for an axis of less than 8 voxels that is 0, and you divide by it. A sigma may be "
    "a fraction: `n / 8`."
)
def sigma_rounded_down(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: n // 8)


@gaussian_window.mistake(
    "Your sigma is at least 1 (`max(1, n // 8)` or the like). It is a distance and may be smaller than a voxel: `n / 8`, as "
    "it comes out."
)
def sigma_at_least_one(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: max(1, n / 8))


@gaussian_window.mistake(
    "Your sigma is a whole number, at least 1 (`max(1, n // 8)`). It is a distance and may be a fraction: `n / 8`, without "
    "rounding."
)
def sigma_whole_and_at_least_one(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: max(1, n // 8))


@gaussian_window.mistake(
    "You rounded sigma to a whole number. It is a distance and may be a fraction: `n / 8` as it comes out."
)
def sigma_rounded(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: round(n / 8))


@gaussian_window.mistake(
    "You rounded sigma, to at least 1 (`max(1, round(n / 8))`). It is a distance and may be a fraction: `n / 8` as it comes."
)
def sigma_rounded_and_at_least_one(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: max(1, round(n / 8)))


@gaussian_window.mistake(
    "Your sigma is a quarter of each axis, twice what is asked for. Divide the size by 8: `n / 8`."
)
def sigma_a_quarter(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: n / 4)


@gaussian_window.mistake(
    "Your sigma is an eighth of the distance between the first and the last voxel, `(n - 1) / 8`. It is an eighth of the "
    "size: `n / 8`."
)
def sigma_from_the_last_index(size: Sequence[int]) -> Tensor:
    return with_sigmas(size, lambda n: (n - 1) / 8)


@gaussian_window.mistake(
    "You divided by the sum before you raised the small weights, as for a blur. The blend will be divided by the sum of "
    "all windows at each voxel later on; leave the bell as it is, about 1 in the middle, and end with the clamp."
)
def sum_of_one_then_clamped(size: Sequence[int]) -> Tensor:
    bell = product(bells(size))
    return (bell / bell.sum()).clamp(min=1e-3)


@gaussian_window.mistake(
    "You divided by the largest weight. Where an axis is even, the exact middle lies between two voxels, and no voxel reaches "
    "1: that is right. Leave the bell as it is."
)
def largest_is_one(size: Sequence[int]) -> Tensor:
    bell = product(bells(size))
    return (bell / bell.max()).clamp(min=1e-3)


@gaussian_window.mistake(
    "You raised the small weights and then divided by the largest. Where an axis is even, the exact middle lies between two "
    "voxels, and no voxel reaches 1: that is right. Leave out the division."
)
def largest_is_one_at_last(size: Sequence[int]) -> Tensor:
    weight = product(bells(size)).clamp(min=1e-3)
    return weight / weight.max()


@gaussian_window.mistake(
    "You put 0 where the weight is under 0.001. A corner of the volume lies in a single window's corner: there you would divide "
    "0 by 0. Raise those weights to 0.001: `.clamp(min=0.001)`."
)
def small_weights_to_zero(size: Sequence[int]) -> Tensor:
    weight = product(bells(size))
    return torch.where(weight < 1e-3, 0.0, weight)


@gaussian_window.mistake(
    "You divided by sigma * sqrt(2 pi), so that the bell's area is 1, as in statistics. Here its peak is 1: the exponential "
    "alone."
)
def area_of_one(size: Sequence[int]) -> Tensor:
    return product([bell / (n / 8 * sqrt(2 * pi)) for bell, n in zip(bells(size), size, strict=True)]).clamp(min=1e-3)


@gaussian_window.mistake(
    "You took the distance to the centre of the window, in voxels, with one bell for it (a ball): `n / 8` of which axis? "
    "Divide each axis's distance by its own sigma first, or multiply one bell for each axis."
)
def ball(size: Sequence[int]) -> Tensor:
    places = torch.meshgrid(*[torch.arange(n) - (n - 1) / 2 for n in size], indexing="ij")
    squared = torch.stack([place**2 for place in places]).sum(0)
    return torch.exp(-0.5 * squared / (sum(size) / len(size) / 8) ** 2).clamp(min=1e-3)


@gaussian_window.mistake(
    "You wrote one, two and three axes out by hand, and more of them fail or come out flat. Multiply one bell at a time, in a "
    "loop, and there is no limit: `weight = weight[..., None] * bell`."
)
def up_to_three_axes(size: Sequence[int]) -> Tensor:
    first, *others = bells(size)
    if len(size) == 1:
        weight = first
    elif len(size) == 2:
        weight = first[:, None] * others[0]
    else:
        weight = first[:, None, None] * others[0][:, None] * others[1]
    return weight.clamp(min=1e-3)


@gaussian_window.mistake(
    "Your weights are right along each axis, but the axes come out in reversed order. Each new axis goes behind the others: "
    "`weight[..., None] * bell`, in the order of `size`."
)
def axes_reversed(size: Sequence[int]) -> Tensor:
    return gaussian_window.reference(size[::-1])


@gaussian_window.mistake(
    "All your weights are the same. The middle, where the network has seen all surroundings, should count most: a Gaussian "
    "of the distance from the middle."
)
def all_ones(size: Sequence[int]) -> Tensor:
    return torch.ones(tuple(size))
