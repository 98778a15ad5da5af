"""The attention U-Net of the paper: gates that decide on the decoder's coarser grid, and logits from every level.

O. Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018, after the authors' public code: 3D, 16 to
256 channels, trilinear enlarging, gates on each skip but the finest. The gating signal is the next coarser map of the decoder;
at the bottom a 1x1 convolution makes it. Each level gives class scores, which are enlarged and mixed by a 1x1 convolution.
`GridAttentionUNet.paper(1, 4)` has 6,473,322 parameters, 6,214,151 with gates=1 and 5,888,004 with gates=0, which is the
paper's U-Net without attention (5.88M).

Deviations: an image whose size 2**depth does not divide is padded at its end. Enlarging takes pixels for squares
(align_corners=False).
"""

import itertools
from typing import Any, Self

import torch
import torch.nn.functional as F
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
)
from medsegedu.layers.attention_gate import GridAttentionGate
from medsegedu.layers.unit import ConvUnit, double_unit


class GatedSkip(nn.Module):
    """Several gates on one skip, each with its own idea of what matters, mixed by a 1x1 convolution.

    A skip (N, skip_channels, *spatial) and a coarser signal (N, gate_channels, *any size) -> (N, skip_channels, *spatial).
    """

    def __init__(self, skip_channels: int, gate_channels: int, gates: int, **options: Any) -> None:
        super().__init__()
        self.gates = nn.ModuleList(
            GridAttentionGate(skip_channels, gate_channels, skip_channels, **options) for _ in range(gates)
        )
        self.mix = ConvUnit(gates * skip_channels, skip_channels, kernel=1, **options)

    def forward(self, skip: Tensor, signal: Tensor) -> Tensor:
        return self.mix(torch.cat([gate(skip, signal) for gate in self.gates], dim=1))  # (N, skip_channels, *spatial)


class GridAttentionUNet(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        gates: on each skip but the finest; 0 is the paper's U-Net without attention.
        norm: "batch", "instance", "group" or None.
        bias: biases before a normalisation too, as in the authors' code; they change nothing but the count.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 4,
        dims: int = 3,
        gates: int = 1,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1 or gates < 0:
            raise UserError(f"depth is {depth} and gates {gates}; depth is at least 1, gates at least 0.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        self.mode = "bilinear" if dims == 2 else "trilinear"
        shared: dict[str, Any] = {"dims": dims, "norm": norm, "bias": bias}
        widths = [width * 2**level for level in range(depth + 1)]
        self.pool = max_pool(dims)(2)
        self.down = nn.ModuleList(
            double_unit(above, below, **shared) for above, below in itertools.pairwise([in_channels, *widths])
        )
        pairs = list(itertools.pairwise(widths[::-1]))  # (coarser, finer), from the bottom up
        gated = pairs[:-1] if gates else []
        self.signal = ConvUnit(widths[-1], widths[-1], kernel=1, **shared) if gated else None
        self.gates = nn.ModuleList(GatedSkip(finer, coarser, gates, **shared) for coarser, finer in gated)
        self.up = nn.ModuleList(double_unit(finer + coarser, finer, **shared) for coarser, finer in pairs)
        self.scores = nn.ModuleList(conv(dims)(finer, classes, 1) for _, finer in pairs)
        self.head = conv(dims)(depth * classes, classes, 1)
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 4, *, gates: int = 2) -> Self:
        """The authors' network: 3D, 16 to 256 channels, 2 gates on each skip but the finest."""
        return cls(in_channels, classes, gates=gates, bias=True)

    def attention_maps(self, image: Tensor) -> dict[str, Tensor]:
        """Each gate's map (N, 1, *spatial of its skip) under the gate's name, from the coarsest to the finest."""
        return attention_maps(self, image)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth
        full = x.shape[2:]

        levels = [self.down[0](x)]  # (N, width, *spatial)
        for down in self.down[1:]:
            levels.append(down(self.pool(levels[-1])))  # twice the channels, half the size
        x = levels.pop()
        signal = x if self.signal is None else self.signal(x)  # what the gates look for
        scores = []
        for step, (up, score) in enumerate(zip(self.up, self.scores, strict=True)):
            skip = levels.pop()
            if step < len(self.gates):
                skip = self.gates[step](skip, signal)
            x = signal = up(
                torch.cat([skip, self._resize(x, skip.shape[2:])], dim=1)
            )  # half the channels, twice the size
            scores.append(self._resize(score(x), full))  # (N, classes, *spatial)
        return crop(self.head(torch.cat(scores, dim=1)), (0,) * self.dims, size)  # (N, classes, *spatial)

    def _resize(self, x: Tensor, size: torch.Size) -> Tensor:
        return x if x.shape[2:] == size else F.interpolate(x, size, mode=self.mode)
