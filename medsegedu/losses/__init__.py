"""Losses: `loss(logits, label)` with logits (N, C, *spatial) and integer label (N, *spatial) gives a scalar."""

from medsegedu.losses.cross_entropy import cross_entropy
from medsegedu.losses.dice import dice_loss
from medsegedu.losses.dice_ce import dice_ce_loss

__all__ = ["cross_entropy", "dice_ce_loss", "dice_loss"]
