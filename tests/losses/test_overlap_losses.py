"""IoU, generalized Dice, Tversky and focal Tversky against MONAI, SMP (golden values) and sums written out pixel by pixel."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss

from medsegedu.losses import dice_loss, focal_tversky_loss, generalized_dice_loss, iou_loss, tversky_loss

from .cases import certain, random_case
from .golden import IGNORE, each_case, inputs

over_choices = st.sampled_from(["sample", "batch"])
EPS = 1e-12


@each_case
def test_smp(case: dict[str, Any]) -> None:
    logits, label, partly = inputs(case)
    batch: dict[str, Any] = {"over": "batch", "eps": EPS, "include_background": True}
    without = batch | {"include_background": False}
    by_class = focal_tversky_loss(logits, label, alpha=0.3, beta=0.7, gamma=4 / 3, **batch)
    ours = {
        "smp dice": dice_loss(logits, label, **batch),
        "smp dice foreground": dice_loss(logits, label, **without),
        "smp dice ignore": dice_loss(logits, partly, ignore_index=IGNORE, **batch),
        "smp tversky": tversky_loss(logits, label, alpha=0.3, beta=0.7, **batch),
        "smp focal tversky by class": by_class,
    }
    for name, value in ours.items():
        assert float(value) == pytest.approx(case["values"][name], abs=1e-9), name
    assert abs(float(by_class) - case["values"]["smp focal tversky of the mean"]) > 1e-6  # what ours is not


@given(shape=st.lists(st.integers(2, 6), min_size=3, max_size=4).map(tuple), classes=st.integers(2, 4), data=st.data())
@settings(max_examples=40, deadline=None)
def test_tversky_is_monai_s(shape: tuple[int, ...], classes: int, data: st.DataObject) -> None:
    logits, label = random_case(shape, classes)
    alpha, beta = data.draw(st.floats(0, 2)), data.draw(st.floats(0, 2))
    background, over, absent = data.draw(st.booleans()), data.draw(over_choices), data.draw(st.booleans())
    if absent:
        label[0] = 0
    monai = TverskyLoss(
        include_background=background, to_onehot_y=True, softmax=True, alpha=alpha, beta=beta, batch=over == "batch",
        smooth_nr=1e-5, smooth_dr=1e-5,
    )  # fmt: skip
    options: Any = {"include_background": background, "over": over, "empty": "smooth"}
    ours = tversky_loss(logits, label, alpha=alpha, beta=beta, **options)
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-12)


@given(shape=st.lists(st.integers(2, 6), min_size=3, max_size=4).map(tuple), classes=st.integers(2, 4), data=st.data())
@settings(max_examples=40, deadline=None)
def test_generalized_dice_is_monai_s(shape: tuple[int, ...], classes: int, data: st.DataObject) -> None:
    """With an absent class too, if it is asked to be smooth; MONAI counts volumes in float32."""
    logits, label = random_case(shape, classes)
    background, over = data.draw(st.booleans()), data.draw(over_choices)
    absent = classes > 2 and data.draw(st.booleans())
    if absent:
        label[label == 1] = 0
    monai = GeneralizedDiceLoss(
        include_background=background, to_onehot_y=True, softmax=True, batch=over == "batch", smooth_nr=0, smooth_dr=0
    )
    options: Any = {"include_background": background, "over": over, "empty": "smooth" if absent else "false positives"}
    ours = generalized_dice_loss(logits, label, eps=EPS, **options)
    assert float(ours) == pytest.approx(float(monai(logits, label[:, None])), abs=1e-6)


@given(
    shape=st.lists(st.integers(2, 6), min_size=3, max_size=4).map(tuple), background=st.booleans(), over=over_choices
)
@settings(max_examples=25, deadline=None)
def test_iou_is_monai_s_jaccard(shape: tuple[int, ...], background: bool, over: str) -> None:
    logits, label = random_case(shape, 3)
    monai = DiceLoss(
        include_background=background, to_onehot_y=True, softmax=True, jaccard=True, smooth_nr=0, smooth_dr=0,
        batch=over == "batch",
    )  # fmt: skip
    options: Any = {"include_background": background, "over": over}
    assert float(iou_loss(logits, label, eps=EPS, **options)) == pytest.approx(
        float(monai(logits, label[:, None])), abs=1e-9
    )


def test_one_family() -> None:
    """Tversky is Dice at 1/2 and IoU at 1; focal Tversky is Tversky at gamma 1; false positives are alpha's."""
    logits, label = random_case((3, 4, 5), 3)
    for options in ({}, {"over": "batch"}, {"include_background": True}):
        dice = dice_loss(logits, label, eps=EPS, **options)  # type: ignore[arg-type]
        iou = iou_loss(logits, label, eps=EPS, **options)  # type: ignore[arg-type]
        assert torch.isclose(tversky_loss(logits, label, alpha=0.5, beta=0.5, eps=EPS, **options), dice, atol=1e-10)  # type: ignore[arg-type]
        assert torch.isclose(tversky_loss(logits, label, alpha=1, beta=1, eps=EPS, **options), iou, atol=1e-10)  # type: ignore[arg-type]
    plain = tversky_loss(logits, label)
    assert torch.isclose(focal_tversky_loss(logits, label, gamma=1), plain, atol=1e-12)
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    label[0, 0, :4] = 1
    more, less = label.clone(), label.clone()
    more[0, 1, :2], less[0, 0, :2] = 1, 0  # two false positives, two misses
    assert float(tversky_loss(certain(more, 2), label)) == pytest.approx(1 - 4 / (4 + 0.3 * 2), abs=1e-5)
    assert float(tversky_loss(certain(less, 2), label)) == pytest.approx(1 - 2 / (2 + 0.7 * 2), abs=1e-5)
    cubed = 1 - 2 / (2 + 0.7 * 2)
    assert float(focal_tversky_loss(certain(less, 2), label, gamma=1 / 3)) == pytest.approx(cubed**3, abs=1e-5)


