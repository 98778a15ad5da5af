"""What exercise 2.5 is made of: the reference, and a network that insists on its sizes."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters

Network = Callable[[Tensor], Tensor]


def reference(network: Network, image: Tensor, multiple: int) -> Tensor:
    """Run a network that wants multiples of `multiple` on an image (N, C, H, W) of any size -> logits (N, K, H, W)."""
    height, width = image.shape[2:]
    bottom, right = -height % multiple, -width % multiple  # what is lacking to the next multiple
    padded = F.pad(image, (0, right, 0, bottom), mode="replicate")  # (N, C, H + bottom, W + right)
    return network(padded)[..., :height, :width]  # (N, K, H, W)


class Halving(nn.Module):
    """A small network that insists on its sizes, and whose answer depends on the whole neighbourhood.

    Raises:
        RuntimeError: the image's height or width is no multiple.
    """

    def __init__(self, channels: int, classes: int, multiple: int) -> None:
        super().__init__()
        self.multiple = multiple
        self.fine = nn.Conv2d(channels, classes, 3, padding=1)
        self.coarse = nn.Conv2d(channels, classes, multiple, stride=multiple)
        fill_parameters(self)

    def forward(self, image: Tensor) -> Tensor:
        if any(size % self.multiple for size in image.shape[2:]):
            raise RuntimeError(f"this network takes multiples of {self.multiple} only")
        return self.fine(image) + F.interpolate(self.coarse(image), scale_factor=self.multiple, mode="bilinear")


def draw(random: Random, multiple: int, *size: int) -> tuple[Any, ...]:
    return Halving(2, 3, multiple), random.tensor(2, 2, *size), multiple
