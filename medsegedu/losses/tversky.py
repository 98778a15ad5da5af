"""Tversky loss: a Dice loss in which false positives and false negatives have prices of their own.

S. S. M. Salehi, D. Erdogmus, A. Gholipour, "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep
Networks", MLMI 2017, who found beta = 0.7 best for small lesions: a missed pixel then costs more than a false one. With
alpha = beta = 0.5 it is the Dice loss, with alpha = beta = 1 the IoU loss. Some papers and libraries swap the two letters;
here, as in Salehi's paper, *alpha is the price of false positives*, *beta of false negatives*.
"""

from torch import Tensor

from medsegedu.losses.check import check_number
from medsegedu.losses.overlap import Empty, Over, Overlap, overlap


def tversky_loss(
    logits: Tensor,
    label: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples and classes of 1 - (TP + eps) / (TP + alpha FP + beta FN + eps); 0..1.

    Args:
        alpha: price of the false positives FP; more of it and the network claims less.
        beta: price of the false negatives FN; more of it and the network misses less.

    The other arguments are those of `dice_loss`; an absent class costs its mean probability, whatever alpha, unless
    empty="smooth".
    """
    sums = overlap(logits, label, ignore_index=ignore_index, include_background=include_background, over=over)
    return sums.settle(tversky_by_class(sums, alpha, beta, eps), empty).mean()


def tversky_by_class(sums: Overlap, alpha: float, beta: float, eps: float) -> Tensor:
    """1 - Tversky index of every class, (N, C) or (C,)."""
    check_number("alpha", alpha, 0)
    check_number("beta", beta, 0)
    false_positives, false_negatives = sums.claimed - sums.both, sums.true - sums.both
    return 1 - (sums.both + eps) / (sums.both + alpha * false_positives + beta * false_negatives + eps)
