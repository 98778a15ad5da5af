"""Criss-cross attention: each pixel asks its row and its column only; done twice, it has heard from every pixel.

Z. Huang et al., "CCNet: Criss-Cross Attention for Semantic Segmentation", ICCV 2019. With 64 channels it has 5,201
parameters, the same for any number of recurrences, because they share their weights.

A square map of N pixels has N (2 sqrt(N) - 1) weights, where the non-local block has N**2. In 3D a pixel asks along three axes,
and three recurrences reach every voxel. Nothing of N**2 entries is ever made.

Deviations: the paper wraps the recurrences in two 3x3 convolutions; here the layer is the attention alone.
"""

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers.attention import Attention
from medsegedu.layers.conv import conv


class CrissCross(Attention):
    """Add to each pixel a weighted sum along its axes: (N, channels, *spatial) -> the same shape.

    Args:
        channels: of the map; queries and keys have an eighth of them.
        recurrences: how often, with the same weights.
        dims: 2 or 3.
    """

    def __init__(self, channels: int, recurrences: int = 2, *, dims: int = 2) -> None:
        super().__init__()
        if recurrences < 1:
            raise UserError(f"recurrences is {recurrences}; criss-cross attention runs at least once.")
        self.recurrences = recurrences
        hidden = max(channels // 8, 1)
        self.query = conv(dims)(channels, hidden, 1)
        self.key = conv(dims)(channels, hidden, 1)
        self.value = conv(dims)(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(()))  # at first the layer changes nothing

    def attention(self, x: Tensor) -> Tensor:
        """How much each pixel takes of the pixels along each of its axes, of sum 1: (N, *spatial, height + width (+ ...)).

        The last axis holds the pixel's column, then its row: first the weights of all pixels along the first axis, then
        along the second, and so on. The pixel itself lies on each of its axes and counts on the first one; its weight on the
        others is 0. With several recurrences this is the first one's map.
        """
        queries, keys = self.query(x), self.key(x)  # (N, C / 8, *spatial)
        scores = []
        for axis in range(2, x.ndim):
            score = _lines(queries, axis) @ _lines(keys, axis).transpose(-1, -2)  # (N, *other axes, length, length)
            if axis > 2:  # the pixel was counted on the first axis
                itself = torch.eye(x.shape[axis], dtype=torch.bool, device=x.device)
                score = score.masked_fill(itself, -torch.inf)
            scores.append(score.movedim(-2, axis - 1))  # (N, *spatial, length)
        return torch.cat(scores, -1).softmax(-1)  # (N, *spatial, sum of the lengths)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.recurrences):
            x = x + self.gamma * self._gather(self.attention(x), self.value(x))
        return x

    def _gather(self, attention: Tensor, values: Tensor) -> Tensor:
        """The weighted sums: (N, *spatial, sum of the lengths) and (N, C, *spatial) -> (N, C, *spatial)."""
        total = torch.zeros_like(values)
        for axis, weights in enumerate(attention.split(list(values.shape[2:]), -1), start=2):
            along = weights.movedim(axis - 1, -2) @ _lines(values, axis)  # (N, *other axes, length, C)
            total = total + along.movedim(-2, axis - 1).movedim(-1, 1)  # (N, C, *spatial)
        return total


def _lines(x: Tensor, axis: int) -> Tensor:
    """All lines along one spatial axis: (N, C, *spatial) -> (N, *other axes, length, C)."""
    return x.movedim((axis, 1), (-2, -1))
