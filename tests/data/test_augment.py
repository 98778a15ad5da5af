"""Augmentation moves image and label together, changes what it says and nothing else, and repeats itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from medsegedu.data import Augment
from medsegedu.data.appearance import add_noise, change_contrast, change_gamma, lower_resolution, shade
from medsegedu.data.warp import flip, warp
from medsegedu.errors import UserError

STILL = {"flips": (), "rotation": 0, "scale": 0, "elastic": 0, "contrast": 0, "gamma": 0, "bias": 0, "noise": 0,
         "resolution": 0, "moved": 1, "changed": 1}  # fmt: skip


def batch(*size: int, samples: int = 3, channels: int = 2) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(sum(size))
    smooth = ndimage.gaussian_filter(random.standard_normal((samples, channels, *size)), (0, 0, *[2.0] * len(size)))
    image = torch.from_numpy(smooth / smooth.std()).float()
    return image, (image[:, 0] > 0.3).long() + (image[:, 0] > 1)


class Fixed:
    """A random generator whose `uniform` always gives the upper end, so that the amounts are known."""

    def uniform(self, low: float, high: float, size: object = None) -> object:
        return high if size is None else np.full(size, high)  # type: ignore[call-overload]

    def random(self, n: int) -> np.ndarray:
        return np.zeros(n)

    def integers(self, high: int) -> int:
        return 7


@pytest.mark.parametrize("size", [(21, 34), (17, 12, 23)])
def test_everything_off_changes_nothing(size: tuple[int, ...]) -> None:
    image, label = batch(*size)
    same, drawn = Augment(**STILL)(image, label, np.random.default_rng(0))  # type: ignore[arg-type]
    assert torch.equal(same, image)
    assert torch.equal(drawn, label)


@pytest.mark.parametrize("size", [(21, 34), (17, 12, 23)])
def test_the_inputs_stay_and_the_seed_decides(size: tuple[int, ...]) -> None:
    image, label = batch(*size)
    kept = image.clone(), label.clone()
    one, two, other = (
        Augment(flips=(0, 1), moved=1, changed=1)(image, label, np.random.default_rng(s)) for s in (1, 1, 2)
    )
    assert torch.equal(image, kept[0])
    assert torch.equal(label, kept[1])
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[0], other[0])
    assert one[0].dtype == image.dtype
    assert one[1].dtype == label.dtype


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 15), min_size=2, max_size=3), st.integers(0, 99))
def test_flips_are_exact_and_shared(size: list[int], seed: int) -> None:
    label = torch.arange(4 * int(np.prod(size))).view(4, *size)
    image, drawn = flip(label[:, None].double(), label, range(len(size)), np.random.default_rng(seed))
    assert torch.equal(image[:, 0], drawn.double())
    for before, after in zip(label, drawn, strict=True):
        assert sorted(after.flatten().tolist()) == before.flatten().tolist()
        assert any(torch.equal(after, before.flip([a for a in range(len(size)) if mask >> a & 1])) for mask in range(8))


def test_each_axis_is_mirrored_in_about_half_of_the_samples() -> None:
    label = torch.arange(6).view(1, 2, 3).repeat(2000, 1, 1)
    _, drawn = flip(label[:, None].float(), label, (0, 1), np.random.default_rng(0))
    shares = [(drawn[:, 0, 0] == corner).float().mean() for corner in (0, 2, 3, 5)]
    assert all(0.2 < share < 0.3 for share in shares)


@pytest.mark.parametrize(
    ("size", "spacing"), [((24, 31), (1.0, 1.0)), ((24, 31), (2.0, 0.7)), ((15, 18, 22), (1.5, 1.0, 3.0))]
)
def test_warp_is_scipy_s_affine_in_mm(size: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    image, label = batch(*size, samples=1, channels=1)
    moved, drawn = warp(image.double(), label, Fixed(), rotation=20, scale=0.25, elastic=0, spacing=spacing)  # type: ignore[arg-type]
    angle, matrix = np.deg2rad(20), np.eye(len(size)) * 1.25
    for i, j in ((0, 1), (0, 2), (1, 2))[: 1 if len(size) == 2 else 3]:
        turn = np.eye(len(size))
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    voxels = np.diag(1 / np.array(spacing)) @ matrix @ np.diag(spacing)
    centre = (np.array(size) - 1) / 2
    options = {"offset": centre - voxels @ centre, "mode": "reflect"}
    expected = ndimage.affine_transform(image[0, 0].double().numpy(), voxels, order=1, **options)
    assert np.abs(moved[0, 0].numpy() - expected).max() < 1e-5
    nearest = ndimage.affine_transform(label[0].numpy(), voxels, order=0, **options)
    assert (drawn[0].numpy() == nearest).mean() > 0.995  # ties between two voxels may be decided otherwise


def test_a_ball_in_mm_stays_a_ball_where_voxels_are_not_cubes() -> None:
    spacing, size = (1.0, 1.0, 4.0), (41, 41, 11)
    axes = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(size, spacing, strict=True)], indexing="ij")
    distance = torch.from_numpy(sum(a**2 for a in axes) ** 0.5)  # type: ignore[operator]
    ball, near = (distance < 15).long()[None], (distance < 20)[None]  # far corners come from the mirrored outside
    _, moved = warp(ball[:, None].float(), ball, Fixed(), rotation=40, scale=0, elastic=0, spacing=spacing)  # type: ignore[arg-type]
    _, wrong = warp(ball[:, None].float(), ball, Fixed(), rotation=40, scale=0, elastic=0, spacing=(1, 1, 1))  # type: ignore[arg-type]
    assert (moved != ball)[near].float().mean() < 0.05
    assert (wrong != ball)[near].float().mean() > 0.15


@pytest.mark.parametrize("size", [(40, 52), (24, 30, 22)])
def test_image_and_label_move_together_and_no_class_is_invented(size: tuple[int, ...]) -> None:
    _, label = batch(*size)
    label = label * 2  # classes 0, 2 and 4: an interpolated label would show 1 and 3
    image = label[:, None].float()
    moved, drawn = warp(
        image, label, np.random.default_rng(3), rotation=30, scale=0.3, elastic=2, spacing=[1] * len(size)
    )
    assert set(drawn.unique().tolist()) <= {0, 2, 4}
    assert (drawn != label).float().mean() > 0.05
    inside = (moved[:, 0] == moved[:, 0].round()) & (moved[:, 0] % 2 == 0)  # all neighbours of one class
    assert torch.equal(moved[:, 0][inside].long(), drawn[inside])
    assert inside.float().mean() > 0.4


def test_the_displacement_is_as_large_as_it_says() -> None:
    size = (64, 64)
    ramps = torch.stack(torch.meshgrid(*[torch.arange(64.0)] * 2, indexing="ij"))[None].repeat(40, 1, 1, 1)
    label = torch.zeros(40, *size, dtype=torch.long)
    moved, _ = warp(ramps, label, np.random.default_rng(0), rotation=0, scale=0, elastic=3, spacing=(1, 2))
    shift = (moved - ramps)[..., 16:-16, 16:-16]  # away from the mirrored border
    assert 2.4 < float(shift[:, 0].square().mean().sqrt()) < 3.6  # 3 mm are 3 voxels of 1 mm
    assert 1.2 < float(shift[:, 1].square().mean().sqrt()) < 1.8  # and half as many of 2 mm


@pytest.mark.parametrize("size", [(40, 52), (24, 30, 22)])
def test_appearance_against_numpy(size: tuple[int, ...]) -> None:
    image, _ = batch(*size)
    image = image.double() * 100 + 1000
    array, space = image.numpy(), tuple(range(2, image.ndim))
    mean = array.mean(space, keepdims=True)
    low, high = array.min(space, keepdims=True), array.max(space, keepdims=True)
    fixed = Fixed()
    assert np.allclose(change_contrast(image, fixed, 0.3).numpy(), mean + (array - mean) * 1.3)  # type: ignore[arg-type]
    gamma = low + ((array - low) / (high - low)) ** 1.3 * (high - low)
    assert np.allclose(change_gamma(image, fixed, 0.3).numpy(), gamma)  # type: ignore[arg-type]
    noise = (add_noise(image, fixed, 0.2) - image).numpy()  # type: ignore[arg-type]
    assert np.allclose(noise.std(space) / array.std(space), 0.2, rtol=0.15)
    few = lower_resolution(image, fixed, 2.0)  # type: ignore[arg-type]
    third = ndimage.gaussian_filter(array, (0, 0, *[1.0] * len(size)))
    assert np.corrcoef(few.numpy().ravel(), third.ravel())[0, 1] > 0.9
    assert float((few - image).abs().mean()) > 1
    shaded = shade(image, np.random.default_rng(0), 0.2)
    ratio = np.log((shaded.numpy() - low)[array > low] / (array - low)[array > low])
    assert 0.1 < ratio.std() < 0.3
    assert np.abs(np.diff(np.log((shaded.numpy() - low + 1e-9) / (array - low + 1e-9)), axis=-1)).mean() < 0.1  # smooth


def test_a_constant_image_survives_every_change() -> None:
    image, label = torch.full((2, 1, 16, 16), 5.0), torch.zeros(2, 16, 16, dtype=torch.long)
    changed, _ = Augment(moved=1, changed=1)(image, label, np.random.default_rng(0))
    assert torch.allclose(changed, image)


def test_shares_decide_how_many_samples_change() -> None:
    image, label = batch(9, 9, samples=400, channels=1)
    changed, _ = Augment(**{**STILL, "contrast": 0.5, "changed": 0.25})(image, label, np.random.default_rng(0))  # type: ignore[arg-type]
    share = (changed != image).flatten(1).any(1).float().mean()
    assert 0.18 < float(share) < 0.32


def test_it_runs_where_the_image_is() -> None:
    image, label = (part.to("meta") for part in batch(16, 12, 10))
    changed, drawn = Augment(moved=1, changed=1, noise=0)(image, label, np.random.default_rng(0))
    assert changed.is_meta
    assert drawn.is_meta


def test_wrong_calls_are_named() -> None:
    image, label = batch(9, 9)
    with pytest.raises(UserError, match="not \\(3, 2, 9, 9\\) and \\(3, 8, 9\\)"):
        Augment()(image, label[:, 1:], np.random.default_rng(0))
    with pytest.raises(UserError, match="flips is \\(2,\\), but the spatial axes of this image are 0 to 1"):
        Augment(flips=(2,))(image, label, np.random.default_rng(0))
    with pytest.raises(UserError, match="rotation is -1"):
        Augment(rotation=-1)
    with pytest.raises(UserError, match="shares of the samples are from 0 to 1"):
        Augment(moved=1.5)
