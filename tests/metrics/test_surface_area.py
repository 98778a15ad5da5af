"""Surface area and surface Dice against MONAI's table and calls, closed forms of boxes, and what symmetry demands."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.metrics import compute_surface_dice
from monai.metrics.utils import get_code_to_measure_table
from numpy.typing import NDArray
from scipy import ndimage

from medsegedu.errors import UserError
from medsegedu.metrics import surface_dice, surface_distances
from medsegedu.metrics.surface_area import surface_elements

Array = NDArray[np.bool_]
SIZES = st.floats(0.2, 9, allow_subnormal=False)
TOLERANCES = (0.317, 2.113, 6.251)  # none is a distance between voxels, where rounding would decide


@st.composite
def pairs(draw: st.DrawFn, *, empty: bool = True) -> tuple[Array, Array, tuple[float, ...]]:
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=7))
    masks = [draw(arrays.arrays(bool, shape)) for _ in range(2)]
    if not empty:
        for mask in masks:
            mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = True
    return masks[0], masks[1], tuple(draw(SIZES) for _ in shape)


def blobs(seed: int, shape: tuple[int, ...]) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(random.normal(size=shape), 2) for _ in range(2)]
    return fields[0] + 0.8 * fields[1] > 0.03, fields[0] > 0.03


def area(mask: Array, spacing: tuple[float, ...]) -> float:
    return float(surface_elements(mask, spacing)[1].sum())


def theirs(p: Array, t: Array, spacing: tuple[float, ...], tolerance: float) -> float:
    a, b = (torch.from_numpy(mask)[None, None] for mask in (p, t))
    options = {"include_background": True, "spacing": spacing, "use_subvoxels": True}
    return float(compute_surface_dice(a, b, [tolerance], **options))


@given(st.integers(2, 3), st.tuples(SIZES, SIZES, SIZES))
@settings(max_examples=20, deadline=None)
def test_each_pattern_has_monai_s_area(dims: int, sizes: tuple[float, float, float]) -> None:
    spacing = sizes[:dims]
    table, weights = get_code_to_measure_table(spacing)
    kernel = weights.numpy().reshape((2,) * dims)
    for corners in itertools.product((False, True), repeat=2**dims):
        pattern = np.array(corners).reshape(kernel.shape)
        holds, found = surface_elements(pattern, spacing)
        places = {tuple(place): value for place, value in zip(np.argwhere(holds).tolist(), found, strict=True)}
        expected = float(table[int((kernel * pattern).sum())])
        assert places.get((1,) * dims, 0.0) == pytest.approx(expected, rel=1e-5)


@given(pairs(empty=False))
@settings(max_examples=60, deadline=None)
def test_surface_dice_is_monai_s_on_noise(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, spacing = pair
    for tolerance in TOLERANCES:
        assert surface_dice(p, t, spacing, tolerance=tolerance) == pytest.approx(
            theirs(p, t, spacing, tolerance), abs=1e-5
        )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(31, 22), (23, 17, 11)])
def test_surface_dice_is_monai_s_on_blobs(seed: int, shape: tuple[int, ...]) -> None:
    p, t = blobs(seed, shape)
    spacing = (0.7, 3.1, 1.9)[: len(shape)]
    ours = [surface_dice(p, t, spacing, tolerance=tolerance) for tolerance in TOLERANCES]
    assert ours == pytest.approx([theirs(p, t, spacing, tolerance) for tolerance in TOLERANCES], abs=1e-6)
    assert abs(ours[0] - surface_dice(p, t, spacing, tolerance=TOLERANCES[0], by="voxels")) > 1e-3


@given(st.lists(st.tuples(st.integers(1, 5), SIZES), min_size=2, max_size=3), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_a_box_has_faces_bevelled_edges_and_cut_corners(axes: list[tuple[int, float]], margin: int) -> None:
    voxels, spacing = zip(*axes, strict=True)
    inner = [(n - 1) * size for n, size in axes]  # between the centres of the first and the last voxel
    if len(axes) == 2:
        expected = 2 * sum(inner) + 4 * math.hypot(*spacing) / 2
    else:
        faces = sum(2 * one * other for one, other in itertools.combinations(inner, 2))
        a, b, c = spacing
        edges = 2 * (inner[0] * math.hypot(b, c) + inner[1] * math.hypot(a, c) + inner[2] * math.hypot(a, b))
        expected = faces + edges + math.hypot(b * c, a * c, a * b)
    mask = np.pad(np.ones(voxels, dtype=bool), margin)
    assert area(mask, spacing) == pytest.approx(expected)


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_area_follows_the_object(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    mask, _, spacing = pair
    own = area(mask, spacing)
    assert area(mask.T, spacing[::-1]) == pytest.approx(own)
    assert area(np.flip(mask, 0), spacing) == pytest.approx(own)
    assert area(np.pad(mask, 2), spacing) == pytest.approx(own)
    hole = ~np.pad(mask, 1)
    assert area(hole, spacing) - area(np.ones_like(hole), spacing) == pytest.approx(own, abs=1e-9)
    double = tuple(2 * size for size in spacing)
    assert area(mask, double) == pytest.approx(own * 2 ** (mask.ndim - 1))


def test_a_sphere_is_rough_but_a_cube_s_slices_weigh_their_thickness() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 3, indexing="ij"))
    ball = (grid**2).sum(0) <= 10.3**2
    assert 1.0 < area(ball, (1.0, 1.0, 1.0)) / (4 * math.pi * 10.3**2) < 1.12  # stairs have more area than a slope
    thick = np.zeros((9, 9, 9), dtype=bool)
    thick[2:7, 2:7, 2:7] = True
    sides = [area(thick, (size, 1.0, 1.0)) for size in (1.0, 5.0)]
    assert sides[1] > 3 * sides[0]


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_it_is_a_part_and_grows_with_the_tolerance(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, spacing = pair
    values = [surface_dice(p, t, spacing, tolerance=tolerance) for tolerance in (0.0, *TOLERANCES, 1e6)]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)
    assert values[-1] == pytest.approx(float(p.any() == t.any()))
    assert values[2] == pytest.approx(surface_dice(t, p, spacing, tolerance=TOLERANCES[1]))
    assert surface_dice(p, p, spacing, tolerance=0.0) == 1


@pytest.mark.parametrize("start", range(4, 9))
def test_three_voxels_of_0_7_mm_are_within_2_1_mm(start: int) -> None:
    p, t = np.zeros((2, 12, 5), dtype=bool)
    p[start + 3, 2] = t[start, 2] = p[0, 0] = t[0, 0] = True  # the second fixes where counting begins
    distances = surface_distances(p, t, 0.7)
    assert distances.dice(2.1) == 1
    assert distances.dice(2.09) == 0.5
    for by in ("area", "voxels"):
        assert surface_dice(p, t, 0.7, tolerance=2.1, by=by) == 1


def test_definitions_and_axes_are_checked() -> None:
    line = np.ones(4, dtype=bool)
    assert surface_dice(line, line, tolerance=1.0, by="voxels") == 1
    with pytest.raises(UserError, match="1 axes; area is defined for 2 or 3: choose by='voxels'"):
        surface_dice(line, line, tolerance=1.0)
    with pytest.raises(UserError, match="by is 'pixels'"):
        surface_dice(line, line, tolerance=1.0, by="pixels")  # type: ignore[arg-type]
    for tolerance in (-1.0, math.nan):
        with pytest.raises(UserError, match="at least 0"):
            surface_dice(np.ones((2, 2)), np.ones((2, 2)), tolerance=tolerance)
