"""clDice against sets of voxels, MONAI's soft skeleton on hard masks, and thinned skeletons of tubes."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.losses.cldice import soft_skel
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from medsegedu.errors import UserError
from medsegedu.metrics import cldice, dice
from medsegedu.metrics.centreline import skeleton

Array = NDArray[np.bool_]
Place = tuple[int, ...]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Array, Array]:
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=8))
    dense = st.one_of(st.just(True), st.booleans())  # three of four inside: deep enough to erode twice
    return draw(arrays.arrays(bool, shape, elements=dense)), draw(arrays.arrays(bool, shape, elements=dense))


def skeleton_by_sets(mask: Array) -> set[Place]:
    steps = list(itertools.product((-1, 0, 1), repeat=mask.ndim))
    faces = [step for step in steps if sum(map(abs, step)) <= 1]

    def around(place: Place, which: list[Place]) -> set[Place]:
        return {tuple(map(sum, zip(place, step, strict=True))) for step in which}  # type: ignore[misc]

    left, found = {tuple(map(int, place)) for place in np.argwhere(mask)}, set()
    while left:
        eroded = {place for place in left if around(place, faces) <= left}
        found |= left - set().union(*(around(place, steps) for place in eroded))
        left = eroded
    return found


def tube(seed: int, dims: int = 2, radius: float = 2.5) -> Array:
    """A random smooth path of the given radius."""
    random = np.random.default_rng(seed)
    path = np.cumsum(ndimage.gaussian_filter1d(random.normal(size=(400, dims)), 25, axis=0), axis=0)
    path = 8 + 44 * (path - path.min(0)) / (path.max(0) - path.min(0))
    mask = np.ones((60,) * dims, dtype=bool)
    mask[tuple(path.round().astype(int).T)] = False
    return ndimage.distance_transform_edt(mask) <= radius


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_by_sets_of_voxels(pair: tuple[Array, Array]) -> None:
    p, t = pair
    skeletons = [skeleton_by_sets(mask) for mask in pair]
    for mask, expected in zip(pair, skeletons, strict=True):
        assert {tuple(place) for place in np.argwhere(skeleton(mask)).tolist()} == expected
        assert not (skeleton(mask) & ~mask).any()
        assert skeleton(mask).any() == mask.any()
    if not (p.any() and t.any()):
        assert cldice(p, t) == float(p.any() == t.any())
        return
    a = np.mean([t[place] for place in skeletons[0]])
    b = np.mean([p[place] for place in skeletons[1]])
    assert cldice(p, t) == pytest.approx(2 * a * b / (a + b) if a + b else 0)
    assert cldice(t, p) == pytest.approx(cldice(p, t))
    assert cldice(p, p) == 1


@pytest.mark.parametrize("dims", [2, 3])
def test_the_skeleton_is_the_soft_one_of_a_hard_mask(dims: int) -> None:
    mask = tube(1, dims)[:47, 3:] | tube(2, dims)[:47, 3:]
    image = torch.from_numpy(np.pad(mask, 1)).double()[None, None]  # beyond the border is outside here, not there
    soft = soft_skel(image, 10)[0, 0].numpy()
    assert np.array_equal(skeleton(mask), soft[(slice(1, -1),) * dims] > 0)


@pytest.mark.parametrize("seed", range(4))
def test_thinned_skeletons_score_nearly_the_same(seed: int) -> None:
    p, t = tube(seed), tube(seed, radius=1.5) | tube(seed + 10)
    a, b = t[skeletonize(p)].mean(), p[skeletonize(t)].mean()
    assert cldice(p, t) == pytest.approx(2 * a * b / (a + b), abs=0.05)


def test_a_cut_vessel_costs_its_length_not_its_volume() -> None:
    label = np.zeros((12, 60), dtype=bool)
    label[2:5, 2:58] = label[9, 2:58] = True  # a wide vessel and a thin one
    without_thin = label.copy()
    without_thin[9] = False
    assert dice(without_thin, label) > 0.8
    assert cldice(without_thin, label) < 0.7
    narrow = label.copy()
    narrow[2] = narrow[4] = False
    assert cldice(narrow, label) == 1 > dice(narrow, label)


def test_it_is_called_as_every_metric() -> None:
    mask = tube(0)
    assert cldice(torch.from_numpy(mask), mask.astype(int), (1, 5)) == 1
    assert cldice(mask, np.roll(mask, 30, 0) & ~mask) < 0.1
    with pytest.raises(UserError, match="values other than 0 and 1"):
        cldice(mask * 3, mask)
    with pytest.raises(UserError, match="spacing is"):
        cldice(mask, mask, (1, 0))
