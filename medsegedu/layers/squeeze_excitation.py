"""Squeeze and excitation: which channels matter in this image? One number a channel, from the channel averages.

J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", CVPR 2018. With 64 channels and reduction 16 it has 580 parameters.

Deviations: none in the layer. Fewer channels than `reduction` are squeezed to one.
"""

from torch import Tensor, nn

from medsegedu.layers.attention import Attention


class SqueezeExcitation(Attention):
    """Scale each channel: (N, channels, *spatial) -> the same shape.

    Args:
        channels: of the map.
        reduction: the hidden layer has channels / reduction values.
        dims: 2 or 3.
    """

    def __init__(self, channels: int, reduction: int = 16, *, dims: int = 2) -> None:
        super().__init__()
        self.dims = dims
        self.excite = squeeze_mlp(channels, reduction)

    def attention(self, x: Tensor) -> Tensor:
        """The factor of each channel, in 0..1: (N, channels, 1, ...)."""
        squeezed = x.mean(spatial_axes(self.dims))  # (N, C)
        factor = self.excite(squeezed).sigmoid()  # (N, C)
        return as_map(factor, self.dims)  # (N, C, 1, ...)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.attention(x)


def squeeze_mlp(channels: int, reduction: int) -> nn.Sequential:
    """Two fully connected layers with a bottleneck: (N, channels) -> (N, channels)."""
    hidden = max(channels // reduction, 1)
    return nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))


def spatial_axes(dims: int) -> tuple[int, ...]:
    """The axes of (N, C, *spatial) that are space: (2, 3) or (2, 3, 4)."""
    return tuple(range(2, 2 + dims))


def as_map(values: Tensor, dims: int) -> Tensor:
    """One value a channel as a map of one pixel: (N, C) -> (N, C, 1, ...)."""
    return values.reshape(*values.shape, *[1] * dims)
