"""Image and label as the channels of one picture, as a network that makes both of them needs it."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.case import Dataset
from medsegedu.errors import UserError


@dataclass(frozen=True)
class Joint:
    """The way from an image and its label to a **pair** in -1..1, and back: contrasts first, then a channel for each class.

    Args:
        low, high: the intensities that become -1 and 1; what lies beyond is cut off.
        classes: how many, with the background.
    """

    low: float
    high: float
    classes: int

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UserError(f"low is {self.low} and high {self.high}; high must be the larger one.")

    @classmethod
    def of(cls, train: Dataset) -> "Joint":
        """From the lowest to the highest intensity of these images, which should be those for training."""
        low, high = min(float(c.image.min()) for c in train), max(float(c.image.max()) for c in train)
        return cls(low, high, len(train.classes))

    def join(self, image: Tensor, label: Tensor) -> Tensor:
        """image (N, C, *spatial), label (N, *spatial) -> pair (N, C + classes, *spatial); a class is 1 where it is, else -1."""
        unit = (2 * (image - self.low) / (self.high - self.low) - 1).clamp(-1, 1)
        return torch.cat([unit, 2 * self.mask(label).to(image) - 1], 1)

    def part(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """A pair, made or real -> image (N, C, *spatial) in its own intensities, and label (N, *spatial): the strongest class."""
        unit, mask = pair[:, : -self.classes], pair[:, -self.classes :]
        return (unit + 1) / 2 * (self.high - self.low) + self.low, mask.argmax(1)

    def mask(self, label: Tensor) -> Tensor:
        """label (N, *spatial) -> one-hot (N, classes, *spatial), 0 and 1, int64."""
        return F.one_hot(label, self.classes).movedim(-1, 1)
