"""Exercise 3.3: one step up the expanding path."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_03.filled import does_not_learn, used
from medsegedu.layers import ConvBlock, UpBlock, crop, crop_and_concat


def _use(attempt: Any, in_channels: int, out_channels: int, x: Tensor, skip: Tensor) -> dict[str, Any]:
    return used(attempt(in_channels, out_channels), x, skip)


up_block = Exercise(
    "03.up_block",
    reference=UpBlock,
    title="One step up",
    minutes=12,
    difficulty=2,
    hints=(
        "Two layers are made in `__init__` (an up-convolution and a block) and used in `forward`. Write down the number of "
        "channels before and after each of the three steps.",
        "`nn.ConvTranspose2d(inputs, outputs, 2, stride=2)` doubles the size, and takes the channels down to those "
        "of the skip.",
        "Behind the join there are `2 * out_channels` channels: those of the skip and those of the enlarged map. "
        "That is what the block reads.",
    ),
    after="The next cell counts where in the paper's network its 31 million weights sit.",
    gradients=True,
    call=_use,
)


@up_block.case
def halving(random: Random) -> tuple[Any, ...]:
    return 6, 3, random.tensor(2, 6, 3, 4), random.tensor(2, 3, 6, 8)


@up_block.case
def not_halving(random: Random) -> tuple[Any, ...]:
    return 5, 4, random.tensor(2, 5, 4, 3), random.tensor(2, 4, 8, 6)


@up_block.case
def larger_skip(random: Random) -> tuple[Any, ...]:
    return 4, 2, random.tensor(3, 4, 3, 5), random.tensor(3, 2, 9, 14)


@up_block.behaviour
def every_weight_learns(attempt: Any, random: Random) -> str | None:
    return does_not_learn(attempt(4, 2), random.tensor(2, 4, 4, 4), random.tensor(2, 2, 8, 8))


class Step(nn.Module):
    """A step in parts, so that each mistake changes one of them."""

    def __init__(self, enlarge: nn.Module, block: nn.Module, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.enlarge, self.block, self.join = enlarge, block, join

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.block(self.join(self.enlarge(x), skip))


def double(inputs: int, outputs: int) -> nn.Module:
    """The up-convolution as it should be."""
    return nn.ConvTranspose2d(inputs, outputs, 2, stride=2)


@up_block.mistake(
    "Your block reads `out_channels`, but the join has put the skip beside the enlarged map: `2 * out_channels` come in."
)
def join_doubles_forgotten(in_channels: int, out_channels: int) -> nn.Module:
    return Step(double(in_channels, out_channels), ConvBlock(out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "Your block reads `in_channels`. In the paper that happens to be `2 * out_channels`, since channels halve at each step, but "
    "it is the join that decides: skip and enlarged map bring `out_channels` each."
)
def block_reads_in_channels(in_channels: int, out_channels: int) -> nn.Module:
    return Step(double(in_channels, out_channels), ConvBlock(in_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "Your up-convolution keeps all its channels, and the block has to cope with `in_channels + out_channels`. It works, with "
    "many more weights. In the U the up-convolution itself goes down to `out_channels`."
)
def up_keeps_channels(in_channels: int, out_channels: int) -> nn.Module:
    block = ConvBlock(in_channels + out_channels, out_channels)
    return Step(double(in_channels, in_channels), block, crop_and_concat)


@up_block.mistake(
    "`nn.Upsample` only interpolates: it learns nothing and keeps all channels. Many later U-Nets do that; the paper's has an "
    "up-convolution, `nn.ConvTranspose2d`, which learns how to enlarge."
)
def interpolated(in_channels: int, out_channels: int) -> nn.Module:
    enlarge = nn.Upsample(scale_factor=2, mode="bilinear")
    return Step(enlarge, ConvBlock(in_channels + out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "Without `stride=2` your up-convolution adds one pixel instead of doubling the size. No error tells you: the crop quietly "
    "cuts the skip down to the small map."
)
def stride_forgotten(in_channels: int, out_channels: int) -> nn.Module:
    enlarge = nn.ConvTranspose2d(in_channels, out_channels, 2)
    return Step(enlarge, ConvBlock(2 * out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "Your up-convolution has a 3x3 kernel. With stride 2 its copies overlap in every second row and column, which prints a "
    "checkerboard. The paper's 2x2 kernel tiles the map exactly once."
)
def kernel_of_three(in_channels: int, out_channels: int) -> nn.Module:
    enlarge = nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)
    return Step(enlarge, ConvBlock(2 * out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "The skip never enters: your output depends on `x` alone. That is a decoder without skips, and what it lacks you will "
    "measure below. Join before the block."
)
def skip_left_out(in_channels: int, out_channels: int) -> nn.Module:
    def alone(up: Tensor, skip: Tensor) -> Tensor:
        return up

    return Step(double(in_channels, out_channels), ConvBlock(out_channels, out_channels), alone)


@up_block.mistake(
    "You added the skip to the enlarged map. That is FCN's fusion; U-Net puts the two side by side with `crop_and_concat`, "
    "and its block reads both."
)
def added(in_channels: int, out_channels: int) -> nn.Module:
    def add(up: Tensor, skip: Tensor) -> Tensor:
        return crop_and_concat(up, skip)[:, : skip.shape[1]] + up

    return Step(double(in_channels, out_channels), ConvBlock(out_channels, out_channels), add)


@up_block.mistake(
    "You handed `crop_and_concat` its arguments in the other order: it takes `(up, skip)`, the small map first, and cuts the "
    "second to the size of the first."
)
def arguments_swapped(in_channels: int, out_channels: int) -> nn.Module:
    def swapped(up: Tensor, skip: Tensor) -> Tensor:
        return crop_and_concat(skip, up)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), swapped)


@up_block.mistake(
    "You joined first and enlarged afterwards. So the skip was cut down to its middle, as small as `x`, and then blown up "
    "again. Enlarge `x` first; then the two maps lie over each other."
)
def joined_too_early(in_channels: int, out_channels: int) -> nn.Module:
    class Early(Step):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return self.block(self.enlarge(self.join(x, skip)))

    enlarge = double(in_channels + out_channels, out_channels)
    return Early(enlarge, ConvBlock(out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "You put a ReLU behind the up-convolution. The paper has none there, and neither has this course: half of the enlarged "
    "values would be gone before the block ever sees them."
)
def relu_behind_up(in_channels: int, out_channels: int) -> nn.Module:
    def join(up: Tensor, skip: Tensor) -> Tensor:
        return crop_and_concat(F.relu(up), skip)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), join)


@up_block.mistake(
    "You cut the skip at the corner. `crop_and_concat` from the exercise before cuts its centre and joins: use it as it is."
)
def corner(in_channels: int, out_channels: int) -> nn.Module:
    def join(up: Tensor, skip: Tensor) -> Tensor:
        return torch.cat([crop(skip, (0, 0), tuple(up.shape[2:])), up], 1)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), join)


@up_block.mistake(
    "You joined `x` itself, without enlarging it first, so the skip was quietly cut down to its size. The up-convolution comes "
    "first: it doubles the map and brings its channels down."
)
def never_enlarged(in_channels: int, out_channels: int) -> nn.Module:
    class Small(Step):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return self.block(self.join(x, skip))

    return Small(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), crop_and_concat)
