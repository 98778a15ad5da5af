"""scSE: squeeze and excitation of channels and, beside it, of space; the stronger of the two counts.

A. G. Roy, N. Navab, C. Wachinger, "Recalibrating Fully Convolutional Networks with Spatial and Channel 'Squeeze and
Excitation' Blocks", IEEE TMI 2019. With 64 channels and reduction 16 it has 645 parameters: 580 and 65.

Deviations: the authors take the maximum of the two scaled maps, here of the two factors; behind a ReLU, where no value is
negative, that is the same. The first version of the paper (MICCAI 2018) and the package segmentation-models-pytorch add
them instead. The reduction is 16, as in SqueezeExcitation; the authors use 2.
"""

import torch
from torch import Tensor

from medsegedu.layers.attention import Attention
from medsegedu.layers.conv import conv
from medsegedu.layers.squeeze_excitation import SqueezeExcitation


class SCSE(Attention):
    """Scale each value by its channel's or its pixel's factor: (N, channels, *spatial) -> the same shape.

    Args:
        channels, reduction, dims: as for SqueezeExcitation.
    """

    def __init__(self, channels: int, reduction: int = 16, *, dims: int = 2) -> None:
        super().__init__()
        self.channel = SqueezeExcitation(channels, reduction, dims=dims)
        self.pixel = conv(dims)(channels, 1, 1)

    def attention(self, x: Tensor) -> Tensor:
        """The larger of the channel's and the pixel's factor, in 0..1: (N, channels, *spatial)."""
        channels = self.channel.attention(x)  # (N, C, 1, ...)
        pixels = self.pixel(x).sigmoid()  # (N, 1, *spatial)
        return torch.maximum(channels, pixels)  # (N, C, *spatial)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.attention(x)
