"""Focal loss against torchvision and Kornia (golden values), MONAI, and by hand."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import FocalLoss

from medsegedu.losses import cross_entropy, focal_loss

from .cases import certain, random_case
from .golden import each_case, inputs


@each_case
def test_torchvision_and_kornia(case: dict[str, Any]) -> None:
    logits, label, _ = inputs(case)
    values = case["values"]
    assert float(focal_loss(logits, label)) == pytest.approx(values["kornia focal"], abs=1e-9)
    weighted = focal_loss(logits, label, alpha=0.3, gamma=1.5)
    assert float(weighted) == pytest.approx(values["kornia focal alpha"], abs=1e-9)
    if case["classes"] == 2:
        for name, options in {
            "torchvision focal": {},
            "torchvision focal alpha": {"alpha": 0.25},
            "torchvision focal root": {"alpha": 0.25, "gamma": 0.5},
        }.items():
            assert float(focal_loss(logits, label, **options)) == pytest.approx(values[name], abs=1e-9), name


@given(
    shape=st.lists(st.integers(2, 6), min_size=3, max_size=4).map(tuple),
    classes=st.integers(2, 4),
    gamma=st.floats(0.5, 4),
    alpha=st.none() | st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_monai_s_times_the_classes(shape: tuple[int, ...], classes: int, gamma: float, alpha: float | None) -> None:
    logits, label = random_case(shape, classes)
    monai = FocalLoss(to_onehot_y=True, use_softmax=True, gamma=gamma, alpha=alpha)
    expected = classes * float(monai(logits, label[:, None]))  # in float32
    assert float(focal_loss(logits, label, gamma=gamma, alpha=alpha)) == pytest.approx(expected, abs=1e-5)


def test_gamma_0_is_cross_entropy() -> None:
    logits, label = random_case((2, 5, 4), 3)
    label[:, 2] = 255
    entropy = cross_entropy(logits, label, ignore_index=255)
    assert float(focal_loss(logits, label, gamma=0, ignore_index=255)) == pytest.approx(float(entropy), abs=1e-12)
    half = focal_loss(logits, label, gamma=0, alpha=0.5, ignore_index=255)
    assert float(half) == pytest.approx(float(entropy) / 2, abs=1e-12)


def test_a_sure_pixel_counts_the_less() -> None:
    """By hand: p = 0.9 counts a hundredth of its cross-entropy, p = 0.5 a quarter."""
    for p, part in ((0.9, 0.01), (0.5, 0.25)):
        logits = torch.tensor([[0.0], [p / (1 - p)]], dtype=torch.float64).clamp(min=1e-30)[None].log()
        logits[:, 0] = 0
        label = torch.ones(1, 1, dtype=torch.int64)
        expected = part * -float(torch.tensor(p, dtype=torch.float64).log())
        assert float(focal_loss(logits, label)) == pytest.approx(expected, abs=1e-9)


def test_the_mean_is_over_counted_pixels() -> None:
    logits, label = random_case((2, 6, 5), 3)
    halved = label.clone()
    halved[:, 3:] = 255
    expected = focal_loss(logits[:, :, :3], label[:, :3])
    assert float(focal_loss(logits, halved, ignore_index=255)) == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize("gamma", [0, 0.25, 1, 2])
def test_a_pixel_that_is_sure_has_a_finite_gradient(gamma: float) -> None:
    """The power's own derivative at 0 is infinite below 1."""
    _, label = random_case((2, 4, 5), 3)
    logits = certain(label, 3).float().requires_grad_()
    focal_loss(logits, label, gamma=gamma).backward()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]
    wrong = certain((label + 1) % 3, 3).float().requires_grad_()
    focal_loss(wrong, label, gamma=gamma).backward()
    assert (wrong.grad.gather(1, label[:, None]) < 0).all()  # type: ignore[union-attr]
