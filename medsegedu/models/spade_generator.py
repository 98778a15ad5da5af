"""SPADE generator: an image grown out of noise, told at each scale by the mask what to draw where.

T. Park, M.-Y. Liu, T.-C. Wang, J.-Y. Zhu, "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019, also known
as GauGAN; the paper states no count.

Deviations: small: 16 channels at the end and 4 doublings unless told; no spectral normalisation and no image encoder. The paper
turns the noise into a first map of a fixed size with a linear layer; here the noise is spread over the shrunken mask and
convolved with it, so that masks of any size go through. A mask whose size 2**depth does not divide is padded at its end by
repeating its edge, and the image is cut back.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import SPADE, check_image, conv, crop, pad_to_multiple


class SPADEGenerator(nn.Module):
    """One-hot masks (N, classes, *spatial) and noise (N, noise) -> images (N, channels, *spatial) in -1..1, behind a tanh.

    Args:
        classes: channels of the mask, the background's included.
        channels: contrasts of the image.
        noise: how many random numbers an image is made of, drawn from a standard normal distribution; they decide what the
            mask leaves open.
        width: channels before the last layer; they double at each stage towards the noise, up to eight times as many.
        depth: how often the size doubles.
        dims: 2 or 3.
    """

    def __init__(
        self, classes: int, channels: int, *, noise: int = 64, width: int = 16, depth: int = 4, dims: int = 2
    ) -> None:
        super().__init__()
        self.classes, self.noise, self.depth, self.dims = classes, noise, depth, dims
        widths = [width * min(2**stage, 8) for stage in range(depth, -1, -1)]
        self.start = conv(dims)(noise + classes, widths[0], 3, padding=1)
        self.first = SPADEBlock(widths[0], widths[0], classes, dims)
        self.up = nn.ModuleList(
            SPADEBlock(before, after, classes, dims) for before, after in itertools.pairwise(widths)
        )
        self.head = conv(dims)(width, channels, 3, padding=1)

    def forward(self, mask: Tensor, noise: Tensor) -> Tensor:
        """
        Args:
            mask: one-hot, boolean or 0 and 1: (N, classes, *spatial).
            noise: (N, noise), in the dtype of the weights.
        """
        check_image(mask, self.classes, self.dims)
        if tuple(noise.shape) != (len(mask), self.noise):
            raise UserError(f"The noise has shape {tuple(noise.shape)}; these masks need ({len(mask)}, {self.noise}).")
        size = tuple(mask.shape[2:])
        mask = pad_to_multiple(mask.to(noise.dtype), 2**self.depth)  # (N, classes, *larger)
        small = F.interpolate(mask, tuple(length // 2**self.depth for length in mask.shape[2:]))  # nearest
        spread = noise.reshape(*noise.shape, *[1] * self.dims).expand(-1, -1, *small.shape[2:])  # (N, noise, *small)

        x = self.start(torch.cat([spread, small], 1))  # (N, widest, *small)
        x = self.first(x, mask)
        for up in self.up:
            x = F.interpolate(x, scale_factor=2)  # twice the size, nearest
            x = up(x, mask)  # half the channels
        x = self.head(F.leaky_relu(x, 0.2))  # (N, channels, *larger)
        return crop(x, (0,) * self.dims, size).tanh()  # (N, channels, *spatial)


class SPADEBlock(nn.Module):
    """A residual block of two convolutions, each behind a SPADE: (N, before, *spatial) -> (N, after, *spatial)."""

    def __init__(self, before: int, after: int, classes: int, dims: int) -> None:
        super().__init__()
        between = min(before, after)
        self.spade1 = SPADE(before, classes, dims=dims)
        self.conv1 = conv(dims)(before, between, 3, padding=1)
        self.spade2 = SPADE(between, classes, dims=dims)
        self.conv2 = conv(dims)(between, after, 3, padding=1)
        self.widths_differ = before != after
        if self.widths_differ:
            self.spade_shortcut = SPADE(before, classes, dims=dims)
            self.shortcut = conv(dims)(before, after, 1, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        inner = self.conv1(F.leaky_relu(self.spade1(x, mask), 0.2))  # (N, between, *spatial)
        inner = self.conv2(F.leaky_relu(self.spade2(inner, mask), 0.2))  # (N, after, *spatial)
        if self.widths_differ:
            x = self.shortcut(self.spade_shortcut(x, mask))  # (N, after, *spatial)
        return x + inner
