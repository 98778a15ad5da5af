"""R2U-Net: a U-Net whose convolutions look again (recurrent) and whose blocks add to their input (residual).

M. Z. Alom, M. Hasan, C. Yakopcic, T. M. Taha, V. K. Asari, "Recurrent Residual Convolutional Neural Network based on U-Net
(R2U-Net) for Medical Image Segmentation", 2018. Steps cost time and no parameters. `R2UNet.paper()` has 39,091,265 parameters for
1 contrast and 1 class, as the best-known public form, with 64 to 1024 channels.

Deviations in `R2UNet.paper()`, all as in the public form: one kernel for input and state, where the paper's formula has two
(`kernels=2`, then 70,492,545 without the idle biases); the widths; the enlarging (repeated pixels, then a 3x3 convolution);
biases before a normalisation. Deviations in the default: 16 channels; two kernels, as in the paper's formula.
"""

import itertools
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import Norm, check_image, check_statistics, conv, crop, initialise, max_pool, pad_to_multiple
from medsegedu.layers.recurrent import RecurrentConv
from medsegedu.layers.unit import ResizeConv


class RecurrentResidualBlock(nn.Module):
    """(N, in_channels, *spatial) -> (N, out_channels, *spatial): a 1x1 convolution, plus two recurrent convolutions of it."""

    def __init__(self, in_channels: int, out_channels: int, *, dims: int = 2, **options: Any) -> None:
        super().__init__()
        self.match = conv(dims)(in_channels, out_channels, 1)
        self.recurrent = nn.Sequential(*(RecurrentConv(out_channels, dims=dims, **options) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.match(x)  # (N, out, *spatial)
        return x + self.recurrent(x)


class R2UNet(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of the first level; they double at each level.
        depth: how often the image is halved.
        dims: 2 or 3.
        steps: how often each recurrent convolution looks again; `model.steps = 3` changes it at any time.
        kernels: 2, the paper's, or 1 kernel for input and state.
        norm: "batch", "instance", "group" or None.
        bias: biases before a normalisation too, as in the public form; they change nothing but the count.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 4,
        dims: int = 2,
        steps: int = 2,
        kernels: Literal[1, 2] = 2,
        norm: Norm | None = "batch",
        bias: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; an R2U-Net needs at least 1 level below the first.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        widths = [width * 2**level for level in range(depth + 1)]
        shared: dict[str, Any] = {"dims": dims, "norm": norm, "bias": bias}
        block: dict[str, Any] = {**shared, "steps": steps, "kernels": kernels}
        self.pool = max_pool(dims)(2)
        self.down = nn.ModuleList(
            RecurrentResidualBlock(above, below, **block) for above, below in itertools.pairwise([in_channels, *widths])
        )
        pairs = list(itertools.pairwise(widths[::-1]))
        self.enlarge = nn.ModuleList(ResizeConv(below, above, **shared) for below, above in pairs)
        self.up = nn.ModuleList(RecurrentResidualBlock(2 * above, above, **block) for _, above in pairs)
        self.head = conv(dims)(width, classes, 1)
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 2) -> Self:
        """The paper's network in its best-known public form: 64 to 1024 channels, one kernel, two steps."""
        return cls(in_channels, classes, width=64, depth=4, steps=2, kernels=1, bias=True)

    @property
    def steps(self) -> int:
        """How often each recurrent convolution looks again."""
        return next(layer.steps for layer in self.modules() if isinstance(layer, RecurrentConv))

    @steps.setter
    def steps(self, steps: int) -> None:
        if steps < 0:
            raise UserError(f"steps is {steps}; choose 0 for ordinary convolutions, or more.")
        for layer in self.modules():
            if isinstance(layer, RecurrentConv):
                layer.steps = steps

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        levels = [self.down[0](x)]  # (N, width, *spatial)
        for down in self.down[1:]:
            levels.append(down(self.pool(levels[-1])))  # twice the channels, half the size
        x = levels.pop()
        for enlarge, up in zip(self.enlarge, self.up, strict=True):
            x = up(torch.cat([levels.pop(), enlarge(x)], dim=1))  # half the channels, twice the size
        return crop(self.head(x), (0,) * self.dims, size)  # (N, classes, *spatial)
