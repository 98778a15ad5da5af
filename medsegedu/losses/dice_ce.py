"""Dice loss + cross-entropy, the usual pair (F. Isensee et al., "nnU-Net", Nature Methods 2021).

Cross-entropy gives each pixel a steady gradient; Dice gives small classes their say.
"""

from torch import Tensor

from medsegedu.losses.cross_entropy import cross_entropy
from medsegedu.losses.dice import dice_loss
from medsegedu.losses.overlap import Empty, Over


def dice_ce_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
) -> Tensor:
    """`dice_loss` + `cross_entropy` of logits (N, C, *spatial) and label (N, *spatial), with equal weights.

    `include_background`, `over` and `empty` concern the Dice part; cross-entropy always counts the background.
    """
    dice = dice_loss(
        logits, label, ignore_index=ignore_index, include_background=include_background, over=over, empty=empty
    )  # fmt: skip
    return dice + cross_entropy(logits, label, ignore_index=ignore_index)
