"""Generalized Dice loss: one Dice of all classes together, each weighted by 1 / (its true volume) squared.

C. H. Sudre et al., "Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced Segmentations", DLMIA
2017. The weight makes up for the size of a class, so the background is counted as a class like any other.

*Deviations.* The paper's weight of an absent class is 1 / 0; see `empty`. Weights are taken relative to that of the smallest
class present, which leaves the fraction as it is; only so does eps stay small beside 1 / volume squared, which for a class of
a thousand pixels is a millionth.
"""

import torch
from torch import Tensor

from medsegedu.losses.overlap import Empty, Over, overlap


def generalized_dice_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = True,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples of 1 - (2 sum_c w_c |P_c and T_c| + eps) / (sum_c w_c (|P_c| + |T_c|) + eps); 0..1.

    Args:
        empty: an absent class, with "false positives", stays out of the fraction: each class has one vote, the present ones
            vote the fraction and an absent one its mean probability. With "smooth" it joins the fraction with the largest
            weight of those present, as in MONAI; but where MONAI's loss is 0 with no class present at all, whatever the
            network claims, here false positives cost about 1.

    The other arguments are those of `dice_loss`.
    """
    sums = overlap(logits, label, ignore_index=ignore_index, include_background=include_background, over=over)
    present = sums.true > 0  # (N, C) or (C,), as the next two
    volume = sums.true.masked_fill(~present, torch.inf)
    weight = (volume.amin(-1, keepdim=True) / volume) ** 2  # 1 for the smallest class
    weight = torch.where(present, weight, 1.0 if empty == "smooth" else 0.0)
    both, sizes = (weight * sums.both).sum(-1), (weight * (sums.claimed + sums.true)).sum(-1)  # (N,) or ()
    fraction = 1 - (2 * both + eps) / (sizes + eps)
    return sums.settle(fraction[..., None].expand(present.shape), empty).mean()
