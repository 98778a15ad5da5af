"""Soft Dice loss: 1 - 2 |P and T| / (|P| + |T|), with probabilities in place of the mask P.

F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net", 3DV 2016 (with squared terms in the denominator there); without squares:
M. Drozdzal et al., "The Importance of Skip Connections in Biomedical Image Segmentation", 2016. Each class counts the same,
however few pixels it has. What an absent class costs is told in `losses.overlap`.
"""

from torch import Tensor

from medsegedu.losses.overlap import Empty, Over, overlap


def dice_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples and classes of 1 - (2 |P and T| + eps) / (|P| + |T| + eps).

    Args:
        logits: (N, C, *spatial); the softmax is taken here.
        label: (N, *spatial) integers from 0 to C - 1.
        ignore_index: pixels with this label count neither as predicted nor as true.
        include_background: whether class 0 counts as a class too.
        over: "sample" measures each sample alone and averages, so each patient counts the same; "batch" measures the batch
            as if it were one image, so a large object outweighs small ones.
        empty: what a class costs that has no true pixel in the sample ("sample") or in the batch ("batch"): its mean
            probability ("false positives"), or the formula as it stands ("smooth").
        eps: keeps the fraction defined.

    Returns:
        A scalar in 0..1; sums are taken in float32 at least, also for logits of half precision.
    """
    sums = overlap(logits, label, ignore_index=ignore_index, include_background=include_background, over=over)
    loss = 1 - (2 * sums.both + eps) / (sums.claimed + sums.true + eps)  # (N, C) or (C,)
    return sums.settle(loss, empty).mean()
