"""Focal loss: cross-entropy in which a pixel counts the less the surer the network is of it, and rightly so.

T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal Loss for Dense Object Detection", ICCV 2017. Where most pixels are
easy background, their many small terms drown the few hard ones; the factor (1 - p)^gamma takes them away.

*Deviations.* The paper's classes are one sigmoid each; this is one softmax over the classes. With two classes they are the
same, the sigmoid's logit being the difference of the two. MONAI and Kornia average over the classes too, although every
pixel has one true class only, so theirs is this divided by C.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.losses.check import check_loss_input, check_number
from medsegedu.losses.overlap import mute
from medsegedu.losses.power import safe_power


def focal_loss(
    logits: Tensor,
    label: Tensor,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    ignore_index: int | None = None,
) -> Tensor:
    """Mean over all pixels of -alpha_c (1 - p)^gamma log(p), p being the probability of the pixel's true class c.

    Args:
        logits: (N, C, *spatial); the softmax is taken here.
        label: (N, *spatial) integers from 0 to C - 1, the background included.
        gamma: 0 is cross-entropy; the paper's best is 2.
        alpha: weight of the pixels of every foreground class, the background's being 1 - alpha; None: all weigh 1. The
            paper's best with gamma = 2 is 0.25, for objects, since gamma has quietened the background already.
        ignore_index: pixels with this label do not count; with none left the loss is 0, and its gradient too.

    Returns:
        A scalar >= 0; float32 at least, also for logits of half precision.
    """
    check_loss_input(logits, label, ignore_index)
    check_number("gamma", gamma, 0)
    logits = mute(logits, label, ignore_index).to(torch.promote_types(logits.dtype, torch.float32))
    counted = torch.ones_like(label, dtype=torch.bool) if ignore_index is None else label != ignore_index
    surprise = F.cross_entropy(logits, label.long() * counted, reduction="none")  # -log p, (N, *spatial)
    loss = safe_power(-torch.expm1(-surprise), gamma) * surprise * counted
    if alpha is not None:
        check_number("alpha", alpha, 0, 1)
        loss = torch.where(label == 0, (1 - alpha) * loss, alpha * loss)
    return loss.sum() / counted.sum().clamp(min=1)
