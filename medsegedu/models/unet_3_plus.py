"""UNet 3+: every level of the decoder reads all scales at once, and a classifier vetoes organs that are not there.

H. Huang, L. Lin, R. Tong, H. Hu, Q. Zhang, Y. Iwamoto, X. Han, Y.-W. Chen, J. Wu, "UNet 3+: A Full-Scale Connected UNet for
Medical Image Segmentation", ICASSP 2020. `UNet3Plus.paper(1)` has 26,970,625 parameters (the paper's 26.97M), `paper(3)`
26,971,777, with deep supervision 26,989,637 and with the classification-guided module too 26,991,687. These hold when each
convolution keeps its bias although a normalisation follows.

Deviations: the classification-guided module (see guide.py) decides for each class but the background, not for one organ. Sizes
that 2**depth does not divide are padded as for UNet. Default: 16 channels, not 64.
"""

import itertools
from collections.abc import Sequence
from typing import Self

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
)
from medsegedu.models.guide import Guide, veto


class UNet3Plus(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background; 1 for an organ without background.
        width: channels of the first level, which double at each level, and of each branch of a full-scale skip.
        depth: how often the image is halved.
        dims: 2 or 3.
        norm: "batch", the paper's, "instance", "group" or None.
        deep_supervision: a head on every level, for training; `forward` gives the finest in any case.
        guided: the classification-guided module, which says of each class but the background whether the image shows it.
            It needs a loss of its own (see `presence`); in eval mode the logits then exclude what it denies.
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
        guided: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a UNet 3+ needs at least 1 level below the first.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        encoded = [width * 2**level for level in range(depth + 1)]
        decoded = [(depth + 1) * width] * depth + encoded[-1:]  # the deepest level has no decoder

        self.encoder = nn.ModuleList()
        for level, (before, after) in enumerate(itertools.pairwise([in_channels, *encoded])):
            pool = [max_pool(dims)(2)] if level else []
            twice = _conv_relu(before, after, dims, norm) + _conv_relu(after, after, dims, norm)
            self.encoder.append(nn.Sequential(*pool, *twice))
        self.decoder = nn.ModuleList(
            FullScale(level, encoded[: level + 1] + decoded[level + 1 :], width, dims=dims, norm=norm)
            for level in range(depth)
        )
        scored = decoded if deep_supervision else decoded[:1]
        self.scores = nn.ModuleList(
            nn.Sequential(conv(dims)(channels, classes, 3, padding=1), _enlarge(2**level, dims))
            for level, channels in enumerate(scored)
        )
        self.guide = Guide(encoded[-1], classes, dims) if guided else None
        self.apply(initialise)
        if self.guide is not None:
            self.guide.start()

    @classmethod
    def paper(
        cls, in_channels: int = 3, classes: int = 1, *, deep_supervision: bool = False, guided: bool = False
    ) -> Self:
        """The paper's network: 64 to 1024 channels, 320 in the decoder."""
        return cls(in_channels, classes, width=64, deep_supervision=deep_supervision, guided=guided)

    def forward(self, image: Tensor) -> Tensor:
        maps = self._decode(self._encode(image))
        return self._logits(image, maps, levels=1)[0]  # (N, classes, *spatial)

    def heads(self, image: Tensor) -> list[Tensor]:
        """The logits (N, classes, *spatial) of each head, from the deepest level to the full resolution."""
        maps = self._decode(self._encode(image))
        return self._logits(image, maps, levels=len(self.scores))

    def presence(self, image: Tensor) -> Tensor:
        """The guide's logits (N, classes - 1), positive where the image shows the class; the background is not asked.

        Its loss: `F.binary_cross_entropy_with_logits(model.presence(image), present_classes(label, classes))`.
        """
        if self.guide is None:
            raise UserError("This UNet 3+ has no classification-guided module; build it with guided=True.")
        return self.guide(self._encode(image)[-1])

    def _encode(self, image: Tensor) -> list[Tensor]:
        """The encoder's map of each level, from the full resolution down."""
        check_image(image, self.in_channels, self.dims)
        check_statistics(self.norm, self.training, len(image), tuple(image.shape[2:]), self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth
        maps = []
        for stage in self.encoder:
            x = stage(x)  # twice the channels, half the size
            maps.append(x)
        return maps

    def _decode(self, maps: list[Tensor]) -> list[Tensor]:
        """Replace the encoder's maps by the decoder's, in place and from below: each reads encoders above, decoders below."""
        for level in reversed(range(self.depth)):
            maps[level] = self.decoder[level](maps)  # (N, (depth + 1) * width, *spatial / 2**level)
        return maps

    def _logits(self, image: Tensor, maps: list[Tensor], levels: int) -> list[Tensor]:
        """The logits of the first `levels` levels, of the image's size, the finest last."""
        heads = []
        for level in reversed(range(levels)):
            logits = self.scores[level](maps[level])  # (N, classes, *spatial)
            heads.append(crop(logits, (0,) * self.dims, tuple(image.shape[2:])))
        if self.guide is None or self.training:
            return heads
        presence = self.guide(maps[-1])  # (N, classes - 1)
        return [veto(head, presence) for head in heads]


class FullScale(nn.Module):
    """A decoder's level: all levels' maps, brought to one size and `width` channels each, joined, and a convolution.

    Maps (N, channels[k], *spatial / 2**k), k = 0, 1... -> (N, len(channels) * width, *spatial / 2**level).
    """

    def __init__(
        self, level: int, channels: Sequence[int], width: int, *, dims: int = 2, norm: Norm | None = "batch"
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList()
        for k, before in enumerate(channels):
            resize = max_pool(dims)(2 ** (level - k)) if k < level else _enlarge(2 ** (k - level), dims)
            self.branches.append(nn.Sequential(resize, *_conv_relu(before, width, dims, norm)))
        joined = len(channels) * width
        self.fuse = nn.Sequential(*_conv_relu(joined, joined, dims, norm))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        branches = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]  # (N, width, *size) each
        return self.fuse(torch.cat(branches, dim=1))  # (N, len(channels) * width, *size)


def _conv_relu(in_channels: int, out_channels: int, dims: int, norm: Norm | None) -> list[nn.Module]:
    return [
        conv(dims)(in_channels, out_channels, 3, padding=1),
        norm_layer(norm, out_channels, dims),
        nn.ReLU(inplace=True),
    ]


def _enlarge(factor: int, dims: int) -> nn.Module:
    """Bilinear (in 3D trilinear) enlargement, with the pixels' outer edges aligned."""
    return nn.Upsample(scale_factor=factor, mode=("bilinear", "trilinear")[dims - 2]) if factor > 1 else nn.Identity()
