"""Soft IoU loss, or Jaccard loss: 1 - |P and T| / |P or T|, with probabilities in place of the mask P.

M. A. Rahman, Y. Wang, "Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation", ISVC 2016. It ranks
answers as Dice does, and is the larger of the two: IoU loss = 2 D / (1 + D) of a Dice loss D.
"""

from torch import Tensor

from medsegedu.losses.overlap import Empty, Over, overlap


def iou_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples and classes of 1 - (|P and T| + eps) / (|P| + |T| - |P and T| + eps); 0..1.

    The arguments are those of `dice_loss`; an absent class costs its mean probability unless empty="smooth".
    """
    sums = overlap(logits, label, ignore_index=ignore_index, include_background=include_background, over=over)
    loss = 1 - (sums.both + eps) / (sums.claimed + sums.true - sums.both + eps)  # (N, C) or (C,)
    return sums.settle(loss, empty).mean()
