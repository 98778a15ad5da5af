"""Metrics against MONAI and against brute force, on random odd-shaped masks with voxels longer along one axis."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai import metrics as monai
from numpy.typing import NDArray
from scipy import ndimage

from medsegedu import metrics
from medsegedu.errors import UserError
from medsegedu.metrics import (
    average_surface_distance,
    dice,
    hausdorff,
    hausdorff95,
    iou,
    lesion_counts,
    lesion_f1,
    precision,
    sensitivity,
    surface_dice,
    surface_distances,
    volume_error,
)

Array = NDArray[np.bool_]
SIMILARITIES = {
    "dice": dice, "iou": iou, "sensitivity": sensitivity, "precision": precision, "lesion_f1": lesion_f1,
    "surface_dice": lambda p, t, s=None: surface_dice(p, t, s, tolerance=1.0),
}  # fmt: skip
DISTANCES = {
    "hausdorff": hausdorff, "hausdorff95": hausdorff95, "average_surface_distance": average_surface_distance,
}  # fmt: skip
METRICS: dict[str, Callable[..., float]] = SIMILARITIES | DISTANCES | {"volume_error": volume_error}


@st.composite
def pairs(draw: st.DrawFn, *, empty: bool = True) -> tuple[Array, Array, tuple[float, ...]]:
    """Two masks on the same odd grid, and its spacing."""
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=7))
    masks = [draw(arrays.arrays(bool, shape, elements=st.booleans(), fill=st.just(False))) for _ in range(2)]
    if not empty:
        for mask in masks:
            mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = True
    return masks[0], masks[1], tuple(draw(st.sampled_from([0.5, 1.0, 2.5, 7.0])) for _ in shape)


def blobs(seed: int, shape: tuple[int, ...] = (23, 17, 11)) -> tuple[Array, Array]:
    """Two smooth objects that overlap in part."""
    random = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(random.normal(size=shape), 2) for _ in range(2)]
    return fields[0] + 0.3 * fields[1] > 0.03, fields[0] > 0.03


def surface_points(mask: Array, spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Voxel by voxel: in the mask, with a face neighbour outside the mask or outside the image; in mm."""
    points = []
    for place in zip(*np.nonzero(mask), strict=True):
        for axis, step in itertools.product(range(mask.ndim), (-1, 1)):
            near = list(place)
            near[axis] += step
            if not 0 <= near[axis] < mask.shape[axis] or not mask[tuple(near)]:
                points.append(np.multiply(place, spacing))
                break
    return np.array(points)


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_overlap_by_counting_sets(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, spacing = pair
    predicted, true = set(np.flatnonzero(p)), set(np.flatnonzero(t))
    both = len(predicted & true)
    empty = 0.0 if predicted or true else 1.0
    assert dice(p, t, spacing) == (2 * both / (len(predicted) + len(true)) if predicted or true else 1)
    assert iou(p, t, spacing) == (both / len(predicted | true) if predicted or true else 1)
    assert sensitivity(p, t, spacing) == (both / len(true) if true else empty)
    assert precision(p, t, spacing) == (both / len(predicted) if predicted else empty)
    assert volume_error(p, t, spacing) == abs(len(predicted) - len(true)) * math.prod(spacing)
    assert dice(p, t) == pytest.approx(2 * iou(p, t) / (1 + iou(p, t)))
    assert sensitivity(p, t) == precision(t, p)


@given(pairs(empty=False))
@settings(max_examples=100, deadline=None)
def test_distances_by_brute_force(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, spacing = pair
    between = np.linalg.norm(surface_points(p, spacing)[:, None] - surface_points(t, spacing), axis=-1)
    to_label, to_prediction = between.min(1), between.min(0)
    both = np.concatenate([to_label, to_prediction])
    measured = surface_distances(p, t, spacing)
    assert np.allclose(np.sort(measured.from_prediction), np.sort(to_label))
    assert np.allclose(np.sort(measured.from_label), np.sort(to_prediction))
    assert hausdorff(p, t, spacing) == pytest.approx(both.max())
    expected = max(np.percentile(to_label, 95), np.percentile(to_prediction, 95))
    assert hausdorff95(p, t, spacing) == pytest.approx(expected)
    assert average_surface_distance(p, t, spacing) == pytest.approx(both.mean())
    for tolerance in (0.3, 2.2, 6.1):  # none is a sum of spacings, where rounding would decide
        value = surface_dice(p, t, spacing, tolerance=tolerance, by="voxels")
        assert value == pytest.approx((both <= tolerance).mean())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(31, 22), (23, 17, 11)])
