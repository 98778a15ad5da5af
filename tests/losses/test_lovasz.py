"""Lovasz-softmax against SMP and Kornia (golden values), the IoU itself, and the extension written out."""

from itertools import permutations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.losses import lovasz_softmax_loss
from medsegedu.metrics import iou

from .cases import blobs, certain, random_case
from .golden import IGNORE, each_case, inputs


@each_case
def test_smp_and_kornia(case: dict[str, Any]) -> None:
    logits, label, partly = inputs(case)
    values = case["values"]
    batch, sample = lovasz_softmax_loss(logits, label), lovasz_softmax_loss(logits, label, over="sample")
    left_out = lovasz_softmax_loss(logits, partly, ignore_index=IGNORE)
    assert float(batch) == pytest.approx(values["smp lovasz"], abs=1e-6)
    assert float(sample) == pytest.approx(values["smp lovasz per image"], abs=1e-6)
    assert float(left_out) == pytest.approx(values["smp lovasz ignore"], abs=1e-6)
    if "kornia lovasz" in values:
        assert float(sample) == pytest.approx(values["kornia lovasz"], abs=1e-9)


@given(seed=st.integers(0, 99), classes=st.integers(2, 4), absent=st.booleans())
@settings(max_examples=30, deadline=None)
def test_of_a_hard_segmentation_it_is_one_minus_iou(seed: int, classes: int, absent: bool) -> None:
    """Or, of an absent class, the part of the image that is claimed."""
    label, guess = blobs((1, 7, 8), classes, seed), blobs((1, 7, 8), classes, seed + 1)
    if absent:
        label[label == 1] = 0
    present = [c for c in range(classes) if (label == c).any()]
    expected = [
        1 - iou(guess == c, label == c) if c in present else float((guess == c).double().mean()) for c in range(classes)
    ]
    loss = lovasz_softmax_loss(certain(guess, classes), label)
    assert float(loss) == pytest.approx(sum(expected) / classes, abs=1e-9)


def test_the_extension_is_the_largest_over_all_orders() -> None:
    """It is a convex closure: of all orders in which to get pixels wrong, the sorted one costs the most."""
    logits, label = random_case((1, 5), 2, seed=4)
    errors = (logits.softmax(1)[0, 1] - label[0]).abs()
    costs = []
    for order in permutations(range(5)):
        wrong = torch.zeros(5, dtype=torch.bool)
        cost = before = 0.0
        for pixel in order:
            wrong[pixel] = True
            guess = torch.where(wrong, 1 - label[0], label[0])
            after = 1 - iou((guess == 1).numpy(), (label[0] == 1).numpy())
            cost, before = cost + float(errors[pixel]) * (after - before), after
        costs.append(cost)
    loss = float(lovasz_softmax_loss(logits, label, include_background=False))
    assert loss == pytest.approx(max(costs), abs=1e-12)
    assert loss > min(costs) + 0.01


def test_an_error_weighs_more_in_a_small_object() -> None:
    label = torch.zeros(1, 20, 20, dtype=torch.int64)
    label[0, 0, :4], label[0, 5:15] = 1, 2  # 4 and 200 pixels
    small, large = label.clone(), label.clone()
    small[0, 0, 0] = large[0, 5, 0] = 0
    assert float(lovasz_softmax_loss(certain(small, 3), label)) > 0.08
    assert float(lovasz_softmax_loss(certain(large, 3), label)) < 0.005


def test_over_the_batch_and_by_sample_differ() -> None:
    logits, label = random_case((3, 6, 5), 3)
    label[0] = 0
    alone = [lovasz_softmax_loss(logits[i : i + 1], label[i : i + 1]) for i in range(3)]
    assert torch.isclose(lovasz_softmax_loss(logits, label, over="sample"), torch.stack(alone).mean(), atol=1e-12)
    assert not torch.isclose(lovasz_softmax_loss(logits, label), torch.stack(alone).mean(), atol=1e-4)
