"""Losses: `loss(logits, label)` with logits (N, C, *spatial) and integer label (N, *spatial) gives a scalar."""

from medsegedu.losses.boundary import boundary_loss
from medsegedu.losses.cldice import cldice_loss
from medsegedu.losses.consistency import consistency_loss
from medsegedu.losses.cross_entropy import cross_entropy
from medsegedu.losses.deep_supervision import DeepSupervision
from medsegedu.losses.dice import dice_loss
from medsegedu.losses.dice_ce import dice_ce_loss
from medsegedu.losses.focal import focal_loss
from medsegedu.losses.focal_tversky import focal_tversky_loss
from medsegedu.losses.generalized_dice import generalized_dice_loss
from medsegedu.losses.hybrid import hybrid_loss
from medsegedu.losses.iou import iou_loss
from medsegedu.losses.lovasz import lovasz_softmax_loss
from medsegedu.losses.ms_ssim import ms_ssim_loss
from medsegedu.losses.pseudo_label import cross_pseudo_loss, pseudo_label
from medsegedu.losses.soft_ncut import soft_ncut_loss
from medsegedu.losses.tversky import tversky_loss

__all__ = [
    "DeepSupervision", "boundary_loss", "cldice_loss", "consistency_loss", "cross_entropy", "cross_pseudo_loss",
    "dice_ce_loss", "dice_loss", "focal_loss", "focal_tversky_loss", "generalized_dice_loss", "hybrid_loss", "iou_loss",
    "lovasz_softmax_loss", "ms_ssim_loss", "pseudo_label", "soft_ncut_loss", "tversky_loss",
]  # fmt: skip
