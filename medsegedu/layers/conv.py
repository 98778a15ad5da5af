"""The block that every U-shaped network repeats: convolution, normalisation, ReLU, twice; in 2D and in 3D.

`conv(dims)`, `up_conv(dims)` and `max_pool(dims)` give torch's class for 2 or 3 dimensions, so that a network is written
once: `conv(2)(1, 8, 3)` is `nn.Conv2d(1, 8, 3)`.
"""

import math
from typing import Literal

from torch import nn

from medsegedu.errors import UserError

Norm = Literal["batch", "instance", "group"]
Padding = Literal["same", "valid"]


def conv(dims: int) -> type[nn.Conv2d] | type[nn.Conv3d]:
    """torch's convolution for images of `dims` dimensions."""
    return (nn.Conv2d, nn.Conv3d)[_index(dims)]


def up_conv(dims: int) -> type[nn.ConvTranspose2d] | type[nn.ConvTranspose3d]:
    """torch's transposed convolution (the papers' "up-convolution" or "deconvolution") for `dims` dimensions."""
    return (nn.ConvTranspose2d, nn.ConvTranspose3d)[_index(dims)]


def max_pool(dims: int) -> type[nn.MaxPool2d] | type[nn.MaxPool3d]:
    """torch's max-pooling for images of `dims` dimensions."""
    return (nn.MaxPool2d, nn.MaxPool3d)[_index(dims)]


def norm_layer(norm: Norm | None, channels: int, dims: int) -> nn.Module:
    """Normalisation of (N, channels, *spatial); `None` changes nothing.

    - "batch": over the batch and the image, a channel at a time (Ioffe & Szegedy 2015); needs more than one value
    - "instance": over the image only, so that a patient never depends on the others in its batch (Ulyanov 2016)
    - "group": over the image and a group of at most 8 channels (Wu & He 2018)
    """
    if norm is None:
        return nn.Identity()
    if norm == "batch":
        return (nn.BatchNorm2d, nn.BatchNorm3d)[_index(dims)](channels)
    if norm == "instance":
        return (nn.InstanceNorm2d, nn.InstanceNorm3d)[_index(dims)](channels, affine=True)
    if norm == "group":
        return nn.GroupNorm(channels // math.gcd(8, channels), channels)
    raise UserError(f"norm is {norm!r}; choose 'batch', 'instance', 'group' or None.")


class ConvBlock(nn.Sequential):
    """(3x3 convolution, normalisation, ReLU) twice: (N, in_channels, *spatial) -> (N, out_channels, *spatial).

    With padding "valid" each convolution sees only real pixels, and the map loses 4 pixels along each axis; with "same" zeros
    surround it and the size stays. A convolution before a normalisation has no bias, because the normalisation would
    subtract it again.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dims: int = 2,
        padding: Padding = "same",
        norm: Norm | None = "batch",
    ) -> None:
        if padding not in ("same", "valid"):
            raise UserError(f"padding is {padding!r}; choose 'same' or 'valid'.")
        margin = 1 if padding == "same" else 0
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers += [
                conv(dims)(channels, out_channels, 3, padding=margin, bias=norm is None),
                norm_layer(norm, out_channels, dims),
                nn.ReLU(inplace=True),  # nobody needs the map before it: less memory, less time
            ]
        super().__init__(*layers)


def initialise(module: nn.Module) -> None:
    """He et al. 2015, as U-Net asks: Gaussian weights of variance 2 / inputs and zero biases. Use: `model.apply(initialise)`.

    Each layer then passes on the variance that it receives, which a deep network without normalisation needs in order to
    learn at all.
    """
    if isinstance(module, (nn.Conv2d, nn.Conv3d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _index(dims: int) -> int:
    if dims not in (2, 3):
        raise UserError(f"dims is {dims!r}; choose 2 for images or 3 for volumes.")
    return dims - 2
