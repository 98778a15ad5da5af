"""Windows against MONAI's on random networks, against a loop over windows, and against the whole image where both must agree."""

import itertools
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data.utils import compute_importance_map
from monai.inferers import sliding_window_inference
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.inference import logits, sliding_window
from medsegedu.inference.sliding_window import gaussian, window_boxes
from medsegedu.layers import conv
from medsegedu.models import UNet


@st.composite
def grids(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], float]:
    """An image's size, a window that fits into it, and an overlap."""
    dims = draw(st.integers(2, 3))
    size = tuple(draw(st.integers(1, 17 if dims == 2 else 9)) for _ in range(dims))
    patch = tuple(draw(st.integers(max(1, n // 3), n)) for n in size)
    return size, patch, draw(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7]))


def network(dims: int, channels: int = 2, classes: int = 3) -> nn.Module:
    """Depends on the distance to the window's border, as every network with padding."""
    torch.manual_seed(0)
    layers = (conv(dims)(channels, 4, 3, padding=1), nn.Tanh(), conv(dims)(4, classes, 3, padding=1))
    return nn.Sequential(*layers).double()


def image_of(size: tuple[int, ...], channels: int = 2) -> Tensor:
    return torch.rand((channels, *size), generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@given(grids(), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_it_is_monai_s(grid: tuple[tuple[int, ...], tuple[int, ...], float], batch: int) -> None:
    size, patch, overlap = grid
    model, image = network(len(size)), image_of(size)
    for blend in ("gaussian", "constant"):
        ours = sliding_window(model, image, patch=patch, overlap=overlap, batch=batch, blend=blend)
        with torch.no_grad():
            theirs = sliding_window_inference(image[None], patch, batch, model, overlap=overlap, mode=blend)[0]
        assert ours.dtype == torch.float64
        assert torch.allclose(ours, theirs, atol=1e-6)  # MONAI's weights are float32


@given(grids())
@settings(max_examples=25, deadline=None)
def test_it_is_the_weighted_mean_of_its_windows(grid: tuple[tuple[int, ...], tuple[int, ...], float]) -> None:
    size, patch, overlap = grid
    model, image = network(len(size)), image_of(size)
    found = sliding_window(model, image, patch=patch, overlap=overlap)
    total, weight_sum = np.zeros(found.shape), np.zeros(size)
    for box in window_boxes(size, patch, overlap):
        with torch.no_grad():
            answer = model(image[(None, slice(None), *box)])[0].numpy()
        for place in itertools.product(*map(range, patch)):
            distances = [(i - (n - 1) / 2) / (n / 8) for i, n in zip(place, patch, strict=True)]
            weight = max(np.exp(-0.5 * np.sum(np.square(distances))), 1e-3)
            where = tuple(part.start + i for part, i in zip(box, place, strict=True))
            total[:, *where] += weight * answer[:, *place]
            weight_sum[where] += weight
    assert np.allclose(found.numpy(), total / weight_sum)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=3), st.integers(1, 40), st.floats(0, 0.99))
@settings(max_examples=100, deadline=None)
def test_windows_cover_the_image_with_the_overlap(size: list[int], width: int, overlap: float) -> None:
    patch = [min(n, width) for n in size]
    if np.prod([n / max(1, p * (1 - overlap)) + 1 for n, p in zip(size, patch, strict=True)]) > 3000:
        return
    seen, boxes = np.zeros(size, dtype=int), window_boxes(size, patch, overlap)
    for box in boxes:
        seen[box] += 1
        assert seen[box].shape == tuple(patch)
    assert seen.min() >= 1
    assert len({tuple(part.start for part in box) for box in boxes}) == len(boxes)
    for axis, (n, p) in enumerate(zip(size, patch, strict=True)):
        starts = sorted({box[axis].start for box in boxes})
        assert starts[0] == 0
        assert starts[-1] == n - p
        assert max(np.diff(starts), default=0) <= max(1, p * (1 - overlap) + 1e-6)


@pytest.mark.parametrize(("overlap", "step"), [(0.0, 10), (0.8, 2), (0.9, 1), (0.99, 1), (0.25, 7)])
def test_windows_are_no_closer_than_the_overlap_asks(overlap: float, step: int) -> None:
    starts = [box[0].start for box in window_boxes((45,), (10,), overlap)]
    assert starts == [*range(0, 35, step), 35]


@pytest.mark.parametrize("window", [(1,), (8, 5), (16, 9, 64)])
def test_the_weights_are_monai_s(window: tuple[int, ...]) -> None:
    expected = compute_importance_map(window, mode="gaussian")
    assert torch.allclose(gaussian(window), expected, atol=1e-7)
    assert gaussian(window).min() >= 0.000999


@pytest.mark.parametrize("size", [(37, 23), (5, 41), (4, 3), (19, 11, 23), (7, 30, 3)])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.85])
def test_a_network_without_a_neighbourhood_gives_the_whole_image(size: tuple[int, ...], overlap: float) -> None:
    image = torch.randn(2, *size)
    same = sliding_window(nn.Identity(), image, patch=9, overlap=overlap, batch=7)
    assert torch.allclose(same, image, atol=1e-5)
    mix = conv(len(size))(2, 3, 1)
    assert torch.allclose(sliding_window(mix, image, patch=9, overlap=overlap), mix(image[None])[0], atol=1e-5)


