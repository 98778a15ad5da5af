"""V-Net: a U-Net for volumes whose stages learn what to add to their input (residual), with strided convolutions for pools.

F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation",
3DV 2016; its loss is `losses.dice_loss`. Stages of one to three 5x5x5 convolutions, PReLU, 16 to 256 channels. The paper states
no count. `VNet.paper()` has 45,597,898 parameters for 1 contrast and 2 classes, as MONAI's VNet, the best-known public form.

Deviations in `VNet.paper()`, all as in the public form: batch normalisation; ELU for PReLU, whose slopes would be parameters;
stages (1, 1, 2, 3, 2 down and 2, 2, 1, 1 up), shorter than those of the paper's figure; a head of a 5x5x5 convolution to the
classes, an activation and a 1x1x1 convolution, where the paper names the last only. With the figure's stages, PReLU and no
normalisation, `VNet(1, 2, dims=3, norm=None)`, it has 65,183,258. MONAI's has one more activation, before each sum.
Deviations in the default: 2D; batch normalisation. An image whose size 2**depth does not divide is padded at its end by
repeating its edge, and the logits are cut back.
"""

import itertools
from collections.abc import Sequence
from typing import Literal, Self

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    Norm,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    norm_layer,
    pad_to_multiple,
    up_conv,
)

Act = Literal["prelu", "elu"]


class Stage(nn.Module):
    """5x5 convolutions of `x`, plus the residual, then the activation: (N, in_channels, *spatial) -> (N, channels, *spatial)."""

    def __init__(
        self, in_channels: int, channels: int, convolutions: int, *, dims: int, norm: Norm | None, act: Act
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in [in_channels] + [channels] * (convolutions - 1):
            layers += [
                _conv5(inputs, channels, dims, norm),
                norm_layer(norm, channels, dims),
                _activation(act, channels),
            ]
        self.convolutions = nn.Sequential(*layers[:-1])  # the last activation comes after the sum
        self.activation = layers[-1]

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.activation(self.convolutions(x) + residual)  # (N, channels, *spatial)


class VNet(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        norm: "batch", "instance", "group" or None, the paper's.
        act: "prelu", the paper's, or "elu", the public form's.
        stages: convolutions in each stage along the V, down and up again, 2 * depth + 1 numbers; None: as in the paper's
            figure one at the first level, two at the second, three below.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 4,
        dims: int = 2,
        norm: Norm | None = "batch",
        act: Act = "prelu",
        stages: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a V-Net needs at least 1 level below the first.")
        if stages is None:
            stages = [min(3, depth + 1 - abs(depth - step)) for step in range(2 * depth + 1)]
        if len(stages) != 2 * depth + 1 or min(stages) < 1:
            raise UserError(f"stages is {tuple(stages)}; for depth {depth} give {2 * depth + 1} numbers of at least 1.")
        self.in_channels, self.width, self.depth, self.dims, self.norm = in_channels, width, depth, dims, norm
        widths = [width * 2**level for level in range(depth + 1)]
        left, right = stages[: depth + 1], stages[depth + 1 :]

        self.first = Stage(in_channels, width, left[0], dims=dims, norm=norm, act=act)
        self.shrink = nn.ModuleList(
            nn.Sequential(
                conv(dims)(above, below, 2, stride=2, bias=norm is None),
                norm_layer(norm, below, dims),
                _activation(act, below),
            )
            for above, below in itertools.pairwise(widths)
        )
        self.down = nn.ModuleList(
            Stage(channels, channels, count, dims=dims, norm=norm, act=act)
            for channels, count in zip(widths[1:], left[1:], strict=True)
        )
        skips = widths[-2::-1]  # from the bottom up; a stage works on the joined map, of twice as many channels
        below = [widths[-1]] + [2 * skip for skip in skips[:-1]]
        self.enlarge = nn.ModuleList(
            nn.Sequential(
                up_conv(dims)(inputs, skip, 2, stride=2), norm_layer(norm, skip, dims), _activation(act, skip)
            )
            for inputs, skip in zip(below, skips, strict=True)
        )
        self.up = nn.ModuleList(
            Stage(2 * skip, 2 * skip, count, dims=dims, norm=norm, act=act)
            for skip, count in zip(skips, right, strict=True)
        )
        self.head = nn.Sequential(
            _conv5(2 * width, classes, dims, norm),
            norm_layer(norm, classes, dims),
            _activation(act, classes),
            conv(dims)(classes, classes, 1),
        )
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 2) -> Self:
        """The paper's network in its best-known public form: 3D, 16 to 256 channels."""
        stages = (1, 1, 2, 3, 2, 2, 2, 1, 1)
        return cls(in_channels, classes, width=16, depth=4, dims=3, act="elu", stages=stages)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        image = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        repeats = -(-self.width // self.in_channels)
        tiled = image.repeat(1, repeats, *[1] * self.dims)[:, : self.width]  # (N, width, *spatial): in, in, ...
        levels = [self.first(image, tiled)]  # (N, width, *spatial)
        for shrink, down in zip(self.shrink, self.down, strict=True):
            x = shrink(levels[-1])  # twice the channels, half the size
            levels.append(down(x, x))
        x = levels.pop()
        for enlarge, up in zip(self.enlarge, self.up, strict=True):
            joined = torch.cat([enlarge(x), levels.pop()], dim=1)  # twice the size, twice the skip's channels
            x = up(joined, joined)
        return crop(self.head(x), (0,) * self.dims, size)  # (N, classes, *spatial)


def _conv5(in_channels: int, out_channels: int, dims: int, norm: Norm | None) -> nn.Module:
    return conv(dims)(in_channels, out_channels, 5, padding=2, bias=norm is None)


def _activation(act: Act, channels: int) -> nn.Module:
    if act not in ("prelu", "elu"):
        raise UserError(f"act is {act!r}; choose 'prelu' or 'elu'.")
    return nn.PReLU(channels) if act == "prelu" else nn.ELU()
