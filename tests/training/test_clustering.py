"""Kim's clustering: the loss in NumPy, segments that are found, a network that never leaves training mode."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.training import ClusteringNet, cluster, clustering_loss


def written_out(response: np.ndarray, continuity: float) -> float:
    """-log softmax of the strongest response, pixel by pixel, and the mean step along each axis."""
    flat = np.moveaxis(response, 1, -1).reshape(-1, response.shape[1])
    loss = float(np.mean([np.log(np.exp(r - r.max()).sum()) for r in flat]))
    for axis in range(2, response.ndim):
        steps = np.abs(np.diff(response, axis=axis))
        loss += continuity * float(steps.mean()) if steps.size else 0
    return loss


@settings(max_examples=30, deadline=None)
@given(
    size=st.lists(st.integers(1, 5), min_size=2, max_size=3),
    batch=st.integers(1, 2),
    continuity=st.sampled_from([0.0, 0.5, 5.0]),
    seed=st.integers(0, 99),
)
def test_the_loss_written_out(size: list[int], batch: int, continuity: float, seed: int) -> None:
    torch.manual_seed(seed)
    response = torch.randn(batch, 4, *size, dtype=torch.float64)
    expected = written_out(response.numpy(), continuity)
    assert float(clustering_loss(response, continuity=continuity)) == pytest.approx(expected, abs=1e-12)


def test_gradcheck() -> None:
    torch.manual_seed(0)
    response = torch.randn(1, 3, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: clustering_loss(r, continuity=0.7), response)


def scene(dims: int = 2) -> tuple[Tensor, Tensor]:
    """Three areas of even grey under noise, and where they are."""
    truth = torch.zeros(1, *(24, 20, 9)[:dims], dtype=torch.int64)
    truth[:, 4:14, 3:11], truth[:, 12:21, 11:17] = 1, 2
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    return (truth + 0.05 * noise)[:, None], truth


def purity(label: Tensor, truth: Tensor) -> float:
    """The part of the pixels that the best renaming of segments to areas gets right."""
    right = sum(int(truth[label == segment].bincount().max()) for segment in label.unique())
    return right / truth.numel()


@pytest.mark.parametrize(
    ("dims", "options", "wanted"),
    [(2, {"clusters": 50, "steps": 100}, 0.92), (3, {"clusters": 20, "steps": 40, "continuity": 1.0}, 0.82)],
)
def test_it_finds_the_areas(dims: int, options: dict[str, Any], wanted: float) -> None:
    image, truth = scene(dims)
    label = cluster(image, min_labels=3, progress=False, **options)
    assert label.shape == truth.shape
    assert label.dtype == torch.int64
    segments = label.unique().tolist()
    assert segments == list(range(len(segments)))
    assert 3 <= len(segments) < 20
    assert purity(torch.zeros_like(label), truth) < 0.75  # what one name for everything would get
    assert purity(label, truth) > wanted


def test_it_stops_at_min_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _ = scene()
    seen: list[int] = []

    class Watched(ClusteringNet):
        def forward(self, input: Tensor) -> Tensor:
            assert self.training
            response = super().forward(input)
            seen.append(len(response.argmax(1).unique()))
            return response

        def eval(self) -> nn.Module:
            raise AssertionError("running averages would give other labels")

    monkeypatch.setattr("medsegedu.training.clustering.ClusteringNet", Watched)
    label = cluster(image, min_labels=8, steps=200, clusters=20, progress=False)
    assert len(label.unique()) == seen[-1] <= 8
    assert all(count > 8 for count in seen[:-1])
    assert len(seen) < 200
    seen.clear()
    cluster(image, min_labels=1, steps=3, clusters=20, progress=False)
    assert len(seen) == 4  # three steps, and a last look


def test_the_seed_decides_and_the_global_state_stays() -> None:
    image, _ = scene()
    options = {"steps": 4, "clusters": 16, "progress": False}
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = cluster(image, seed=3, **options)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(cluster(image, seed=3, **options), first)
    assert not torch.equal(cluster(image, seed=4, **options), first)


def test_continuity_makes_fewer_segments() -> None:
    image, _ = scene()
    options = {"min_labels": 1, "steps": 12, "clusters": 30, "progress": False}
    rough, smooth = cluster(image, continuity=0, **options), cluster(image, continuity=5, **options)
    assert len(smooth.unique()) < len(rough.unique())


def test_the_network() -> None:
    """100 channels throughout; convolution, ReLU, normalisation, and no ReLU at the end."""
    net = ClusteringNet(3)
    kinds = [type(m).__name__ for m in net]
    assert kinds == ["Conv2d", "ReLU", "BatchNorm2d"] * 2 + ["Conv2d", "BatchNorm2d"]
    convolutions = 3 * 9 * 100 + 100 * 9 * 100 + 100 * 100 + 3 * 100
    assert sum(p.numel() for p in net.parameters()) == convolutions + 3 * 200
    response = net(torch.rand(1, 3, 9, 7))
    assert response.shape == (1, 100, 9, 7)
    assert response.mean((0, 2, 3)).abs().max() < 1e-5  # each cluster has the same mean and spread


def test_the_bar_shows_the_segments(capsys: pytest.CaptureFixture[str]) -> None:
    image, _ = scene()
    cluster(image, steps=2, clusters=8)
    assert "segments=" in capsys.readouterr().err
    cluster(image, steps=2, clusters=8, progress=False)
    assert capsys.readouterr().err == ""


def test_wrong_inputs_are_named() -> None:
    image, truth = scene()
    with pytest.raises(UserError, match=r"give floating point \(N, C, \*spatial\)"):
        cluster(image[0])
    with pytest.raises(UserError, match=r"torch\.int64 of shape"):
        cluster(truth[:, None])
    with pytest.raises(UserError, match="min_labels is 0"):
        cluster(image, min_labels=0)
    with pytest.raises(UserError, match="1 <= min_labels <= clusters"):
        cluster(image, min_labels=9, clusters=8)
