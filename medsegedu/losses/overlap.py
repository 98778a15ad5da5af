"""What the overlap losses share: probabilities and truth class by class, sums over them, and the price of an absent class.

An absent class is the hard case of such a loss: without one true pixel the intersection is 0 whatever the network says. Two
answers are offered, and neither makes false positives free:

- empty="false positives": the class costs its mean probability, that is the part of the image that it claims falsely. The
  loss falls steadily to 0 as the false claims vanish, with the same gradient all the way.
- empty="smooth": the formula as it stands, for Dice 1 - eps / (|P| + eps), as in MONAI. It stays near 1 until the class
  claims less than about eps pixels, so its gradient is close to nothing and only another loss removes the false positives.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from medsegedu.losses.check import check_choice, check_loss_input

Over = Literal["sample", "batch"]
Empty = Literal["false positives", "smooth"]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Sums over the counted pixels, per sample and class (N, C) or, over the batch, per class (C,).

    Attributes:
        claimed: sum of the probabilities, a soft number of predicted pixels.
        true: number of true pixels.
        both: sum of the probabilities of the true pixels.
        pixels: number of counted pixels, at least 1; (N, 1) or (1,).
    """

    claimed: Tensor
    true: Tensor
    both: Tensor
    pixels: Tensor

    def settle(self, loss: Tensor, empty: Empty = "false positives") -> Tensor:
        """`loss` of each class, or for an absent class what `empty` says that it costs."""
        check_choice("empty", empty, get_args(Empty))
        return loss if empty == "smooth" else torch.where(self.true > 0, loss, self.claimed / self.pixels)


def overlap(
    logits: Tensor, label: Tensor, *, ignore_index: int | None, include_background: bool, over: Over
) -> Overlap:
    """Count what logits (N, C, *spatial) and label (N, *spatial) claim, hold and share; in float32 at least."""
    return measure(*class_maps(logits, label, ignore_index, include_background), over)


def class_maps(
    logits: Tensor, label: Tensor, ignore_index: int | None, include_background: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities and truth (N, C, *spatial), C without class 0 unless it is included, and counts (N, 1, *spatial).

    All three are 0 at ignored pixels; counts is 1 elsewhere.
    """
    check_loss_input(logits, label, ignore_index)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    counts = torch.ones_like(label, dtype=dtype)[:, None]  # (N, 1, *spatial)
    if ignore_index is not None:
        counts = counts * (label != ignore_index)[:, None]
    probabilities = torch.softmax(mute(logits, label, ignore_index), dim=1, dtype=dtype) * counts  # (N, C, *spatial)
    classes = torch.arange(logits.shape[1], device=label.device).view(-1, *[1] * (label.ndim - 1))  # (C, 1, ..., 1)
    truth = (label[:, None] == classes) * counts  # (N, C, *spatial)
    first = 0 if include_background else 1
    return probabilities[:, first:], truth[:, first:], counts


def measure(probabilities: Tensor, truth: Tensor, counts: Tensor, over: Over) -> Overlap:
    """Add up the maps of `class_maps`, sample by sample or over the batch."""
    check_choice("over", over, get_args(Over))
    axes = tuple(range(2, truth.ndim)) if over == "sample" else (0, *range(2, truth.ndim))
    return Overlap(
        claimed=probabilities.sum(axes),  # (N, C) or (C,), as the next two
        true=truth.sum(axes),
        both=(probabilities * truth).sum(axes),
        pixels=counts.sum(axes).clamp(min=1),  # (N, 1) or (1,)
    )


def mute(logits: Tensor, label: Tensor, ignore_index: int | None) -> Tensor:
    """Logits that are 0 at ignored pixels, so that nothing there, not even infinity, reaches a loss or a gradient."""
    return logits if ignore_index is None else logits.masked_fill((label == ignore_index)[:, None], 0)