def test_distances_are_monai_s(seed: int, shape: tuple[int, ...]) -> None:
    p, t = blobs(seed, shape)
    spacing = (0.7, 3.1, 1.9)[: len(shape)]
    a, b = (torch.from_numpy(mask)[None, None].double() for mask in (p, t))
    options = {"include_background": True, "spacing": spacing}
    assert hausdorff(p, t, spacing) == pytest.approx(float(monai.compute_hausdorff_distance(a, b, **options)), abs=1e-5)
    theirs = float(monai.compute_hausdorff_distance(a, b, percentile=95, **options))
    assert hausdorff95(p, t, spacing) == pytest.approx(theirs, abs=1e-5)
    theirs = float(monai.compute_average_surface_distance(a, b, symmetric=True, **options))
    assert average_surface_distance(p, t, spacing) == pytest.approx(theirs, abs=1e-5)
    theirs = float(monai.compute_surface_dice(a, b, [2.0], **options))
    assert surface_dice(p, t, spacing, tolerance=2.0, by="voxels") == pytest.approx(theirs, abs=1e-6)
    assert dice(p, t) == pytest.approx(float(monai.compute_dice(a, b)), abs=1e-6)
    assert iou(p, t) == pytest.approx(float(monai.compute_iou(a, b)), abs=1e-6)


def test_hd95_is_the_named_definition_and_not_the_pooled_one() -> None:
    p, t = blobs(0)[0], blobs(1)[1]  # two objects that have little to do with each other
    d = surface_distances(p, t)
    directed = [np.percentile(x, 95) for x in (d.from_prediction, d.from_label)]
    pooled = np.percentile(np.concatenate([d.from_prediction, d.from_label]), 95)
    assert hausdorff95(p, t) == max(directed) != pooled
    assert directed[0] != directed[1]


def test_spacing_is_in_axis_order() -> None:
    p, t = np.zeros((2, 9, 9), dtype=bool)
    p[1, 1] = t[1, 4] = True  # three voxels apart along the second axis
    assert hausdorff(p, t, (10, 0.5)) == 1.5
    assert hausdorff(p, t, (0.5, 10)) == 30
    assert hausdorff(p, t, 2) == hausdorff(p, t, (2, 2)) == 6
    assert hausdorff(p, t) == 3
    assert volume_error(p, np.zeros_like(p), (10, 0.5)) == 5


