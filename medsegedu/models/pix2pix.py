"""pix2pix: a U-Net that turns a picture into another, here a mask into an image of what it outlines.

P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017. Eight
stages as the authors' code builds them (unet_256) have 54,407,809 parameters for one channel in and one out; the paper
states no count. Its discriminator is `PatchGAN`.

Deviations: an image whose size 2**depth does not divide is padded at its end by repeating its edge, and the result is cut
back. The paper keeps dropout and batch statistics on when it generates, its only source of chance; here this is
`model.train()`, and `model.eval()` always gives the same image.
"""

import itertools
from typing import Self

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import check_image, conv, crop, norm_layer, pad_to_multiple, up_conv
from medsegedu.models.dcgan import start_small


class Pix2PixGenerator(nn.Module):
    """Images or one-hot masks (N, in_channels, *spatial), floats -> images (N, out_channels, *spatial) in -1..1, behind a tanh.

    Args:
        in_channels, out_channels: of the given and of the made picture.
        width: channels of the first stage; they double at each stage, up to eight times as many.
        depth: stages, each of which halves the size; at least 2.
        dims: 2 or 3.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 16, depth: int = 6, dims: int = 2) -> None:
        super().__init__()
        if depth < 2:
            raise UserError(f"depth is {depth}; a pix2pix generator needs at least 2 stages.")
        self.in_channels, self.depth, self.dims = in_channels, depth, dims
        widths = [width * min(2**stage, 8) for stage in range(depth)]
        self.first = conv(dims)(in_channels, width, 4, stride=2, padding=1, bias=False)
        self.down = nn.ModuleList(
            _Down(before, after, dims, norm=stage < depth - 2)  # none at the deepest, which may be a single pixel
            for stage, (before, after) in enumerate(itertools.pairwise(widths))
        )
        joined = [widths[-1], *(2 * channels for channels in widths[-2:0:-1])]  # with the skip, except at the deepest
        self.up = nn.ModuleList(
            _Up(before, after, dims, dropout=0.5 if stage < 3 else 0.0)
            for stage, (before, after) in enumerate(zip(joined, widths[-2::-1], strict=True))
        )
        self.last = up_conv(dims)(2 * width, out_channels, 4, stride=2, padding=1)
        self.apply(start_small)

    @classmethod
    def paper(cls, in_channels: int = 1, out_channels: int = 1) -> Self:
        """The paper's network for 256 x 256 pixels: 64 to 512 channels, eight stages."""
        return cls(in_channels, out_channels, width=64, depth=8)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth
        levels = [self.first(x)]  # (N, width, *spatial / 2)
        for down in self.down:
            levels.append(down(levels[-1]))  # up to twice the channels, half the size
        x = levels.pop()
        for up in self.up:
            x = torch.cat([levels.pop(), up(x)], 1)  # twice the size; the skip's channels come first
        x = self.last(x.relu())  # (N, out, *spatial)
        return crop(x, (0,) * self.dims, tuple(image.shape[2:])).tanh()  # (N, out, *spatial)


class _Down(nn.Sequential):
    """(N, before, *spatial) -> (N, after, *spatial / 2)."""

    def __init__(self, before: int, after: int, dims: int, *, norm: bool) -> None:
        convolution = conv(dims)(before, after, 4, stride=2, padding=1, bias=False)
        super().__init__(nn.LeakyReLU(0.2), convolution, norm_layer("batch" if norm else None, after, dims))


class _Up(nn.Sequential):
    """(N, before, *spatial) -> (N, after, *2 spatial)."""

    def __init__(self, before: int, after: int, dims: int, *, dropout: float) -> None:
        deconvolution = up_conv(dims)(before, after, 4, stride=2, padding=1, bias=False)
        super().__init__(nn.ReLU(), deconvolution, norm_layer("batch", after, dims), nn.Dropout(dropout))
