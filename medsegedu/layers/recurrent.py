"""Recurrent convolution: a layer that looks again at its input, each time with what it saw before.

M. Liang, X. Hu, "Recurrent Convolutional Neural Network for Object Recognition", CVPR 2015:

    z_t = w_f * x + w_r * h_(t-1),    h_t = relu(norm(z_t)),    h_0 = relu(norm(w_f * x))

The input stays, the state h changes. The same weights serve every step, so that more steps see farther (2 pixels more for a 3x3
kernel) without one parameter more.

kernels=2 is the paper's: w_f for the input, w_r for the state. kernels=1 is that of the public R2U-Nets: one kernel for both,
w * (x + h), half the parameters.

Deviations: batch normalisation, where the paper normalises locally; like the weights it is shared by all steps.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers.conv import Norm, conv, norm_layer


class RecurrentConv(nn.Module):
    """(N, channels, *spatial) -> (N, channels, *spatial): one look, and `steps` looks again.

    Args:
        channels: of the input and of the state.
        steps: how often the state is fed back; 0 is an ordinary convolution. May be changed at any time.
        kernels: 2, the paper's, or 1, shared by input and state.
        kernel: its odd size along each axis.
        bias: also before a normalisation.
    """

    def __init__(
        self,
        channels: int,
        *,
        steps: int = 2,
        kernels: Literal[1, 2] = 2,
        kernel: int = 3,
        dims: int = 2,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__()
        if kernels not in (1, 2):
            raise UserError(f"kernels is {kernels!r}; choose 2, the paper's, or 1, shared by the input and the state.")
        if steps < 0:
            raise UserError(f"steps is {steps}; choose 0 for an ordinary convolution, or more.")
        self.steps = steps
        padding = kernel // 2
        self.input = conv(dims)(channels, channels, kernel, padding=padding, bias=bias or norm is None)
        self.state = conv(dims)(channels, channels, kernel, padding=padding, bias=False) if kernels == 2 else None
        self.norm = norm_layer(norm, channels, dims)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.input(x)  # (N, C, *spatial), as everything below
        h = F.relu(self.norm(seen))
        for _ in range(self.steps):
            z = self.input(x + h) if self.state is None else seen + self.state(h)
            h = F.relu(self.norm(z))
        return h
