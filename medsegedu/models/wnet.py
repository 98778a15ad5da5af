"""W-Net: segmentation without labels, by two U-Nets in a row: one divides the image, the other must rebuild it from the parts.

X. Xia, B. Kulis, "W-Net: A Deep Model for Fully Unsupervised Image Segmentation", 2017. The segmenter gives each pixel K
probabilities, which `losses.soft_ncut_loss` pulls to compact, even segments; the reconstructor sees nothing but these
probabilities, and its squared error keeps the segments faithful to the image. A step of training:

    logits = net(image)
    loss = soft_ncut_loss(logits, image) + F.mse_loss(net.reconstruct(logits), image)

Eighteen modules of two 3x3 convolutions, each followed by ReLU and batch normalisation; all but the first and the last of either
U are depthwise separable (F. Chollet, "Xception", CVPR 2017). The paper states no count.

Deviations: no dropout, and one optimiser step on the sum of both losses, where the paper takes one for each; its smoothing
afterwards (a conditional random field) is left out. Deviations in the default: 16 channels, not 64.
"""

import itertools
from typing import Any, Self

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    Norm,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    max_pool,
    norm_layer,
    pad_to_multiple,
    up_conv,
)


def _module(in_channels: int, out_channels: int, *, separable: bool, dims: int, norm: Norm | None) -> nn.Sequential:
    """(3x3 convolution, ReLU, normalisation) twice: (N, in_channels, *spatial) -> (N, out_channels, *spatial).

    A separable convolution filters each channel alone and mixes the channels pixel by pixel: 9 C + C D weights for C -> D
    channels, not 9 C D.
    """
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        if separable:
            layers += [
                conv(dims)(channels, channels, 3, padding=1, groups=channels, bias=False),
                conv(dims)(channels, out_channels, 1),
            ]
        else:
            layers += [conv(dims)(channels, out_channels, 3, padding=1)]
        layers += [nn.ReLU(inplace=True), norm_layer(norm, out_channels, dims)]
    return nn.Sequential(*layers)


class SeparableUNet(nn.Module):
    """Half of a W-Net: (N, in_channels, *spatial) of any size -> (N, out_channels, *spatial)."""

    def __init__(
        self, in_channels: int, out_channels: int, *, width: int, depth: int, dims: int, norm: Norm | None
    ) -> None:
        super().__init__()
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        shared: dict[str, Any] = {"dims": dims, "norm": norm}
        widths = [width * 2**level for level in range(depth + 1)]
        self.pool = max_pool(dims)(2)
        self.first = _module(in_channels, width, separable=False, **shared)
        self.down = nn.ModuleList(
            _module(above, below, separable=True, **shared) for above, below in itertools.pairwise(widths)
        )
        pairs = list(itertools.pairwise(widths[::-1]))
        self.enlarge = nn.ModuleList(up_conv(dims)(below, above, 2, stride=2) for below, above in pairs)
        self.up = nn.ModuleList(
            _module(2 * above, above, separable=step < depth, **shared)
            for step, (_, above) in enumerate(pairs, start=1)
        )
        self.head = conv(dims)(width, out_channels, 1)
        self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        levels = [self.first(x)]  # (N, width, *spatial)
        for down in self.down:
            levels.append(down(self.pool(levels[-1])))  # twice the channels, half the size
        x = levels.pop()
        for enlarge, up in zip(self.enlarge, self.up, strict=True):
            x = up(torch.cat([levels.pop(), enlarge(x)], dim=1))  # half the channels, twice the size
        return crop(self.head(x), (0,) * self.dims, size)  # (N, out, *spatial)


class WNet(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial) of segments that have no names.

    Args:
        in_channels: contrasts of the image.
        classes: K, the largest number of segments.
        width: channels of the first level of either U; they double at each level.
        depth: how often either U halves its input.
        dims: 2 or 3.
        norm: "batch", "instance", "group" or None.
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
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a W-Net needs at least 1 level below the first.")
        shape: dict[str, Any] = {"width": width, "depth": depth, "dims": dims, "norm": norm}
        self.segmenter = SeparableUNet(in_channels, classes, **shape)
        self.reconstructor = SeparableUNet(classes, in_channels, **shape)

    @classmethod
    def paper(cls, in_channels: int = 3, classes: int = 64) -> Self:
        """64 to 1024 channels in either U."""
        return cls(in_channels, classes, width=64, depth=4)

    def forward(self, image: Tensor) -> Tensor:
        return self.segmenter(image)  # (N, classes, *spatial)

    def reconstruct(self, logits: Tensor) -> Tensor:
        """The image that the second U-Net makes of the segments: logits (N, classes, *spatial) -> (N, in_channels, *spatial)."""
        return self.reconstructor(torch.softmax(logits, dim=1))
