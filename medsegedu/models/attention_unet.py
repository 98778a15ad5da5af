"""Attention U-Net: on its way to the decoder each skip passes a gate, which dims what the decoder does not look for.

O. Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018. There are two networks of this name:

- `AttentionUNet.paper()` is the authors' 3D network (see `GridAttentionUNet`): 6,473,322 parameters with two gates per skip,
  6,214,151 with one and 5,888,004 with none, the 5.88M of the paper, for 1 contrast and 4 classes.
- `AttentionUNet(...)` is the 2D form that most public code means: gates on every skip, after the enlarging and on the skip's own
  grid. With 64 channels and the public form's enlarging and biases, `AttentionUNet.paper(3, 1, dims=2)`, it has 34,878,573
  parameters for 3 contrasts and 1 class.

Deviations of the default from the public 2D form: 16 channels; a 2x2 up-convolution, as in U-Net, in place of repeated pixels
and a 3x3 convolution, which take a quarter more time; no biases before a normalisation.
"""

import itertools
from typing import Any, Literal

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    Norm,
    attention_maps,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    max_pool,
    pad_to_multiple,
    up_conv,
)
from medsegedu.layers.attention_gate import AttentionGate
from medsegedu.layers.unit import ResizeConv, double_unit
from medsegedu.models.grid_attention_unet import GridAttentionUNet

Enlarge = Literal["up-conv", "resize"]


class GatedUp(nn.Module):
    """Enlarge, let the result gate the skip, join, convolve twice.

    (N, in_channels, *spatial) and a skip (N, out_channels, *2 spatial) -> (N, out_channels, *2 spatial).
    """

    def __init__(
        self, in_channels: int, out_channels: int, enlarge: Enlarge, *, dims: int, norm: Norm | None, bias: bool
    ) -> None:
        super().__init__()
        shared: dict[str, Any] = {"dims": dims, "norm": norm, "bias": bias}
        self.enlarge = (
            up_conv(dims)(in_channels, out_channels, 2, stride=2)
            if enlarge == "up-conv"
            else ResizeConv(in_channels, out_channels, **shared)
        )
        self.gate = AttentionGate(out_channels, out_channels, max(out_channels // 2, 1), **shared)
        self.block = double_unit(2 * out_channels, out_channels, **shared)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = self.enlarge(x)  # (N, out, *2 spatial)
        return self.block(torch.cat([self.gate(skip, up), up], dim=1))  # (N, out, *2 spatial)


class AttentionUNet(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        norm: "batch", "instance", "group" or None.
        enlarge: "up-conv", or "resize", the public form's.
        bias: biases before a normalisation too, as in the public form; they change nothing but the count.
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
        enlarge: Enlarge = "up-conv",
        bias: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; an attention U-Net needs at least 1 level below the first.")
        if enlarge not in ("up-conv", "resize"):
            raise UserError(f"enlarge is {enlarge!r}; choose 'up-conv' or 'resize'.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        shared: dict[str, Any] = {"dims": dims, "norm": norm, "bias": bias}
        widths = [width * 2**level for level in range(depth + 1)]
        self.pool = max_pool(dims)(2)
        self.down = nn.ModuleList(
            double_unit(above, below, **shared) for above, below in itertools.pairwise([in_channels, *widths])
        )
        self.up = nn.ModuleList(
            GatedUp(below, above, enlarge, **shared) for below, above in itertools.pairwise(widths[::-1])
        )
        self.head = conv(dims)(width, classes, 1)
        self.apply(initialise)

    @classmethod
    def paper(
        cls, in_channels: int = 1, classes: int = 4, *, dims: int = 3, gates: int | None = None
    ) -> "GridAttentionUNet | AttentionUNet":
        """The authors' 3D network, with 2 (the default), 1 or 0 gates on each skip but the finest; dims=2: the public 2D form."""
        if dims == 3:
            return GridAttentionUNet.paper(in_channels, classes, gates=2 if gates is None else gates)
        if gates is not None:
            raise UserError(
                f"gates is {gates}, but the 2D form has one gate on each skip; leave gates out, or take dims=3."
            )
        return cls(in_channels, classes, width=64, depth=4, dims=dims, enlarge="resize", bias=True)

    def attention_maps(self, image: Tensor) -> dict[str, Tensor]:
        """Each gate's map (N, 1, *spatial of its skip) under the gate's name, from the coarsest to the finest."""
        return attention_maps(self, image)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        levels = [self.down[0](x)]  # (N, width, *spatial)
        for down in self.down[1:]:
            levels.append(down(self.pool(levels[-1])))  # twice the channels, half the size
        x = levels.pop()
        for up in self.up:
            x = up(x, levels.pop())  # half the channels, twice the size
        return crop(self.head(x), (0,) * self.dims, size)  # (N, classes, *spatial)
