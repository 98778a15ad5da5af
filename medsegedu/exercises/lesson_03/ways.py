"""What exercise 3.4 is made of: the reference, random U-Nets in parts, and each half of the way for the mistakes."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.layers import ConvBlock, Norm, Padding, UpBlock

Modules = Sequence[nn.Module]


def reference(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    """(N, C, H, W) -> logits (N, classes, H, W): down through the encoder, up through the decoder, and the head."""
    x, skips = image, []
    for block in encoder[:-1]:
        x = block(x)
        skips.append(x)  # before the pool: the skip keeps the full size of its level
        x = F.max_pool2d(x, 2)  # (N, width, h / 2, w / 2)
    x = encoder[-1](x)  # the bottom: no pool, no skip
    for up in decoder:
        x = up(x, skips.pop())  # (N, width / 2, 2 h, 2 w); the skip stored last is the deepest
    return head(x)  # (N, classes, H, W)


def way_up(x: Tensor, skips: list[Tensor], decoder: Modules) -> Tensor:
    """The way up as it should be."""
    for step in decoder:
        x = step(x, skips.pop())
    return x


def way_down(image: Tensor, encoder: Modules) -> tuple[Tensor, list[Tensor]]:
    """The way down as it should be: the bottom's map, and the skips."""
    x, skips = image, []
    for block in encoder[:-1]:
        skips.append(block(x))
        x = F.max_pool2d(skips[-1], 2)
    return encoder[-1](x), skips


def u_parts(
    random: Random, size: tuple[int, int], widths: Sequence[int], padding: Padding = "same", norm: Norm | None = None
) -> tuple[Tensor, list[nn.Module], list[nn.Module], nn.Module]:
    """An image of `size`, the encoder, the decoder and the head of a U with these widths, all random but fixed."""
    channels = [1, *widths]
    encoder = [ConvBlock(a, b, padding=padding, norm=norm) for a, b in itertools.pairwise(channels)]
    decoder = [UpBlock(b, a, padding=padding, norm=norm) for a, b in itertools.pairwise(widths)][::-1]
    head = nn.Conv2d(widths[0], 3, 1)
    fill_parameters(nn.ModuleList([*encoder, *decoder, head]), random.seed)
    return random.tensor(2, 1, *size), list(encoder), list(decoder), head


class Zeroed(nn.Module):
    """A step up that gets zeros for its skip."""

    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.step(x, torch.zeros_like(skip))
