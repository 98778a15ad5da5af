"""Soft normalised cut: every bond of every pair of pixels, written out as a dense matrix."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses import soft_ncut_loss


def dense(
    logits: Tensor,
    image: Tensor,
    radius: float,
    sigma_intensity: float,
    sigma_distance: float,
    spacing: tuple[float, ...],
) -> Tensor:
    """The formula of the paper on all N x N bonds, one sample and one segment at a time."""
    size = logits.shape[2:]
    places = torch.tensor(list(itertools.product(*map(range, size))), dtype=torch.float64) * torch.tensor(spacing)
    total = torch.zeros((), dtype=torch.float64)
    for one, picture in zip(logits, image, strict=True):
        values = picture.flatten(1).T  # (N, C)
        distance2 = (places[:, None] - places[None]).square().sum(-1)  # (N, N)
        contrast2 = (values[:, None] - values[None]).square().sum(-1)
        w = torch.exp(-contrast2 / sigma_intensity**2) * torch.exp(-distance2 / sigma_distance**2)
        w = w * (distance2 < radius**2 - 1e-9)
        for p in one.flatten(1).softmax(0):
            total = total + 1 - (p @ w @ p) / (p @ w.sum(1))
    return total / len(logits)


@settings(max_examples=60, deadline=None)
@given(
    size=st.lists(st.integers(1, 5), min_size=2, max_size=3),
    segments=st.integers(1, 4),
    contrasts=st.integers(1, 3),
    radius=st.sampled_from([0.5, 1.2, 1.9, 2.6, 3.3, 20.0]),
    sigmas=st.tuples(st.floats(0.1, 5), st.floats(0.3, 9)),
    spacing=st.tuples(*[st.sampled_from([0.7, 1.0, 2.5])] * 3),
    seed=st.integers(0, 99),
)
def test_it_is_the_dense_formula(size, segments, contrasts, radius, sigmas, spacing, seed) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(seed)
    logits = 3 * torch.randn(2, segments, *size, dtype=torch.float64)
    image = torch.randn(2, contrasts, *size, dtype=torch.float64)
    spacing = spacing[: len(size)]
    options = {"radius": radius, "sigma_intensity": sigmas[0], "sigma_distance": sigmas[1], "spacing": spacing}
    assert torch.allclose(soft_ncut_loss(logits, image, **options), dense(logits, image, **options), atol=1e-12)


def test_defaults_are_pixels_nearer_than_five() -> None:
    torch.manual_seed(0)
    logits, image = torch.randn(2, 3, 8, 9, dtype=torch.float64), torch.randn(2, 1, 8, 9, dtype=torch.float64) / 5
    expected = dense(logits, image, 5, 0.2, 4, (1, 1))
    assert torch.allclose(soft_ncut_loss(logits, image), expected, atol=1e-12)
    assert not torch.allclose(dense(logits, image, 5.05, 0.2, 4, (1, 1)), expected, atol=1e-6)  # (3, 4) is not bound
    wide = soft_ncut_loss(logits, image, spacing=(1, 3))
    assert torch.allclose(wide, dense(logits, image, 5, 0.2, 4, (1, 3)), atol=1e-12)
    assert not torch.allclose(wide, soft_ncut_loss(logits, image, spacing=(3, 1)), atol=1e-6)


@pytest.mark.parametrize("size", [(3, 4), (2, 3, 2)])
def test_gradcheck(size: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    logits = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    image = torch.randn(2, 2, *size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda a, b: soft_ncut_loss(a, b, radius=2.3, sigma_intensity=2, sigma_distance=2), (logits, image)
    )


def two_halves() -> tuple[Tensor, Tensor]:
    """An image dark on the left, bright on the right, and logits that say so with certainty."""
    image = torch.zeros(1, 1, 6, 8)
    image[..., 4:] = 5
    return 100 * torch.cat([1 - image / 5, image / 5], dim=1), image


def test_its_values() -> None:
    logits, image = two_halves()
    assert float(soft_ncut_loss(logits, image)) == pytest.approx(0, abs=1e-6)  # no bond is cut
    assert float(soft_ncut_loss(logits.flip(1), image)) == pytest.approx(0, abs=1e-6)  # names do not count
    assert float(soft_ncut_loss(logits.transpose(2, 3).reshape(1, 2, 6, 8), image)) > 0.2
    for segments in (1, 2, 5):
        even = torch.zeros(1, segments, 6, 8)
        assert float(soft_ncut_loss(even, image)) == pytest.approx(segments - 1, abs=1e-5)
    lonely = torch.cat([logits, torch.full_like(image, -1e4)], dim=1)
    assert float(soft_ncut_loss(lonely, image)) == pytest.approx(1, abs=1e-6)  # a segment that no pixel claims


def test_descent_finds_the_halves() -> None:
    torch.manual_seed(0)
    _, image = two_halves()
    logits = torch.randn(1, 2, 6, 8, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(80):
        loss = soft_ncut_loss(logits, image)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = logits.argmax(1)
    assert len(found[..., :4].unique()) == len(found[..., 4:].unique()) == 1
    assert found[0, 0, 0] != found[0, 0, 7]


def test_half_precision_and_other_devices() -> None:
    torch.manual_seed(0)
    logits, image = torch.randn(1, 3, 9, 7), torch.rand(1, 1, 9, 7)
    low = soft_ncut_loss(logits.bfloat16(), image.bfloat16())
    assert low.dtype == torch.float32
    assert float(low) == pytest.approx(float(soft_ncut_loss(logits, image)), abs=0.05)
    assert soft_ncut_loss(logits.to("meta"), image.to("meta")).is_meta


def test_wrong_inputs_are_named() -> None:
    logits, image = torch.rand(1, 2, 5, 6), torch.rand(1, 1, 5, 6)
    with pytest.raises(UserError, match="both need the same batch and size"):
        soft_ncut_loss(logits, image[..., :5])
    with pytest.raises(UserError, match="radius is 0"):
        soft_ncut_loss(logits, image, radius=0)
    with pytest.raises(UserError, match="the image has 2 spatial axes"):
        soft_ncut_loss(logits, image, spacing=(1, 1, 1))
