"""MS-SSIM against MONAI's metric, and in float64 against windows that are cut out one by one; the hybrid loss."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.metrics.regression import compute_ms_ssim
from numpy.typing import NDArray

from medsegedu.errors import UserError
from medsegedu.losses import focal_loss, hybrid_loss, iou_loss, ms_ssim_loss
from medsegedu.losses.ms_ssim import WEIGHTS

from .cases import blobs, certain, random_case

Map = NDArray[np.float64]


def window_by_window(x: Map, y: Map) -> tuple[float, float]:
    """Mean of luminance * contrast, and of the contrast, over all windows of 11 pixels."""
    line = np.array([math.exp(-((k - 5) ** 2) / (2 * 1.5**2)) for k in range(11)])
    weights = line
    for _ in range(x.ndim - 1):
        weights = np.multiply.outer(weights, line)
    weights = weights / weights.sum()
    both, contrasts = [], []
    for corner in itertools.product(*[range(n - 10) for n in x.shape]):
        part = tuple(slice(k, k + 11) for k in corner)
        a, b = x[part], y[part]
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        variances = (weights * (a - mean_a) ** 2).sum() + (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        contrast = (2 * covariance + 0.03**2) / (variances + 0.03**2)
        both.append(contrast * (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2))
        contrasts.append(contrast)
    return float(np.mean(both)), float(np.mean(contrasts))


def halved(x: Map) -> Map:
    even = x[tuple(slice(0, n // 2 * 2) for n in x.shape)]
    for axis in range(x.ndim):
        even = (even.take(range(0, even.shape[axis], 2), axis) + even.take(range(1, even.shape[axis], 2), axis)) / 2
    return even


def by_hand(x: Map, y: Map, scales: int) -> float:
    result = 1.0
    for scale, weight in enumerate(WEIGHTS[:scales]):
        whole, contrast = window_by_window(x, y)
        term = whole if scale == scales - 1 else contrast
        result *= max(term, 0.0) ** (weight * sum(WEIGHTS) / sum(WEIGHTS[:scales]))
        x, y = halved(x), halved(y)
    return result


@pytest.mark.parametrize(
    ("size", "scales"), [((13, 11), 1), ((23, 25), 2), ((44, 49), 3), ((11, 12, 13), 1), ((22, 23, 22), 2)], ids=str
)
def test_window_by_window(size: tuple[int, ...], scales: int) -> None:
    """Two samples, two foreground classes, of logits that follow the label somewhat."""
    label = blobs((2, *size), 3, seed=5)
    logits = random_case((2, *size), 3)[0] + certain(label, 3) / 40
    p = logits.softmax(1).numpy()
    expected = [
        1 - by_hand(p[n, c], (label[n] == c).double().numpy(), scales) for n, c in itertools.product((0, 1), (1, 2))
    ]
    assert 0 < min(expected) < max(expected) < 1
    assert float(ms_ssim_loss(logits, label, scales=scales)) == pytest.approx(float(np.mean(expected)), abs=1e-9)


@given(rows=st.integers(176, 200), columns=st.integers(176, 200), seed=st.integers(0, 99))
@settings(max_examples=6, deadline=None)
def test_five_scales_are_monai_s(rows: int, columns: int, seed: int) -> None:
    label = blobs((2, rows, columns), 2, seed).repeat_interleave(15, 1).repeat_interleave(15, 2)[:, :rows, :columns]
    logits = random_case((2, rows, columns), 2, seed)[0] + certain(label, 2) / 40
    p, truth = logits.softmax(1)[:, 1:], (label == 1).double()[:, None]
    expected = 1 - compute_ms_ssim(p, truth, spatial_dims=2).mean()  # in float32
    assert float(ms_ssim_loss(logits, label)) == pytest.approx(float(expected), abs=1e-5)


def test_the_smallest_sizes_work() -> None:
    for scales, size in ((1, 11), (2, 22), (3, 44), (5, 176)):
        logits, label = random_case((1, size, size + 3), 2)
        assert ms_ssim_loss(logits, label, scales=scales).isfinite()
        with pytest.raises(UserError, match=f"need {size} pixels"):
            ms_ssim_loss(logits[:, :, 1:], label[:, 1:], scales=scales)


def test_outlines_count_the_more_the_finer_the_scale() -> None:
    """Blurred probabilities cost more than their few uncertain pixels would make one think."""
    label = torch.zeros(1, 30, 30, dtype=torch.int64)
    label[:, 8:22, 8:22] = 1
    soft = torch.stack([torch.full(label.shape, 0.5), label.double()], 1) * 4
    soft[:, 0] = 2
    assert float(ms_ssim_loss(certain(label, 2), label, scales=2)) < 1e-6
    assert float(ms_ssim_loss(soft, label, scales=2)) > 0.02


def test_a_map_against_its_opposite_is_as_bad_as_it_gets_and_finite() -> None:
    label = blobs((1, 24, 24), 2, seed=3)
    logits = certain(1 - label, 2).requires_grad_()
    loss = ms_ssim_loss(logits, label, scales=2)
    loss.backward()
    assert float(loss.detach()) > 0.9
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]


def test_the_hybrid_loss_is_the_sum_and_passes_its_options_on() -> None:
    logits, label = random_case((2, 23, 25), 3)
    label[0] = 0
    label[:, 3] = 255
    for background, empty, scales in itertools.product((False, True), ("smooth", "false positives"), (1, 2)):
        options = {"ignore_index": 255, "include_background": background}
        focal = focal_loss(logits, label, ignore_index=255)
        iou = iou_loss(logits, label, empty=empty, **options)  # type: ignore[arg-type]
        similarity = ms_ssim_loss(logits, label, scales=scales, **options)  # type: ignore[arg-type]
        ours = hybrid_loss(logits, label, empty=empty, scales=scales, **options)  # type: ignore[arg-type]
        assert torch.isclose(ours, focal + similarity + iou, atol=1e-12)
