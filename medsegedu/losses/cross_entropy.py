"""Cross-entropy: the mean over the pixels of -log(probability of the true class)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.losses.check import check_loss_input
from medsegedu.losses.overlap import mute


def cross_entropy(logits: Tensor, label: Tensor, *, ignore_index: int | None = None) -> Tensor:
    """Mean over all pixels of all samples: each pixel weighs the same, so a large class outweighs a small one.

    Args:
        logits: (N, C, *spatial).
        label: (N, *spatial) integers from 0 to C - 1, the background included.
        ignore_index: pixels with this label do not count; with none left the loss is 0, and its gradient too.

    Returns:
        A scalar >= 0; float32 at least, also for logits of half precision.
    """
    check_loss_input(logits, label, ignore_index)
    logits = mute(logits, label, ignore_index).to(torch.promote_types(logits.dtype, torch.float32))
    label = label.long()
    if ignore_index is None:
        return F.cross_entropy(logits, label)
    total = F.cross_entropy(logits, label, ignore_index=ignore_index, reduction="sum")
    return total / (label != ignore_index).sum().clamp(min=1)
