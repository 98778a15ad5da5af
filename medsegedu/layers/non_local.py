"""Non-local block: each pixel asks every pixel, and adds what the similar ones answer.

X. Wang, R. Girshick, A. Gupta, K. He, "Non-local Neural Networks", CVPR 2018, the embedded Gaussian version. With 64 channels
it has 8,352 parameters (8,480 with a normalisation behind the last convolution).

Deviations: no normalisation and no pooling of the keys. The output convolution starts at zero, so that a network with this
block starts as the same network without it; the paper does so with the scale of its normalisation.

The map of N pixels has N**2 entries: twice the image side needs 16 times the memory. Put it where the map is small.
"""

from torch import Tensor, nn

from medsegedu.layers.attention import Attention
from medsegedu.layers.conv import conv


class NonLocal(Attention):
    """Add to each pixel a weighted sum over all pixels: (N, channels, *spatial) -> the same shape.

    Args:
        channels: of the map; queries, keys and values have half as many.
        dims: 2 or 3.
    """

    def __init__(self, channels: int, *, dims: int = 2) -> None:
        super().__init__()
        hidden = max(channels // 2, 1)
        self.theta = conv(dims)(channels, hidden, 1)  # the queries
        self.phi = conv(dims)(channels, hidden, 1)  # the keys
        self.g = conv(dims)(channels, hidden, 1)  # the values
        self.out = conv(dims)(hidden, channels, 1)
        nn.init.zeros_(self.out.weight)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)

    def attention(self, x: Tensor) -> Tensor:
        """How much each pixel (row) takes of each pixel (column), rows of sum 1: (N, pixels, pixels)."""
        queries = self.theta(x).flatten(2).transpose(1, 2)  # (N, P, C / 2)
        keys = self.phi(x).flatten(2)  # (N, C / 2, P)
        return (queries @ keys).softmax(-1)  # (N, P, P)

    def forward(self, x: Tensor) -> Tensor:
        values = self.g(x).flatten(2).transpose(1, 2)  # (N, P, C / 2)
        gathered = self.attention(x) @ values  # (N, P, C / 2)
        gathered = gathered.transpose(1, 2).unflatten(2, x.shape[2:])  # (N, C / 2, *spatial)
        return x + self.out(gathered)  # (N, C, *spatial)
