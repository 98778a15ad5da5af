"""Exercise 3.3: steps whose output is right while something does not flow, and slips with the layers that a step owns."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_03.filled import shared
from medsegedu.exercises.lesson_03.steps import Step, double, up_block
from medsegedu.layers import ConvBlock, UpBlock, crop_and_concat


@up_block.behaviour
def each_step_has_weights_of_its_own(attempt: Any, random: Random) -> str | None:
    first, second = attempt(4, 2), attempt(4, 2)
    return shared(first, second) if isinstance(first, nn.Module) and isinstance(second, nn.Module) else None


@up_block.mistake(
    "You handed `crop_and_concat` its arguments as (skip, up). It takes (up, skip), the small map first: it cuts the second "
    "to the size of the first, and puts the second's channels in front."
)
def arguments_swapped_by_hand(in_channels: int, out_channels: int) -> nn.Module:
    def swapped(up: Tensor, skip: Tensor) -> Tensor:  # with a student's function, which does not look at the sizes
        h, w = skip.shape[2:]
        top, left = (up.shape[2] - h) // 2, (up.shape[3] - w) // 2
        return torch.cat([up[:, :, top : top + h, left : left + w], skip], 1)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), swapped)


@up_block.mistake(
    "The numbers are right, but `x` was cut off (`.detach()`, `.data`) before it was enlarged: nothing flows back to the levels "
    "below, so the bottom of the U would never learn. Use `x` as it comes."
)
def detached_x(in_channels: int, out_channels: int) -> nn.Module:
    class Detached(UpBlock):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return super().forward(x.detach(), skip)

    return Detached(in_channels, out_channels)


@up_block.mistake(
    "The numbers are right, but the skip was cut off (`.detach()`, `.data`): its encoder level never hears what it should "
    "have done better. A skip carries values down the network and gradients back; use it as it comes."
)
def detached_skip(in_channels: int, out_channels: int) -> nn.Module:
    class Detached(UpBlock):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return super().forward(x, skip.detach())

    return Detached(in_channels, out_channels)


@up_block.mistake(
    "The numbers are right, but both `x` and the skip were cut off (`.detach()`, `.data`): this step would learn, and nothing "
    "before it. Use both as they come."
)
def detached_both(in_channels: int, out_channels: int) -> nn.Module:
    class Detached(UpBlock):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return super().forward(x.detach(), skip.detach())

    return Detached(in_channels, out_channels)


@up_block.mistake(
    "You cut the enlarged map off (`.detach()`, `.data`) before the join. The up-convolution's own weights then get no gradient, "
    "nor does anything below. Join the map as it is."
)
def detached_up(in_channels: int, out_channels: int) -> nn.Module:
    def join(up: Tensor, skip: Tensor) -> Tensor:
        return crop_and_concat(up.detach(), skip)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), join)


@up_block.mistake(
    "Your `forward` runs under `torch.no_grad()`. That is for predicting; while a network trains, gradients must flow through "
    "every step. Take it out."
)
def without_gradients(in_channels: int, out_channels: int) -> nn.Module:
    class Silent(UpBlock):
        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            with torch.no_grad():
                return super().forward(x, skip)

    return Silent(in_channels, out_channels)


@up_block.mistake(
    "Your step's weights are frozen (`requires_grad` is False): it computes the right map, but training would never change "
    "it. Leave the layers as torch makes them."
)
def frozen(in_channels: int, out_channels: int) -> nn.Module:
    return UpBlock(in_channels, out_channels).requires_grad_(False)


@up_block.mistake(
    "Your module owns no weights: an optimiser that asks for its `parameters()` gets none. Make the layers in `__init__`, not in "
    "`forward`, and give each to `self` by name; a plain Python list hides them (`nn.ModuleList` does not)."
)
def layers_not_registered(in_channels: int, out_channels: int) -> nn.Module:
    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [UpBlock(in_channels, out_channels)]

        def forward(self, x: Tensor, skip: Tensor) -> Tensor:
            return self.parts[0](x, skip)

    return Hidden()


@up_block.mistake(
    "Your up-convolution has no bias. Leaving it out was right inside the block, where a normalisation follows at once; behind "
    "the up-convolution none does. Keep torch's default here."
)
def bias_left_out(in_channels: int, out_channels: int) -> nn.Module:
    enlarge = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2, bias=False)
    return Step(enlarge, ConvBlock(2 * out_channels, out_channels), crop_and_concat)


@up_block.mistake(
    "You joined `up` first and the skip behind it. `crop_and_concat` puts the skip's channels first, as the paper's authors did, "
    "and the block's kernels are arranged for that: use your function of exercise 3.2."
)
def up_in_front(in_channels: int, out_channels: int) -> nn.Module:
    def join(up: Tensor, skip: Tensor) -> Tensor:
        both = crop_and_concat(up, skip)
        return torch.cat([both[:, out_channels:], both[:, :out_channels]], 1)

    return Step(double(in_channels, out_channels), ConvBlock(2 * out_channels, out_channels), join)