def test_an_image_smaller_than_the_window_is_taken_whole_along_that_axis() -> None:
    model, image = network(2), image_of((6, 31))
    assert torch.equal(sliding_window(model, image, patch=(16, 8)), sliding_window(model, image, patch=(6, 8)))
    assert torch.allclose(sliding_window(model, image, patch=99), model(image[None])[0])


@pytest.mark.parametrize("dims", [2, 3])
def test_the_network_can_go_on_training_and_nothing_is_changed(dims: int) -> None:
    model = UNet(1, 2, width=4, depth=1, dims=dims).train()
    image = torch.rand(1, *(20, 13, 9)[:dims]).transpose(1, 2)  # not contiguous
    before = image.clone(), [(p.clone(), p.stride()) for p in model.state_dict().values()]
    found = sliding_window(model, image, patch=8)
    assert torch.allclose(found, sliding_window(model, image.contiguous(), patch=8, batch=1), atol=1e-5)
    assert torch.equal(image, before[0])
    for now, (then, stride) in zip(model.state_dict().values(), before[1], strict=True):
        assert torch.equal(now, then)
        assert now.stride() == stride
    answer = model.train()(image[None])
    nn.functional.mse_loss(
        answer * found, found.softmax(0)[None]
    ).backward()  # as the target of a student, for instance
    assert all(p.grad is not None for p in model.parameters())


def test_half_precision_is_near_and_leaves_other_types_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("medsegedu.inference.sliding_window")  # not the function of that name
    monkeypatch.setattr(module, "autocast_dtype", lambda device: torch.bfloat16)
    seen = []
    model = UNet(1, 3, width=4, depth=2)
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    image = torch.rand(1, 40, 33)
    full, half = (sliding_window(model, image, patch=16, bfloat16=half) for half in (False, True))
    assert set(seen) == {torch.float32, torch.bfloat16}
    assert full.dtype == half.dtype == torch.float32
    assert 0 < (full - half).abs().max() < 0.05 * full.abs().max()
    double = network(2)
    exact = sliding_window(double, image_of((20, 20)), patch=8)
    assert torch.equal(sliding_window(double, image_of((20, 20)), patch=8, bfloat16=True), exact)


def test_progress_sees_every_batch() -> None:
    seen = []

    def progress(batches):  # type: ignore[no-untyped-def]
        seen.append(len(batches))
        return batches

    image = image_of((16, 24))
    found = sliding_window(network(2), image, patch=8, batch=4, progress=progress)
    assert seen == [4]  # 3 x 5 windows
    assert torch.equal(found, sliding_window(network(2), image, patch=8, batch=4))


def test_windows_of_a_real_network_agree_with_the_whole() -> None:
    torch.manual_seed(0)
    model = UNet(1, 2, width=4, depth=1).eval()
    image = torch.rand(1, 64, 64)
    whole, tiled = logits(model, image), sliding_window(model, image, patch=32, overlap=0.75)
    assert (whole - tiled).abs()[:, 16:-16, 16:-16].max() < 0.1 * whole.std()


def test_what_makes_no_sense_is_named() -> None:
    model, image = nn.Identity(), torch.rand(1, 8, 9)
    with pytest.raises(UserError, match=r"not \(8, 9\)"):
        sliding_window(model, image[0], patch=4)
    for patch in (0, (4,), (4, 4, 4)):
        with pytest.raises(UserError, match="patch is"):
            sliding_window(model, image, patch=patch)
    for overlap in (-0.1, 1.0):
        with pytest.raises(UserError, match="overlap is"):
            sliding_window(model, image, patch=4, overlap=overlap)
    with pytest.raises(UserError, match="batch is 0"):
        sliding_window(model, image, patch=4, batch=0)
    with pytest.raises(UserError, match="blend is 'hann'"):
        sliding_window(model, image, patch=4, blend="hann")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"returns \(3, 3\) for a window of \(5, 5\)"):
        sliding_window(nn.Conv2d(1, 2, 3), image, patch=5)