def test_generalized_dice_pixel_by_pixel() -> None:
    """Sudre's formula; and one vote for each class where one of them is absent."""
    logits, label = random_case((1, 6, 7), 4)
    label[label == 3] = 0
    p, (rows, columns) = logits.softmax(1), label.shape[1:]
    top = bottom = 0.0
    for c in range(3):
        weight = 1 / float((label == c).sum()) ** 2
        for i in range(rows):
            for j in range(columns):
                top += weight * float(p[0, c, i, j]) * bool(label[0, i, j] == c)
                bottom += weight * (float(p[0, c, i, j]) + bool(label[0, i, j] == c))
    fraction, claims = float(1 - 2 * top / bottom), float(p[:, 3].mean())
    ours = generalized_dice_loss(logits, label, eps=EPS)
    assert float(ours) == pytest.approx((3 * fraction + claims) / 4, abs=1e-9)


def test_generalized_dice_knows_no_size() -> None:
    """The weights cancel the volumes of large classes, and eps stays small beside them, in float32 too."""
    label = torch.zeros(1, 400, 500, dtype=torch.int64)
    label[:, :200] = 1
    logits = certain(label.roll(100, 1), 2).float()  # half of each class right
    assert float(generalized_dice_loss(logits, label)) == pytest.approx(0.5, abs=1e-5)
    monai = GeneralizedDiceLoss(to_onehot_y=True, softmax=True)
    assert float(monai(logits, label[:, None])) < 0.4


def test_false_positives_where_monai_s_generalized_dice_is_free() -> None:
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    guess = certain(label + 1, 2)
    monai = GeneralizedDiceLoss(include_background=False, to_onehot_y=True, softmax=True)
    assert float(monai(guess, label[:, None])) == pytest.approx(0, abs=1e-6)
    assert float(generalized_dice_loss(guess, label, include_background=False)) == pytest.approx(1, abs=1e-6)
    smooth = generalized_dice_loss(guess, label, include_background=False, empty="smooth")
    assert float(smooth) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("loss", [iou_loss, tversky_loss, focal_tversky_loss, generalized_dice_loss])
def test_each_sample_alone_is_the_mean(loss: Any) -> None:
    logits, label = random_case((3, 4, 5), 3)
    label[0] = 0
    alone = torch.stack([loss(logits[i : i + 1], label[i : i + 1]) for i in range(3)])
    assert torch.isclose(loss(logits, label), alone.mean(), atol=1e-12)
    assert not torch.isclose(loss(logits, label, over="batch"), alone.mean(), atol=1e-4)


def test_a_perfect_class_has_a_finite_gradient() -> None:
    _, label = random_case((2, 4, 5), 3)
    logits = certain(label, 3).float().requires_grad_()
    focal_tversky_loss(logits, label).backward()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]
