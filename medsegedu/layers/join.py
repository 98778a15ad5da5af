"""How a decoder meets its encoder in a U-Net: enlarge, join with the centre of the skip, convolve."""

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers.conv import ConvBlock, Norm, Padding, up_conv
from medsegedu.layers.size import crop


def crop_and_concat(up: Tensor, skip: Tensor) -> Tensor:
    """Join a decoder's map (N, C, *small) with the centre of a skip (N, D, *large) -> (N, D + C, *small).

    The same margin is cut from both sides, because a valid convolution ate the same on both sides; of an odd margin the
    smaller half comes off the start. The skip's channels come first. Nothing is padded.

    Raises:
        UserError: the skip is smaller than `up`, or the two differ in batch or number of axes.
    """
    small, large = tuple(up.shape[2:]), tuple(skip.shape[2:])
    if up.ndim != skip.ndim or up.shape[0] != skip.shape[0] or any(b < s for s, b in zip(small, large, strict=False)):
        raise UserError(
            f"Cannot cut a skip of shape {tuple(skip.shape)} to a map of shape {tuple(up.shape)}: both need the same batch and "
            f"number of axes, and the skip must be at least as large along each; check the order (up, skip)."
        )
    start = tuple((b - s) // 2 for s, b in zip(small, large, strict=True))
    centre = crop(skip, start, small)  # (N, D, *small)
    return torch.cat([centre, up], dim=1)  # (N, D + C, *small)


class UpBlock(nn.Module):
    """One step of the expanding path: 2x2 up-convolution, join with the skip, two convolutions.

    (N, in_channels, *spatial) and a skip (N, out_channels, *at least 2 spatial) -> (N, out_channels, *2 spatial), or 4 pixels
    less along each axis with padding "valid". In the paper out_channels is half of in_channels.
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
        super().__init__()
        self.enlarge = up_conv(dims)(in_channels, out_channels, 2, stride=2)
        self.block = ConvBlock(2 * out_channels, out_channels, dims=dims, padding=padding, norm=norm)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = self.enlarge(x)  # (N, out, *2 spatial)
        joined = crop_and_concat(up, skip)  # (N, 2 out, *2 spatial)
        return self.block(joined)  # (N, out, *2 spatial)
