"""Boundary loss against MONAI on isotropic pixels, and against every pair of pixels where they are not."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import BoundaryLoss
from torch import Tensor

from medsegedu.losses import boundary_loss
from medsegedu.losses.boundary import signed_distances

from .cases import blobs, certain, random_case


def by_every_pair(mask: Tensor, spacing: tuple[float, ...]) -> Tensor:
    """The signed distance of each pixel, from the definition."""
    size = torch.tensor(spacing, dtype=torch.float64)
    places = torch.tensor(list(product(*map(range, mask.shape)))) * size
    far = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
    inside = mask.flatten()
    to_object, to_outside = far[:, inside].amin(1), far[:, ~inside].amin(1)
    return torch.where(inside, min(spacing) - to_outside, to_object).view(mask.shape)


@given(shape=st.lists(st.integers(4, 9), min_size=2, max_size=3), classes=st.integers(2, 4), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_monai_s(shape: list[int], classes: int, seed: int) -> None:
    logits, label = random_case((2, *shape), classes, seed)
    for truth in (label, blobs((2, *shape), 2, seed) if classes == 2 else label):
        for background in (False, True):
            monai = BoundaryLoss(include_background=background, to_onehot_y=True, softmax=True)
            ours = boundary_loss(logits, truth, include_background=background)
            assert float(ours) == pytest.approx(float(monai(logits, truth[:, None])), abs=1e-6)


@given(
    shape=st.lists(st.integers(4, 7), min_size=2, max_size=3).map(tuple),
    spacing=st.lists(st.floats(0.3, 3), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_anisotropic_pixels(shape: tuple[int, ...], spacing: list[float], seed: int) -> None:
    logits, label = random_case((2, *shape), 3, seed)
    size = tuple(spacing[: len(shape)])
    expected = torch.stack([torch.stack([by_every_pair(sample == c, size) for c in (1, 2)]) for sample in label])
    loss = boundary_loss(logits, label, spacing=size)
    assert float(loss) == pytest.approx(float((logits.softmax(1)[:, 1:] * expected).mean()), abs=1e-9)


def test_twice_the_spacing_is_twice_the_loss() -> None:
    logits, label = random_case((2, 5, 6), 3)
    once, twice = boundary_loss(logits, label, spacing=(0.5, 2.0)), boundary_loss(logits, label, spacing=(1.0, 4.0))
    assert float(twice) == pytest.approx(2 * float(once), abs=1e-12)
    assert float(boundary_loss(logits, label, spacing=(2.0, 0.5))) != pytest.approx(float(once), abs=1e-3)


def test_the_outermost_layer_is_at_0_and_the_inside_below() -> None:
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 2:7, 2:7] = 1
    middle = signed_distances(mask, (1.0, 1.0))[0, 0, 4]
    assert middle.tolist() == [2, 1, 0, -1, -2, -1, 0, 1, 2]


def test_a_far_false_positive_costs_more_than_a_near_one() -> None:
    label = torch.zeros(1, 20, 20, dtype=torch.int64)
    label[0, 2:6, 2:6] = 1
    near, far = label.clone(), label.clone()
    near[0, 7, 3] = far[0, 18, 18] = 1
    losses = [float(boundary_loss(certain(guess, 2), label)) for guess in (label, near, far)]
    assert losses == sorted(losses)
    assert losses[2] - losses[0] > 5 * (losses[1] - losses[0]) > 0


@pytest.mark.parametrize("full", [False, True])
def test_without_an_outline_it_is_as_far_as_the_image_is_long(full: bool) -> None:
    """MONAI's loss is 0 then, whatever is claimed."""
    logits, _ = random_case((1, 3, 4), 2)
    label = torch.full((1, 3, 4), int(full))
    diagonal = float(np.hypot(3 * 0.5, 4 * 2.0))
    expected = (-diagonal if full else diagonal) * float(logits.softmax(1)[:, 1].mean())
    assert float(boundary_loss(logits, label, spacing=(0.5, 2.0))) == pytest.approx(expected, abs=1e-12)
    assert float(BoundaryLoss(include_background=False, to_onehot_y=True, softmax=True)(logits, label[:, None])) == 0


def test_an_object_ends_where_ignored_pixels_begin() -> None:
    logits, label = random_case((1, 5, 6), 2)
    label[0] = 1
    label[0, :, 4:] = 255
    known = boundary_loss(logits, label, ignore_index=255)
    depth = torch.tensor([3.0, 2.0, 1.0, 0.0])  # columns from the ignored ones
    expected = -(logits.softmax(1)[0, 1, :, :4] * depth).mean()
    assert float(known) == pytest.approx(float(expected), abs=1e-12)
