"""CBAM: which channels matter, then which places; both from averages and from maxima.

S. Woo, J. Park, J.-Y. Lee, I. S. Kweon, "CBAM: Convolutional Block Attention Module", ECCV 2018. With 64 channels and
reduction 16 it has 680 parameters: 580 of the MLP, 98 of the 7x7 convolution and 2 of its normalisation, as in the authors'
code; a count of 612 leaves out the biases of the MLP.

Deviations: none in 2D. In 3D the window is 7x7x7. Fewer channels than `reduction` are squeezed to one.
"""

import torch
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.layers.attention import Attention
from medsegedu.layers.conv import conv, norm_layer
from medsegedu.layers.squeeze_excitation import as_map, spatial_axes, squeeze_mlp


class CBAM(Attention):
    """Scale each channel, then each pixel: (N, channels, *spatial) -> the same shape.

    Args:
        channels, reduction, dims: as for SqueezeExcitation.
    """

    def __init__(self, channels: int, reduction: int = 16, *, dims: int = 2) -> None:
        super().__init__()
        self.dims = dims
        self.mlp = squeeze_mlp(channels, reduction)
        self.window = conv(dims)(2, 1, 7, padding=3, bias=False)
        self.norm = norm_layer("batch", 1, dims)

    def channel_attention(self, x: Tensor) -> Tensor:
        """The factor of each channel, in 0..1: (N, channels, 1, ...). Both pools pass through one shared MLP."""
        axes = spatial_axes(self.dims)
        factor = (self.mlp(x.mean(axes)) + self.mlp(x.amax(axes))).sigmoid()  # (N, C)
        return as_map(factor, self.dims)  # (N, C, 1, ...)

    def spatial_attention(self, x: Tensor) -> Tensor:
        """The factor of each pixel, in 0..1: (N, 1, *spatial)."""
        if self.training and x[:, 0].numel() == 1:
            raise UserError("CBAM normalises a map over the batch, and here is one pixel; give more pixels or images.")
        pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)  # (N, 2, *spatial)
        return self.norm(self.window(pooled)).sigmoid()  # (N, 1, *spatial)

    def attention(self, x: Tensor) -> Tensor:
        """The product of both factors: (N, channels, *spatial). The second looks at what the first let through."""
        channels = self.channel_attention(x)  # (N, C, 1, ...)
        return channels * self.spatial_attention(channels * x)  # (N, C, *spatial)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.attention(x)
