"""Exercise 3.1: the block that every level of the U repeats."""

from typing import Any

from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_03.filled import does_not_learn, used
from medsegedu.layers import ConvBlock


def _use(attempt: Any, in_channels: int, out_channels: int, image: Tensor) -> dict[str, Any]:
    return used(attempt(in_channels, out_channels), image)  # an idle bias shows in the parameters alone


conv_block = Exercise(
    "03.conv_block",
    reference=ConvBlock,
    title="The block",
    minutes=8,
    difficulty=1,
    hints=(
        "Six layers in a row: three kinds, each twice. Which of the two convolutions sees `in_channels`?",
        "A 3x3 kernel takes one pixel from each border. How much padding gives it back?",
        "The first half is `nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)`, `nn.BatchNorm2d(...)`, "
        "`nn.ReLU()`. The second half starts from `out_channels`.",
    ),
    after="Run the next cell to see what a block makes of a brain before it has learned anything.",
    gradients=True,
    call=_use,
)


@conv_block.case
def more_channels_out(random: Random) -> tuple[Any, ...]:
    return 3, 5, random.tensor(4, 3, 9, 7)


@conv_block.case
def as_many_channels_out_as_in(random: Random) -> tuple[Any, ...]:
    return 4, 4, random.tensor(2, 4, 6, 11)


@conv_block.case
def fewer_channels_out(random: Random) -> tuple[Any, ...]:
    return 6, 2, 3 * random.tensor(3, 6, 5, 5)


@conv_block.behaviour
def every_weight_learns(attempt: Any, random: Random) -> str | None:
    return does_not_learn(attempt(3, 4), random.tensor(2, 3, 8, 8))


def half(inputs: int, outputs: int, padding: int = 1, bias: bool = False) -> list[nn.Module]:
    """Convolution, normalisation, ReLU: half a block."""
    return [nn.Conv2d(inputs, outputs, 3, padding=padding, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU()]


@conv_block.mistake(
    "That is one convolution; the block has two. Two 3x3 kernels in a row see 5x5 pixels, with a ReLU between them that one "
    "larger kernel would not have. Add the second half."
)
def one_convolution(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels))


@conv_block.mistake(
    "Your map lost 4 pixels along each axis: without padding each 3x3 convolution eats one pixel on every side. The paper "
    "does that, this block does not: give both convolutions `padding=1`."
)
def no_padding(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels, 0), *half(out_channels, out_channels, 0))


@conv_block.mistake(
    "Only your first convolution is padded: the second still eats one pixel on every side, 2 along each axis. Give both "
    "`padding=1`."
)
def one_padding_forgotten(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels), *half(out_channels, out_channels, 0))


@conv_block.mistake(
    "Your second convolution expects `in_channels` again, but it gets what the first one made: `out_channels`. That goes "
    "well only where the two are equal."
)
def second_reads_in_channels(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels), *half(in_channels, out_channels))


@conv_block.mistake(
    "The last ReLU is missing: your block returns negative values too, so the next convolution follows directly on this "
    "normalisation, and two linear steps in a row are one. Each convolution gets its own ReLU."
)
def last_relu_missing(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels), *half(out_channels, out_channels)[:2])


@conv_block.mistake(
    "There is no ReLU in your block. Without one two convolutions collapse into a single linear filter, however many you "
    "stack. Put a ReLU behind each normalisation."
)
def no_relu(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels)[:2], *half(out_channels, out_channels)[:2])


@conv_block.mistake(
    "You normalise behind the ReLU. Here the order is convolution, normalisation, ReLU: centring first lets the ReLU "
    "cut at a sensible place, about half of the values, and the block's output is never negative."
)
def norm_behind_relu(in_channels: int, out_channels: int) -> nn.Module:
    halves = half(in_channels, out_channels), half(out_channels, out_channels)
    return nn.Sequential(*(layer for convolution, norm, relu in halves for layer in (convolution, relu, norm)))


@conv_block.mistake(
    "Your block does not normalise. That is the paper's block of 2015, but it is hard to train: put `nn.BatchNorm2d` between "
    "each convolution and its ReLU."
)
def no_norm(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(
        *half(in_channels, out_channels)[::2],
        *half(out_channels, out_channels)[::2],
    )


@conv_block.mistake(
    "Your convolutions have a bias, and the task says to leave it out. Your output is right all the same: the normalisation "
    "behind subtracts every constant again, so these numbers never learn anything. Say `bias=False`."
)
def idle_bias(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(*half(in_channels, out_channels, bias=True), *half(out_channels, out_channels, bias=True))


@conv_block.mistake(
    "Both halves use one and the same normalisation layer, so its learned scale and shift must serve two different maps. A "
    "ReLU holds nothing and may be shared; make two `nn.BatchNorm2d`."
)
def shared_norm(in_channels: int, out_channels: int) -> nn.Module:
    first, norm, relu = half(in_channels, out_channels)
    second = half(out_channels, out_channels)[0]
    return nn.Sequential(first, norm, relu, second, norm, relu)
