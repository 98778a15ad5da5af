"""3D U-Net: the U-Net for volumes, which doubles its channels before each pool so that no layer becomes a bottleneck.

O. Cicek, A. Abdulkadir, S. S. Lienkamp, T. Brox, O. Ronneberger, "3D U-Net: Learning Dense Volumetric Segmentation from Sparse
Annotation", MICCAI 2016. `UNet3D.paper()`, also `UNet.paper(3, 3, dims=3)`, has the paper's 19,069,955 parameters and turns
132 x 132 x 116 voxels into 44 x 44 x 28. That count holds when convolutions have biases, deconvolutions none and the batch
normalisation neither scale nor shift, so it is built so.

Deviations in `UNet3D.paper()`: the paper normalises by the statistics of the present batch in prediction too; here
`model.eval()` uses running averages, as everywhere. Deviations in the default: 16 channels in the first skip, not 64, and
"same" padding, as for UNet.
"""

import itertools
from collections.abc import Sequence
from typing import Self

from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import Padding, conv, crop_and_concat, initialise, max_pool, up_conv
from medsegedu.models.unet import UNet


class UNet3D(UNet):
    """A UNet with the blocks of the 3D U-Net: volumes (N, in_channels, *spatial) -> logits (N, classes, *spatial).

    Args:
        in_channels, classes, padding, skips: as for UNet.
        width: channels of the first skip, even: the first convolution has half of them.
        depth: how often the volume is halved.
        dims: 3, or 2 for the same blocks on images.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 3,
        dims: int = 3,
        padding: Padding = "same",
        skips: bool | Sequence[bool] = True,
    ) -> None:
        if width < 2 or width % 2:
            raise UserError(
                f"width is {width}; choose an even number: the first convolution has half as many channels."
            )
        super().__init__(
            in_channels, classes, width=width, depth=depth, dims=dims, padding=padding, norm="batch", skips=skips
        )
        widths = [width * 2**level for level in range(depth + 1)]
        self.first = _Block(in_channels, width // 2, width, dims, padding)
        self.down = nn.ModuleList(
            nn.Sequential(max_pool(dims)(2), _Block(above, above, below, dims, padding))
            for above, below in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(_Up(below, above, dims, padding) for below, above in itertools.pairwise(widths[::-1]))
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 3, classes: int = 3, *, dims: int = 3) -> Self:
        """The paper's network: 64 to 512 channels in the skips, three pools, valid convolutions."""
        return cls(in_channels, classes, width=64, depth=3, dims=dims, padding="valid")


class _Block(nn.Sequential):
    """(3x3x3 convolution, normalisation, ReLU) twice: (N, before, *spatial) -> (N, after, *spatial)."""

    def __init__(self, before: int, between: int, after: int, dims: int, padding: Padding) -> None:
        margin = 1 if padding == "same" else 0
        norm = (nn.BatchNorm2d, nn.BatchNorm3d)[dims - 2]
        layers: list[nn.Module] = []
        for channels, out_channels in ((before, between), (between, after)):
            layers += [
                conv(dims)(channels, out_channels, 3, padding=margin),
                norm(out_channels, affine=False),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class _Up(nn.Module):
    """One step up: a 2x2x2 deconvolution that keeps its channels, join with the skip, two convolutions."""

    def __init__(self, below: int, above: int, dims: int, padding: Padding) -> None:
        super().__init__()
        self.enlarge = up_conv(dims)(below, below, 2, stride=2, bias=False)
        self.block = _Block(below + above, above, above, dims, padding)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = self.enlarge(x)  # (N, below, *2 spatial)
        joined = crop_and_concat(up, skip)  # (N, above + below, *2 spatial)
        return self.block(joined)  # (N, above, *2 spatial)
