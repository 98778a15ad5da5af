"""Exercise 2.3: the weights with which a deconvolution interpolates."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.layers import bilinear_kernel as reference

bilinear_kernel = Exercise(
    "02.bilinear_kernel",
    reference=reference,
    title="A tent for every score",
    minutes=12,
    difficulty=3,
    hints=(
        "Begin with one axis and factor 2, where the row must be .25 .75 .75 .25. Where is its centre, if the four values "
        "stand at 0, 1, 2 and 3?",
        "The row is `1 - (torch.arange(size) - centre).abs() / factor` with `centre = (size - 1) / 2`: a tent that falls to "
        "zero at the distance `factor`.",
        "Two axes: `row[:, None] * row`. Then fill `torch.zeros(channels, channels, size, size)` where both channels are "
        "the same: `weight[c, c] = ...`.",
    ),
    after="Right, odd factors too. The next cell draws your kernel, and enlarges a map with it.",
)


@bilinear_kernel.case
def doubling(random: Random) -> tuple[Any, ...]:
    return 3, 2


@bilinear_kernel.case
def an_odd_factor(random: Random) -> tuple[Any, ...]:
    return 2, 3


@bilinear_kernel.case
def one_channel_eight_times(random: Random) -> tuple[Any, ...]:
    return 1, 8


@bilinear_kernel.case
def no_enlargement(random: Random) -> tuple[Any, ...]:
    return 4, 1


def _spread(kernel: Tensor, channels: int) -> Tensor:
    """The same 2D kernel for each channel, none for a mix of two: (size, size) -> (channels, channels, size, size)."""
    weight = torch.zeros(channels, channels, *kernel.shape)
    for c in range(channels):
        weight[c, c] = kernel
    return weight


def _row(factor: int, size: int | None = None, centre: float | None = None, slope: float | None = None) -> Tensor:
    size = 2 * factor - factor % 2 if size is None else size
    centre = (size - 1) / 2 if centre is None else centre
    return 1 - (torch.arange(size) - centre).abs() / (factor if slope is None else slope)


def _made(row: Callable[[int], Tensor]) -> Callable[[int, int], Tensor]:
    def kernel(channels: int, factor: int) -> Tensor:
        return _spread(row(factor)[:, None] * row(factor), channels)

    return kernel


@bilinear_kernel.mistake(
    "Your kernel mixes the channels: each score is spread into the maps of all classes. Enlarging must not turn white matter "
    "into a bit of everything: fill only `weight[c, c]`."
)
def channels_mixed(channels: int, factor: int) -> Tensor:
    kernel = _row(factor)[:, None] * _row(factor)
    return kernel.expand(channels, channels, *kernel.shape).clone()


@bilinear_kernel.mistake(
    "You filled the first channel alone; all others would come out as zero. Each channel has its own place on the diagonal: "
    "`weight[c, c]` for every c."
)
def first_channel_only(channels: int, factor: int) -> Tensor:
    weight = torch.zeros_like(reference(channels, factor))
    weight[0, 0] = reference(1, factor)[0, 0]
    return weight


@bilinear_kernel.mistake(
    "Your kernel has shape (channels, 1, size, size), as for `groups=channels`. Our deconvolution has no groups, so that "
    "training may mix classes later: (channels, channels, size, size), zero off the diagonal."
)
def one_input_channel(channels: int, factor: int) -> Tensor:
    kernel = _row(factor)[:, None] * _row(factor)
    return kernel.expand(channels, 1, *kernel.shape).clone()


@bilinear_kernel.mistake(
    "Your size is always `2 * factor`. For an odd factor the tent stands on a pixel and not between two: it has one value "
    "less, `2 * factor - factor % 2`, or the result lies half a pixel off."
)
def always_an_even_size(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f, size=2 * f))(channels, factor)


@bilinear_kernel.mistake(
    "Your tent is not in the middle: the centre of the places 0 to size - 1 is `(size - 1) / 2`, not `size / 2`. Every enlarged "
    "map would be shifted by half a pixel."
)
def off_centre(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f, centre=(2 * f - f % 2) / 2))(channels, factor)


@bilinear_kernel.mistake(
    "Your tent falls to zero at the distance `size / 2`. For even factors that is `factor`; for odd ones it is half a pixel "
    "too steep, and a constant map comes out wavy. Divide by `factor`."
)
def too_steep_when_odd(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f, slope=(2 * f - f % 2) / 2))(channels, factor)


@bilinear_kernel.mistake(
    "Your outermost values are zero: the tent should reach zero one step *outside* the kernel, at the distance `factor` from "
    "its centre. Divide by `factor`, not by the centre."
)
def zeros_at_the_ends(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f, slope=(2 * f - f % 2 - 1) / 2))(channels, factor)


@bilinear_kernel.mistake(
    "You scaled the kernel so that it adds up to 1. With stride `factor` each output pixel gets only a part of the weights, "
    "and *that part* must add up to 1; yours makes every map `factor`² times too faint. Leave the tent as it is."
)
def summing_to_one(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f) / _row(f).sum())(channels, factor)


@bilinear_kernel.mistake(
    "You stretched the tent so that its highest value is 1. For an even factor no output pixel lies exactly on an input, so "
    "the highest weight is below 1: .75 for factor 2."
)
def peak_of_one(channels: int, factor: int) -> Tensor:
    return _made(lambda f: _row(f) / _row(f).max())(channels, factor)


@bilinear_kernel.mistake(
    "All weights of your kernel are equal. Such a box adds up overlapping blocks; bilinear weights fall off with the "
    "distance from the centre, like a tent."
)
def box(channels: int, factor: int) -> Tensor:
    return _made(lambda f: torch.full((2 * f - f % 2,), 0.5 if f > 1 else 1.0))(channels, factor)


@bilinear_kernel.mistake(
    "A kernel of `factor` x `factor` ones copies each score into a block: that is nearest-neighbour enlargement, with stairs. "
    "A tent is twice as wide, so that neighbours overlap and blend."
)
def nearest(channels: int, factor: int) -> Tensor:
    return _made(lambda f: torch.ones(f))(channels, factor)


@bilinear_kernel.mistake(
    "Your kernel interpolates along one axis and is constant along the other. Bi-linear: multiply a column by a row, "
    "`row[:, None] * row`."
)
def one_axis_only(channels: int, factor: int) -> Tensor:
    row = _row(factor)
    return _spread(row.expand(len(row), -1).clone(), channels)


@bilinear_kernel.mistake(
    "You averaged the two axes. A pixel near in the rows but far in the columns would still weigh much: multiply them, so "
    "that both must be near."
)
def averaged_axes(channels: int, factor: int) -> Tensor:
    row = _row(factor)
    return _spread((row[:, None] + row) / 2, channels)


@bilinear_kernel.mistake(
    "You return the 2D kernel alone. A deconvolution wants weights for every pair of channels: "
    "(channels, channels, size, size), with your kernel on the diagonal."
)
def without_channels(channels: int, factor: int) -> Tensor:
    return _row(factor)[:, None] * _row(factor)
