"""clDice against MONAI, down to the bits of its skeleton, and what it is for: gaps in tubes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import SoftclDiceLoss
from monai.losses.cldice import soft_skel

from medsegedu.losses import cldice_loss, dice_loss
from medsegedu.losses.cldice import soft_skeleton

from .cases import blobs, certain, random_case


@given(
    shape=st.lists(st.integers(1, 9), min_size=2, max_size=3).map(tuple),
    iterations=st.integers(0, 5),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
@settings(max_examples=60, deadline=None)
def test_the_skeleton_is_monai_s_to_the_bit(
    shape: tuple[int, ...], iterations: int, seed: int, dtype: torch.dtype
) -> None:
    maps = random_case((2, 2, *shape), 2, seed)[0].softmax(1)[:, 1].to(dtype)
    assert torch.equal(soft_skeleton(maps, iterations), soft_skel(maps, iterations))
    hard = (maps > 0.3).to(dtype)
    assert torch.equal(soft_skeleton(hard, iterations), soft_skel(hard, iterations))


@given(shape=st.lists(st.integers(4, 9), min_size=2, max_size=3).map(tuple), iterations=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_monai_s(shape: tuple[int, ...], iterations: int) -> None:
    logits, label = random_case((3, *shape), 2)
    monai = SoftclDiceLoss(iter_=iterations, include_background=False, to_onehot_y=True, softmax=True, smooth=1e-30)
    ours = cldice_loss(logits, label, iterations=iterations)
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


def test_each_class_alone() -> None:
    """The mean over classes of what each would cost as the one foreground."""
    logits, label = random_case((2, 8, 9), 3)
    p = logits.softmax(1)
    alone = [
        cldice_loss(torch.stack([1 - p[:, c], p[:, c]], 1).log(), (label == c).long(), iterations=2) for c in (1, 2)
    ]
    assert torch.isclose(cldice_loss(logits, label, iterations=2), torch.stack(alone).mean(), atol=1e-12)


def test_a_gap_in_a_vessel() -> None:
    """A cut through a thin tube and a nibble of as many pixels off a thick one: Dice sees one error, clDice the gap."""
    label = torch.zeros(1, 12, 40, dtype=torch.int64)
    label[0, 4:9, 2:38] = 1
    cut, nibbled = label.clone(), label.clone()
    cut[0, :, 20] = 0  # 5 pixels
    nibbled[0, 4, 10:15] = 0  # 5 pixels
    assert float(dice_loss(certain(cut, 2), label)) == pytest.approx(float(dice_loss(certain(nibbled, 2), label)))
    gap = float(cldice_loss(certain(cut, 2), label))
    assert gap > 0.01
    assert gap > 2 * float(cldice_loss(certain(nibbled, 2), label))


def test_the_skeleton_of_a_bar_is_its_centre_line() -> None:
    bar = torch.zeros(1, 1, 9, 20)
    bar[..., 2:7, 3:17] = 1
    skeleton = soft_skeleton(bar, 3)[0, 0]
    assert skeleton[4, 7:13].eq(1).all()
    assert not skeleton[[2, 3, 5, 6], 7:13].any()


def test_tubes_end_at_ignored_pixels() -> None:
    logits = certain(blobs((1, 9, 9), 2, seed=1), 2)
    label = blobs((1, 9, 9), 2, seed=1)
    label[0, :, 4:] = 255
    assert float(cldice_loss(logits, label, ignore_index=255)) == pytest.approx(0, abs=1e-9)


def test_an_even_claim_of_an_absent_class_has_a_price() -> None:
    """It has no skeleton, so that MONAI lets it go free."""
    label = torch.zeros(1, 9, 9, dtype=torch.int64)
    logits = torch.zeros(1, 2, 9, 9, dtype=torch.float64)
    monai = SoftclDiceLoss(include_background=False, to_onehot_y=True, softmax=True)
    assert float(monai(logits, label[:, None])) == pytest.approx(0, abs=1e-4)
    assert float(cldice_loss(logits, label)) == pytest.approx(0.5)
