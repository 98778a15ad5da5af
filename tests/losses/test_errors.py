"""A loss that can't be computed says which value is wrong, and what to do."""

from typing import Any

import pytest
import torch

from medsegedu import losses
from medsegedu.errors import UserError

from .cases import random_case
from .test_all_losses import LOSSES, SIZE, Loss


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_wrong_inputs_are_named(loss: Loss) -> None:
    logits, label = random_case((2, *SIZE[2]), 3)
    with pytest.raises(UserError, match=r"label is int64 of shape \(2, 1, 11, 12\).*give label\[:, 0\]"):
        loss(logits, label[:, None])
    with pytest.raises(UserError, match=r"need shape \(2, 11, 12\): give a label on the grid"):
        loss(logits, label[:, :3])
    with pytest.raises(UserError, match=r"convert it with label\.long\(\)"):
        loss(logits, label.float())
    with pytest.raises(UserError, match=r"logits are int64 .*floating point"):
        loss(label[:, None], label)
    with pytest.raises(UserError, match="logits have 1 channel"):
        loss(logits[:, :1], label)
    with pytest.raises(UserError, match="values from 0 to 3, but logits of 3 classes allow 0 to 2"):
        loss(logits, label + (label == 2))
    with pytest.raises(UserError, match="values from -1 to 1"):
        loss(logits, label - 1)
    with pytest.raises(UserError, match="values from 0 to 255"):
        loss(logits, torch.where(label == 1, 255, label))
    loss(logits, torch.where(label == 1, 255, label), ignore_index=255)


@pytest.mark.parametrize(
    ("loss", "options", "sentence"),
    [
        *[
            (loss, {"over": "image"}, "over is 'image'; choose 'sample' or 'batch'")
            for loss in (losses.dice_loss, losses.iou_loss, losses.lovasz_softmax_loss, losses.dice_ce_loss)
        ],
        *[
            (loss, {"empty": "skip"}, "empty is 'skip'; choose 'false positives' or 'smooth'")
            for loss in (losses.dice_loss, losses.generalized_dice_loss, losses.tversky_loss)
        ],
        (losses.tversky_loss, {"alpha": -0.1}, r"alpha is -0\.1; give a number of at least 0"),
        (losses.focal_tversky_loss, {"beta": float("nan")}, "beta is nan; give a number of at least 0"),
        (losses.focal_tversky_loss, {"gamma": 0}, "gamma is 0; give a number above 0"),
        (losses.focal_loss, {"gamma": -1}, "gamma is -1; give a number of at least 0"),
        (losses.focal_loss, {"alpha": 2}, "alpha is 2; give a number from 0 to 1"),
        (losses.boundary_loss, {"spacing": (1.0, 1.0, 1.0)}, "give 2 positive sizes in mm"),
        (losses.cldice_loss, {"iterations": -1}, "iterations is -1; give a number of at least 0"),
        (losses.ms_ssim_loss, {"scales": 6}, "scales is 6; give a number from 1 to 5"),
        (losses.ms_ssim_loss, {}, "11 x 12 is too small for 5 scales, which need 176 pixels.*give scales=1"),
        (losses.hybrid_loss, {"scales": 3}, "11 x 12 is too small for 3 scales, which need 44 pixels.*give scales=1"),
    ],
)
def test_wrong_options_are_named(loss: Loss, options: dict[str, Any], sentence: str) -> None:
    logits, label = random_case((2, *SIZE[2]), 3)
    with pytest.raises(UserError, match=sentence):
        loss(logits, label, **options)


def test_deep_supervision_names_its_heads() -> None:
    logits, label = random_case((2, 5, 4), 3)
    loss = losses.DeepSupervision(losses.dice_loss)
    with pytest.raises(
        UserError, match=r"Head 1 has the size \(3, 4\), the label \(5, 4\); let the model's heads resize"
    ):
        loss([logits, logits[:, :, :3]], label)
    with pytest.raises(UserError, match=r"one tensor of logits; give it the list that model\.heads"):
        loss(logits, label)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="There are 0 heads"):
        loss([], label)
    with pytest.raises(UserError, match="There are 1 heads and 2 weights"):
        losses.DeepSupervision(losses.dice_loss, [1, 2])([logits], label)
    for weights in ([0.0, 0.0], [1.0, -0.5], []):
        with pytest.raises(UserError, match=r"weights are .*; give one number of at least 0 per head"):
            losses.DeepSupervision(losses.dice_loss, weights)
