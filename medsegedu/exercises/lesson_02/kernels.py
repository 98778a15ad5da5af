"""Exercise 2.3: the weights with which a deconvolution interpolates."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02 import tents
from medsegedu.exercises.lesson_02.tents import row, spread
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
        "How far is each place (`torch.arange(size)`) from that centre? The tent is 1 *at* the centre and loses 1 / factor "
        "with each step away from it. The same line serves odd sizes, if the centre of `size` places is right for both.",
        "Centre: `(size - 1) / 2`. Two axes: `row[:, None] * row`. Then fill `torch.zeros(channels, channels, size, size)` "
        "where both channels are the same: `weight[c, c] = ...`.",
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
def as_the_lesson_needs_it(random: Random) -> tuple[Any, ...]:
    return 5, 32


@bilinear_kernel.case
def a_large_odd_factor(random: Random) -> tuple[Any, ...]:
    return 2, 21


@bilinear_kernel.case
def no_enlargement(random: Random) -> tuple[Any, ...]:
    return 4, 1


@bilinear_kernel.mistake(
    "Your kernel mixes the channels: each score is spread into the maps of all classes. Enlarging must not turn white matter "
    "into a bit of everything: fill only `weight[c, c]`."
)
def channels_mixed(channels: int, factor: int) -> Tensor:
    kernel = row(factor)[:, None] * row(factor)
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
    kernel = row(factor)[:, None] * row(factor)
    return kernel.expand(channels, 1, *kernel.shape).clone()


@bilinear_kernel.mistake(
    "Your kernel interpolates along one axis and is constant along the other. Bi-linear: multiply a column by a row, "
    "`row[:, None] * row`."
)
def one_axis_only(channels: int, factor: int) -> Tensor:
    tent = row(factor)
    return spread(tent.expand(len(tent), -1).clone(), channels)


@bilinear_kernel.mistake(
    "You averaged the two axes. A pixel near in the rows but far in the columns would still weigh much: multiply them, so "
    "that both must be near."
)
def averaged_axes(channels: int, factor: int) -> Tensor:
    tent = row(factor)
    return spread((tent[:, None] + tent) / 2, channels)


@bilinear_kernel.mistake(
    "You return the 2D kernel alone. A deconvolution wants weights for every pair of channels: "
    "(channels, channels, size, size), with your kernel on the diagonal."
)
def without_channels(channels: int, factor: int) -> Tensor:
    return row(factor)[:, None] * row(factor)


@bilinear_kernel.mistake(
    "Your kernel is a cone: it falls with the straight distance from the centre, so its lines of equal weight are circles. "
    "Bilinear means one tent along the rows *times* one along the columns: `row[:, None] * row`."
)
def cone(channels: int, factor: int) -> Tensor:
    far = 1 - row(factor)  # (size,): the distance along one axis, in factors
    return spread((1 - (far[:, None] ** 2 + far**2).sqrt()).clamp(min=0), channels)


@bilinear_kernel.mistake(
    "Your kernel is a pyramid: at each place you take the smaller one of the two tents (or the larger distance). They are "
    "multiplied: `row[:, None] * row`, so that the corner of factor 2 is .25 x .25 = .0625."
)
def pyramid(channels: int, factor: int) -> Tensor:
    return spread(torch.minimum(row(factor)[:, None], row(factor)), channels)


@bilinear_kernel.mistake(
    "You add the two distances before you take them from 1: a pyramid that stands on its corner. Bilinear means one tent along "
    "the rows *times* one along the columns: `row[:, None] * row`."
)
def distances_added(channels: int, factor: int) -> Tensor:
    return spread((row(factor)[:, None] + row(factor) - 1).clamp(min=0), channels)


for _sentence, _wrong in tents.MISTAKES:
    bilinear_kernel.mistake(_sentence)(_wrong)
