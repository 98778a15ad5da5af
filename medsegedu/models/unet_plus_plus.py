"""UNet++: a U-Net whose skips are filled with nodes, so that U-Nets of every depth share one encoder and can be cut apart.

Z. Zhou, M. M. Rahman Siddiquee, N. Tajbakhsh, J. Liang, "UNet++: A Nested U-Net Architecture for Medical Image Segmentation",
DLMIA 2018. `UNetPlusPlus.paper(1, 1)` has 9,041,601 parameters (the paper's 9.04M), 9,041,700 with deep supervision: three
more heads of 33 each. Pruned to level 1, 2, 3 or 4, with the one head of that level, it has 100,961, 511,105, 2,204,961 or
9,041,601.

Deviations in `UNetPlusPlus.paper()`: no dropout, which the authors' public code has behind each convolution. In the accurate
mode the heads' *logits* are averaged, so that `forward` gives logits; the paper averages the outputs themselves. Deviations in
the default: 16 channels, not 32; batch normalisation. Sizes that 2**depth does not divide are padded as for UNet.
"""

import copy
import itertools
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    ConvBlock,
    Norm,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    max_pool,
    pad_to_multiple,
    up_conv,
)


class UNetPlusPlus(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Node X(i, j) lies i levels down and j steps to the right; X(i, 0) is the encoder, and the nodes with i + j up to d are a
    complete UNet++ of depth d:

        X(0,0)  X(0,1)  X(0,2)
        X(1,0)  X(1,1)
        X(2,0)

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        norm: "batch", "instance", "group" or None, the paper's.
        deep_supervision: a head on each of X(0, 1) to X(0, depth), which `forward` averages; or only one on X(0, depth).
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
        deep_supervision: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a UNet++ needs at least 1 level below the first.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        widths = [width * 2**level for level in range(depth + 1)]
        options: dict[str, Any] = {"dims": dims, "norm": norm}

        self.diagonals = nn.ModuleList([nn.ModuleList([ConvBlock(in_channels, width, **options)])])  # X(0, 0)
        for d, (above, below) in enumerate(itertools.pairwise(widths), start=1):
            down = nn.Sequential(max_pool(dims)(2), ConvBlock(above, below, **options))  # X(d, 0)
            nodes = (Node(widths[d - j], j, **options) for j in range(1, d + 1))  # X(d - 1, 1) up to X(0, d)
            self.diagonals.append(nn.ModuleList([down, *nodes]))
        self.scores = nn.ModuleList(conv(dims)(width, classes, 1) for _ in range(depth if deep_supervision else 1))
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 1, *, deep_supervision: bool = False) -> Self:
        """The paper's network: 32 to 512 channels, no normalisation."""
        return cls(in_channels, classes, width=32, depth=4, norm=None, deep_supervision=deep_supervision)

    def node(self, i: int, j: int) -> nn.Module:
        """X(i, j): the module i levels down and j steps to the right."""
        diagonal = self.diagonals[i + j]
        assert isinstance(diagonal, nn.ModuleList)
        return diagonal[j]

    def heads(self, image: Tensor) -> list[Tensor]:
        """The logits (N, classes, *spatial) of each head, those of the deepest last."""
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        rows: list[list[Tensor]] = []  # rows[i] is X(i, 0), X(i, 1)... so far
        for diagonal in self.diagonals:
            down, *nodes = diagonal.children()
            x = down(x)  # X(d, 0): twice the channels, half the size
            below = x
            for row, node in zip(reversed(rows), nodes, strict=True):  # X(d - 1, 1) up to X(0, d)
                below = node(row, below)  # half the channels, twice the size
                row.append(below)
            rows.append([x])
        tops = rows[0][-len(self.scores) :]  # (N, width, *spatial) each
        return [crop(score(top), (0,) * self.dims, size) for score, top in zip(self.scores, tops, strict=True)]

    def forward(self, image: Tensor) -> Tensor:
        heads = self.heads(image)
        return heads[0] if len(heads) == 1 else torch.stack(heads).mean(0)  # (N, classes, *spatial)

    def prune(self, level: int) -> Self:
        """A copy without the nodes that the head on X(0, level) does not need: the same logits as that head's, for less work.

        The copy has this one head; all other weights are gone. It pads an image as the whole network does.
        """
        levels = len(self.diagonals) - 1
        with_head = range(levels + 1 - len(self.scores), levels + 1)
        if level not in with_head:
            raise UserError(
                f"level is {level}, but this UNet++ has a head at {', '.join(map(str, with_head))} only; "
                f"build it with deep_supervision=True for a head at each level."
            )
        pruned = copy.deepcopy(self)
        pruned.diagonals = pruned.diagonals[: level + 1]
        pruned.scores = nn.ModuleList([pruned.scores[level - with_head.start]])
        return pruned


class Node(nn.Module):
    """X(i, j): join all nodes to the left in the row with the one below, enlarged; then two convolutions.

    j maps (N, width, *spatial) and one (N, 2 width, *half spatial) -> (N, width, *spatial).
    """

    def __init__(self, width: int, j: int, *, dims: int = 2, norm: Norm | None = "batch") -> None:
        super().__init__()
        self.enlarge = up_conv(dims)(2 * width, width, 2, stride=2)
        self.block = ConvBlock((j + 1) * width, width, dims=dims, norm=norm)

    def forward(self, row: Sequence[Tensor], below: Tensor) -> Tensor:
        joined = torch.cat([*row, self.enlarge(below)], dim=1)  # (N, (j + 1) width, *spatial)
        return self.block(joined)  # (N, width, *spatial)
