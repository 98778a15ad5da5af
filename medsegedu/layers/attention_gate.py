"""Attention gate: the decoder, which knows what it looks for, dims the skip wherever that is not.

O. Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", MIDL 2018. Skip and gating signal are brought to the
same number of channels by 1x1 convolutions (theta, phi) and added; where the sum is positive a third (psi) turns it into one
number per pixel, and a sigmoid into a factor from 0 to 1 for all channels of the skip.

`AttentionGate` is the form of the public 2D networks: everything on the skip's grid, each convolution normalised.
`GridAttentionGate` is the paper's: it decides on the coarser grid of its gating signal, and ends in a 1x1 convolution.

Deviations: biases before a normalisation only with bias=True, as the public code has them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers.attention import Attention
from medsegedu.layers.conv import Norm, conv, norm_layer


class AttentionGate(Attention):
    """A skip (N, skip_channels, *spatial) and a gating signal (N, gate_channels, *any size) -> the skip, dimmed.

    Args:
        skip_channels, gate_channels: of the two inputs.
        inner_channels: in which they are compared; the public 2D networks take half of skip_channels.
        dims: 2 or 3.
        stride: theta's kernel and stride; 2 decides on a grid half as fine.
        norm: after each convolution; None as in the paper.
        bias: biases before a normalisation too.
    """

    def __init__(
        self,
        skip_channels: int,
        gate_channels: int,
        inner_channels: int,
        *,
        dims: int = 2,
        stride: int = 1,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__()
        bias_psi = bias or norm is None
        self.theta = nn.Sequential(
            conv(dims)(skip_channels, inner_channels, stride, stride, bias=bias and norm is not None),
            norm_layer(norm, inner_channels, dims),
        )
        self.phi = nn.Sequential(
            conv(dims)(gate_channels, inner_channels, 1, bias=bias_psi),  # without norm its bias serves theta too
            norm_layer(norm, inner_channels, dims),
        )
        self.psi = nn.Sequential(conv(dims)(inner_channels, 1, 1, bias=bias_psi), norm_layer(norm, 1, dims))
        self.stride, self.mode = stride, ("bilinear", "trilinear")[dims - 2]

    def attention(self, skip: Tensor, gate: Tensor) -> Tensor:
        """The factor of each pixel, 0 to 1: (N, 1, *spatial), as fine as the skip."""
        if any(size < self.stride for size in skip.shape[2:]):
            raise UserError(
                f"The skip has shape {tuple(skip.shape)}; a gate of stride {self.stride} needs at least {self.stride} pixels "
                f"along each axis."
            )
        seen = self.theta(skip)  # (N, inner, *spatial / stride)
        sought = self._resize(self.phi(gate), seen)  # (N, inner, *spatial / stride)
        score = self.psi(F.relu(seen + sought))  # (N, 1, *spatial / stride)
        return self._resize(torch.sigmoid(score), skip)  # (N, 1, *spatial)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        return skip * self.attention(skip, gate)  # (N, skip_channels, *spatial)

    def _resize(self, x: Tensor, like: Tensor) -> Tensor:
        size = like.shape[2:]
        return x if x.shape[2:] == size else F.interpolate(x, size, mode=self.mode)


class GridAttentionGate(AttentionGate):
    """The paper's gate: theta is a 2x2 convolution of stride 2 without bias, and the dimmed skip is mixed by a 1x1 convolution.

    A skip (N, skip_channels, *at least 2 spatial) and a coarser gating signal (N, gate_channels, *any size) ->
    (N, skip_channels, *spatial).
    """

    def __init__(
        self,
        skip_channels: int,
        gate_channels: int,
        inner_channels: int,
        *,
        dims: int = 3,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__(skip_channels, gate_channels, inner_channels, dims=dims, stride=2, norm=None)
        self.mix = nn.Sequential(
            conv(dims)(skip_channels, skip_channels, 1, bias=bias or norm is None),
            norm_layer(norm, skip_channels, dims),
        )

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        return self.mix(super().forward(skip, gate))  # (N, skip_channels, *spatial)