@given(pairs())
@settings(max_examples=80, deadline=None)
def test_never_nan_and_within_bounds(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, spacing = pair
    diagonal = math.hypot(*np.multiply(p.shape, spacing))
    for metric in SIMILARITIES.values():
        assert 0 <= metric(p, t, spacing) <= 1
    for metric in DISTANCES.values():
        assert 0 <= metric(p, t, spacing) <= diagonal
        assert metric(p, t, spacing) == pytest.approx(metric(t, p, spacing))
    for metric in METRICS.values():
        assert type(metric(p, t, spacing)) is float


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_the_empty_cases(shape: tuple[int, ...]) -> None:
    nothing, something = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    something[(0,) * len(shape)] = True
    spacing = (1.0, 2.0, 3.0)[: len(shape)]
    diagonal = math.hypot(*np.multiply(shape, spacing))
    for name, metric in METRICS.items():
        perfect, missed = (1, 0) if name in SIMILARITIES else (0, diagonal)
        missed = math.prod(spacing) if name == "volume_error" else missed
        assert metric(nothing, nothing, spacing) == perfect, name
        assert metric(nothing, something, spacing) == pytest.approx(missed), name
        assert metric(something, nothing, spacing) == pytest.approx(missed), name
    assert surface_dice(nothing, something, tolerance=1e9) == 0


def test_a_missed_object_never_improves_an_average() -> None:
    """The farthest voxel in the image is still better than none: MONAI's NaN would be left out of the mean."""
    label, far = np.zeros((2, 6, 7, 8), dtype=bool)
    label[0, 0, 0] = far[-1, -1, -1] = True
    for name, metric in DISTANCES.items():
        assert metric(far, label, (1, 2, 3)) < metric(np.zeros_like(label), label, (1, 2, 3)), name


def test_an_object_at_the_border_has_its_surface_there() -> None:
    full = np.ones((5, 7), dtype=bool)
    hole = full.copy()
    hole[2, 3] = False
    assert len(surface_distances(full, full).from_label) == 2 * 5 + 2 * 5
    assert hausdorff(hole, full) == 2  # from beside the hole, in row 2, to the border's row 0


@pytest.mark.parametrize(
    ("predicted", "true", "counts"),
    [
        ("##..##..#", "##..##..#", (3, 0, 0)),
        ("#.#.#....", "#####....", (1, 0, 0)),  # three pieces of one lesion
        ("#########", "#..#..#..", (3, 0, 0)),  # one blob over three lesions
        ("#..#.....", "#....#...", (1, 1, 1)),
        (".#.......", "#........", (0, 1, 1)),  # beside, not in
        (".........", "#..#..#..", (0, 0, 3)),
        ("#..#.....", ".........", (0, 2, 0)),
    ],
)
def test_lesions_by_the_matching_rule(predicted: str, true: str, counts: tuple[int, int, int]) -> None:
    p, t = (np.array([[c == "#" for c in row]]) for row in (predicted, true))
    hits, alarms, misses = counts
    assert lesion_counts(p, t) == counts
    assert lesion_f1(p, t) == 2 * hits / (2 * hits + alarms + misses)


def test_lesions_that_share_a_corner_are_one() -> None:
    corner = np.zeros((3, 3, 3), dtype=bool)
    corner[0, 0, 0] = corner[1, 1, 1] = True
    apart = np.zeros_like(corner)
    apart[0, 0, 0] = apart[2, 2, 2] = True
    assert lesion_counts(np.zeros_like(corner), corner) == (0, 0, 1)
    assert lesion_counts(np.zeros_like(apart), apart) == (0, 0, 2)


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_lesions_by_flooding(pair: tuple[Array, Array, tuple[float, ...]]) -> None:
    p, t, _ = pair

    def components(mask: Array) -> list[set[tuple[int, ...]]]:
        left, found = set(zip(*np.nonzero(mask), strict=True)), []
        while left:
            part, front = set(), [left.pop()]
            while front:
                place = front.pop()
                part.add(place)
                near = {
                    tuple(map(sum, zip(place, step, strict=True)))
                    for step in itertools.product((-1, 0, 1), repeat=mask.ndim)
                }
                front += near & left
                left -= near
            found.append(part)
        return found

    hits = sum(any(p[place] for place in lesion) for lesion in components(t))
    alarms = sum(not any(t[place] for place in claim) for claim in components(p))
    assert lesion_counts(p, t) == (hits, alarms, len(components(t)) - hits)


@pytest.mark.parametrize("name", METRICS)
def test_every_kind_of_mask_gives_the_same(name: str) -> None:
    metric, (p, t) = METRICS[name], blobs(1, (9, 8, 7))
    expected = metric(p, t, (1.0, 2.0, 3.0))
    for kind in (np.uint8, np.int64, np.float32):
        assert metric(p.astype(kind), t.astype(kind), (1.0, 2.0, 3.0)) == expected
    for kind in (torch.bool, torch.int64, torch.float32):
        masks = (torch.from_numpy(p).to(kind), torch.from_numpy(t).to(kind))
        assert metric(*masks, np.array([1, 2, 3])) == expected
    assert (
        metric(np.asfortranarray(p), torch.from_numpy(t).transpose(0, 2).contiguous().transpose(0, 2), (1, 2, 3))
        == expected
    )
    before = p.copy(), t.copy()
    metric(p, t)
    assert np.array_equal(p, before[0])
    assert np.array_equal(t, before[1])


@pytest.mark.parametrize("name", METRICS)
def test_wrong_inputs_are_named(name: str) -> None:
    metric, mask = METRICS[name], np.ones((3, 4), dtype=bool)
    with pytest.raises(UserError, match=r"prediction has shape \(3, 4\) and the label \(4, 3\)"):
        metric(mask, mask.T)
    with pytest.raises(UserError, match=r"label has values other than 0 and 1, for example 4;.*label == 1"):
        metric(mask, mask * 4)
    with pytest.raises(UserError, match=r"prediction has values other than 0 and 1, for example 0\.5"):
        metric(mask * 0.5, mask)
    for spacing in ((1, 2, 3), (1, 0), (1, -1), (1, math.nan), (1, math.inf)):
        with pytest.raises(UserError, match=r"spacing is .*; give 2 positive sizes in mm"):
            metric(mask, mask, spacing)


def test_tolerance_is_checked() -> None:
    mask = np.ones((3, 4), dtype=bool)
    for tolerance in (-1.0, math.nan):
        with pytest.raises(UserError, match="give a distance in mm of at least 0"):
            surface_dice(mask, mask, tolerance=tolerance)


def test_one_measurement_serves_every_surface_metric() -> None:
    p, t = blobs(2)
    spacing = (1.0, 2.0, 3.0)
    measured = surface_distances(p, t, spacing)
    assert measured.hausdorff() == hausdorff(p, t, spacing)
    assert measured.hausdorff(95) == hausdorff95(p, t, spacing)
    assert measured.average() == average_surface_distance(p, t, spacing)
    assert measured.dice(2.0) == surface_dice(p, t, spacing, tolerance=2.0, by="voxels")


def test_all_is_exported() -> None:
    assert {*METRICS} <= {*metrics.__all__}
