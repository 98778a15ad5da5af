"""Dice and cross-entropy against MONAI and by hand, and the cases in which libraries go astray."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import DiceLoss

from medsegedu.losses import cross_entropy, dice_ce_loss, dice_loss

from .cases import certain, random_case


@given(
    shape=st.lists(st.integers(2, 7), min_size=3, max_size=4).map(tuple),
    classes=st.integers(2, 4),
    background=st.booleans(),
    over=st.sampled_from(["sample", "batch"]),
    empty=st.sampled_from(["smooth", "false positives"]),
)
@settings(max_examples=60, deadline=None)
def test_dice_is_monai_s(shape: tuple[int, ...], classes: int, background: bool, over: str, empty: str) -> None:
    logits, label = random_case(shape, classes)
    monai = DiceLoss(
        include_background=background,
        to_onehot_y=True,
        softmax=True,
        smooth_nr=1e-5,
        smooth_dr=1e-5,
        batch=over == "batch",
    )
    ours = dice_loss(logits, label, include_background=background, over=over, empty=empty)  # type: ignore[arg-type]
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


@pytest.mark.parametrize("over", ["sample", "batch"])
def test_smooth_is_monai_s_with_absent_classes_too(over: str) -> None:
    logits, label = random_case((3, 5, 7), 4)
    label[label == 2] = 0  # absent everywhere
    label[0] = 0  # nothing in one sample
    monai = DiceLoss(
        include_background=False, to_onehot_y=True, softmax=True, smooth_nr=1e-5, smooth_dr=1e-5, batch=over == "batch"
    )
    ours = dice_loss(logits, label, over=over, empty="smooth")  # type: ignore[arg-type]
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]], dtype=torch.float64)  # (1, 2, 1, 2)
    expected = (torch.tensor(2.0).log() + (1 + torch.tensor(2.0).exp()).log()) / 2
    assert float(cross_entropy(logits, torch.tensor([[[0, 1]]]))) == pytest.approx(float(expected), abs=1e-6)
    logits, label = random_case((2, 5, 3, 4), 3)
    expected = -logits.log_softmax(1).gather(1, label[:, None]).mean()
    assert float(cross_entropy(logits, label)) == pytest.approx(float(expected), abs=1e-12)


def test_dice_ce_is_the_sum_and_passes_its_options_on() -> None:
    logits, label = random_case((3, 6, 5), 4)
    label[0] = 0
    label[:, 2] = 255
    for options in ({"include_background": True}, {"over": "batch"}, {"empty": "smooth"}, {}):
        dice = dice_loss(logits, label, ignore_index=255, **options)  # type: ignore[arg-type]
        entropy = cross_entropy(logits, label, ignore_index=255)
        assert torch.equal(dice_ce_loss(logits, label, ignore_index=255, **options), dice + entropy)  # type: ignore[arg-type]


def test_a_perfect_answer_costs_nothing_and_the_opposite_all() -> None:
    _, label = random_case((2, 6, 5), 2)
    for loss in (cross_entropy, dice_loss, dice_ce_loss):
        assert float(loss(certain(label, 2), label)) == pytest.approx(0, abs=1e-6)
    assert float(dice_loss(certain(1 - label, 2), label)) == pytest.approx(1, abs=1e-6)


def test_false_positives_of_an_absent_class_are_never_free() -> None:
    """The cost is the part of the image that is claimed; it falls to 0 steadily, where "smooth" stays at 1."""
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    for claimed in (0, 1, 30, 100):
        guess = torch.zeros(100, dtype=torch.int64)
        guess[:claimed] = 1
        logits = certain(guess.view(1, 10, 10), 2).requires_grad_()
        assert float(dice_loss(logits, label).detach()) == pytest.approx(claimed / 100, abs=1e-6)
        assert float(dice_loss(logits, label, empty="smooth").detach()) == pytest.approx(float(claimed > 0), abs=1e-4)
    unsure = torch.zeros(1, 2, 10, 10, dtype=torch.float64, requires_grad=True)
    push = {
        empty: float(torch.autograd.grad(dice_loss(unsure, label, empty=empty), unsure)[0][:, 1].sum())  # type: ignore[arg-type]
        for empty in ("false positives", "smooth")
    }
    assert push["false positives"] == pytest.approx(0.25)
    assert 0 < push["smooth"] < 1e-5


def test_an_absent_class_does_not_hide_behind_the_others() -> None:
    label = torch.zeros(2, 4, 4, dtype=torch.int64)
    label[1, :2] = 1
    guess = label.clone()
    guess[0, 0] = 1  # a quarter of the sample that has none
    assert float(dice_loss(certain(guess, 2), label)) == pytest.approx((0.25 + 0) / 2, abs=1e-6)
    batch = 1 - 2 * 8 / (12 + 8)  # present in the batch: the ordinary formula
    assert float(dice_loss(certain(guess, 2), label, over="batch")) == pytest.approx(batch, abs=1e-6)


def test_per_sample_and_over_the_batch_differ_as_published() -> None:
    """One large hit and three tiny misses: .75 per sample, .015 over the batch."""
    label, guess = torch.zeros(4, 20, 20, dtype=torch.int64), torch.zeros(4, 20, 20, dtype=torch.int64)
    label[0] = guess[0] = 1
    label[1:, 0, :4] = 1
    assert float(dice_loss(certain(guess, 2), label)) == pytest.approx(0.75, abs=1e-3)
    assert float(dice_loss(certain(guess, 2), label, over="batch")) == pytest.approx(0.015, abs=1e-3)


def test_background_hides_a_missed_lesion() -> None:
    label = torch.zeros(1, 30, 30, dtype=torch.int64)
    label[0, 0, :4] = 1
    missed = certain(torch.zeros_like(label), 2)
    assert float(dice_loss(missed, label)) == pytest.approx(1, abs=1e-4)
    assert float(dice_loss(missed, label, include_background=True)) == pytest.approx(0.5, abs=2e-3)
