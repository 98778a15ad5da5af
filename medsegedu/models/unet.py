"""U-Net: a path that contracts to see far, a path that expands to see sharply, and skips that join them level by level.

O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015.
`UNet.paper()` has 31,030,658 parameters and turns 572 x 572 pixels into 388 x 388; the paper states no count. With widths 32
to 512 and one output a U-Net has 7,759,521, the 7.76M of the table in UNet++ (Zhou 2018).

Deviations in `UNet.paper()`: no dropout at the end of the contracting path. Deviations in the default: 16 channels, not 64;
batch normalisation; "same" padding, so that the logits have the image's size. An image whose size 2**depth does not divide
is then padded at its end by repeating its edge, and the logits are cut back; every other size is untouched.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    ConvBlock,
    Norm,
    Padding,
    UpBlock,
    attention_maps,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    max_pool,
    pad_to_multiple,
)
from medsegedu.models.unet_attention import AttentionKind, attend_behind, skip_gates


class UNet(nn.Module):
    """Images (N, in_channels, *spatial) -> logits (N, classes, *spatial), or less along each axis with padding "valid".

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        padding: "same" takes any size and returns it; "valid" is the paper's (see `valid_size`).
        norm: "batch", "instance", "group" or None, the paper's.
        skips: which skips carry data, from the full resolution down; True for all. One that is off feeds zeros, so the
            parameters stay and it can be switched at any time: `model.skips = (True, False, True, True)`.
        attention: "se", "cbam" or "scse" behind each block, "non_local" or "criss_cross" behind the deepest, "gate" on each
            skip, or None. The other weights then start as they would without it.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 4,
        dims: int = 2,
        padding: Padding = "same",
        norm: Norm | None = "batch",
        skips: bool | Sequence[bool] = True,
        attention: AttentionKind | None = None,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a U-Net needs at least 1 level below the first.")
        self.in_channels, self.depth, self.dims, self.padding, self.norm = in_channels, depth, dims, padding, norm
        self.skips = skips
        widths = [width * 2**level for level in range(depth + 1)]
        options: dict[str, Any] = {"dims": dims, "padding": padding, "norm": norm}
        self.first: nn.Module = ConvBlock(in_channels, width, **options)
        self.down = nn.ModuleList(
            nn.Sequential(max_pool(dims)(2), ConvBlock(above, below, **options))
            for above, below in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(UpBlock(below, above, **options) for below, above in itertools.pairwise(widths[::-1]))
        self.head = conv(dims)(width, classes, 1)
        self.apply(initialise)
        blocks = (self.first, *self.down, *(up.block for up in self.up))
        attend_behind(attention, blocks, dims, width)  # last, because each kind has its own first weights
        self.gates = skip_gates(attention, widths, dims, norm, padding)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 2, *, dims: int = 2) -> "UNet":
        """The paper's network: 64 to 1024 channels, valid convolutions, no normalisation; for dims=3 the 3D U-Net's own."""
        if dims == 3:
            from medsegedu.models.unet3d import UNet3D  # here, because unet3d.py builds on this file

            return UNet3D.paper(in_channels, classes)
        return cls(in_channels, classes, width=64, depth=4, dims=dims, padding="valid", norm=None)

    @property
    def skips(self) -> tuple[bool, ...]:
        """Which skips carry data, from the full resolution down."""
        return self._skips

    @skips.setter
    def skips(self, skips: bool | Sequence[bool]) -> None:
        skips = (skips,) * self.depth if isinstance(skips, bool) else tuple(map(bool, skips))
        if len(skips) != self.depth:
            raise UserError(f"skips has {len(skips)} entries, but this U-Net has {self.depth} skips; give one each.")
        self._skips = skips

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """The spatial size of the logits for an image of spatial size `size`; a UserError if the size does not fit."""
        return tuple(size) if self.padding == "same" else tuple(valid_size(length, self.depth) for length in size)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = self.output_size(image.shape[2:])
        x = image
        if self.padding == "same":
            check_statistics(self.norm, self.training, len(image), size, self.depth)
            x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        levels = [self.first(x)]  # (N, width, *spatial)
        for down in self.down:
            levels.append(down(levels[-1]))  # twice the channels, half the size
        x = levels.pop()
        for up, gate, is_on in zip(self.up, self.gates, reversed(self.skips), strict=True):
            skip = levels.pop()
            x = up(x, gate(skip, x) if is_on else torch.zeros_like(skip))  # half the channels, twice the size
        return crop(self.head(x), (0,) * self.dims, size)  # (N, classes, *size)

    def attention_maps(self, image: Tensor) -> dict[str, Tensor]:
        """Where each attention layer looks, by its name; of the padded image, if a size was padded."""
        return attention_maps(self, image)


def valid_size(size: int, depth: int = 4) -> int:
    """The output's size for an input of `size` pixels through a "valid" U-Net: 572 -> 388.

    Raises:
        UserError: a map of odd size would meet a pool, or nothing would be left; it names the nearest sizes that fit.
    """
    output = _walk(size, depth)
    if output:
        return output
    below = next((n for n in range(size, 0, -1) if _walk(n, depth)), None)
    above = next(n for n in itertools.count(max(size, 1)) if _walk(n, depth))
    fits = f"the smallest that fits is {above}" if below is None else f"the nearest that fit are {below} and {above}"
    raise UserError(f"{size} pixels do not fit through a valid U-Net of depth {depth}; {fits}.")


def _walk(size: int, depth: int) -> int:
    """Follow a size down and up the U; 0 if it does not fit."""
    for _ in range(depth):
        size -= 4  # two valid 3x3 convolutions
        if size < 2 or size % 2:
            return 0
        size //= 2
    size -= 4
    for _ in range(depth):
        size = 2 * size - 4
    return max(size, 0)
