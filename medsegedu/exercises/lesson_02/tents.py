"""Wrong tents for exercise 2.3: a row of another size, centre, slope or height."""

from collections.abc import Callable

import torch
from torch import Tensor

Row = Callable[[int], Tensor]
Kernel = Callable[[int, int], Tensor]


def spread(kernel: Tensor, channels: int) -> Tensor:
    """The same 2D kernel for each channel, none for a mix of two: (size, size) -> (channels, channels, size, size)."""
    weight = torch.zeros(channels, channels, *kernel.shape)
    for c in range(channels):
        weight[c, c] = kernel
    return weight


def row(factor: int, size: int | None = None, centre: float | None = None, slope: float | None = None) -> Tensor:
    """The tent along one axis, (size,), unless one of its numbers is replaced."""
    size = 2 * factor - factor % 2 if size is None else size
    centre = (size - 1) / 2 if centre is None else centre
    return 1 - (torch.arange(size) - centre).abs() / (factor if slope is None else slope)


def _mirrored(rising: Tensor, factor: int) -> Tensor:
    """A rising half (factor,) and its mirror image, which share their highest value if the factor is odd."""
    return torch.cat([rising, rising.flip(0)[factor % 2 :]])


def _made(tent: Row, name: str) -> Kernel:
    def kernel(channels: int, factor: int) -> Tensor:
        return spread(tent(factor)[:, None] * tent(factor), channels)

    kernel.__name__ = name
    return kernel


_ROWS: dict[str, tuple[Row, str]] = {
    "always_an_even_size": (
        lambda f: row(f, size=2 * f),
        "Your size is always `2 * factor`. For an odd factor the tent stands on a pixel and not between two: it has one value "
        "less, `2 * factor - factor % 2`, or the result lies half a pixel off.",
    ),
    "off_centre": (
        lambda f: row(f, centre=(2 * f - f % 2) / 2),
        "Your tent is not in the middle: the centre of the places 0 to size - 1 is `(size - 1) / 2`, not `size / 2`. Every "
        "enlarged map would be shifted by half a pixel.",
    ),
    "too_steep_when_odd": (
        lambda f: row(f, slope=(2 * f - f % 2) / 2),
        "Your tent falls to zero at the distance `size / 2`. For even factors that is `factor`; for odd ones it is half a "
        "pixel too steep, and a constant map comes out wavy. Divide by `factor`.",
    ),
    "zeros_at_the_ends": (
        lambda f: row(f, slope=(2 * f - f % 2 - 1) / 2),
        "Your outermost values are zero: the tent should reach zero one step *outside* the kernel, at the distance `factor` "
        "from its centre. Divide by `factor`, not by the centre.",
    ),
    "summing_to_one": (
        lambda f: row(f) / row(f).sum(),
        "You scaled the kernel so that it adds up to 1. With stride `factor` each output pixel gets only a part of the "
        "weights, and *that part* must add up to 1; yours makes every map `factor`² times too faint. Leave the tent as it is.",
    ),
    "peak_of_one": (
        lambda f: row(f) / row(f).max(),
        "You stretched the tent so that its highest value is 1. For an even factor no output pixel lies exactly on an input, "
        "so the highest weight is below 1: .75 for factor 2.",
    ),
    "box": (
        lambda f: torch.full((2 * f - f % 2,), 0.5 if f > 1 else 1.0),
        "All weights of your kernel are equal. Such a box adds up overlapping blocks; bilinear weights fall off with the "
        "distance from the centre, like a tent.",
    ),
    "nearest": (
        lambda f: torch.ones(f),
        "A kernel of `factor` x `factor` ones copies each score into a block: that is nearest-neighbour enlargement, with "
        "stairs. A tent is twice as wide, so that neighbours overlap and blend.",
    ),
    "size_halved_as_centre": (
        lambda f: row(f, centre=(2 * f - f % 2) // 2),
        "Your centre is `size // 2`. For odd sizes that is the middle; for even ones the middle lies *between* two places, at "
        "1.5 of 0, 1, 2, 3: `(size - 1) / 2`. With yours, every map that is doubled is shifted by half a pixel.",
    ),
    "centre_rounded_down": (
        lambda f: row(f, centre=(2 * f - f % 2 - 1) // 2),
        "Your centre is rounded down, `(size - 1) // 2`. For even sizes the middle lies *between* two places, at 1.5 of 0, 1, "
        "2, 3: divide with one slash, `(size - 1) / 2`.",
    ),
    "factor_as_centre": (
        lambda f: row(f, centre=f),
        "Your tent stands on the place `factor`. Counted from 0, the middle of `size` places is `(size - 1) / 2`: 1.5 for factor "
        "2 and 2 for factor 3. Every enlarged map would be shifted.",
    ),
    "from_zero_to_zero": (
        lambda f: 1 - torch.linspace(-1, 1, 2 * f - f % 2).abs(),
        "You spread the tent over the kernel with `linspace`, from 0 up to 1 and down to 0, so its ends are zero. It should "
        "reach zero one step *outside*: use `arange` and the distance from the centre, divided by `factor`.",
    ),
    "up_and_down_from_zero": (
        lambda f: _mirrored(torch.linspace(0, 1, f), f),
        "You joined a `linspace` from 0 to 1 with its mirror image. Its ends are zero, and its steps are not 1 / factor: they "
        "are one too few. Use `arange` and the distance from the centre, divided by `factor`.",
    ),
    "whole_steps": (
        lambda f: _mirrored(torch.arange(1, f + 1) / f, f),
        "Your tent climbs in whole steps, 1/factor, 2/factor ... 1. Right for odd factors; an even tent stands *between* two "
        "pixels, so its steps are halves off: .25 .75 .75 .25 for factor 2, not .5 1 1 .5.",
    ),
}

MISTAKES: list[tuple[str, Kernel]] = [(sentence, _made(tent, name)) for name, (tent, sentence) in _ROWS.items()]
"""Each sentence with its wrong answer."""
