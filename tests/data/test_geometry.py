"""Grids and what moves between them, against nibabel, MONAI and a loop over voxels; the way back is exact."""

import itertools

import nibabel
import nibabel.processing
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.transforms import Spacing
from placed import MANY, SIZES, SOME, SPACINGS, TURNS, affine_of, grids, numbers

from medsegedu.data.geometry import image_on, label_on
from medsegedu.data.grid import Grid


@pytest.mark.parametrize(("axes", "signs"), TURNS, ids=str)
def test_all_48_orientations_become_ras_as_in_nibabel_and_come_back_bit_by_bit(axes, signs) -> None:
    grid = Grid((4, 5, 6), affine_of(axes, signs, (0.7, 2.0, 3.5), (0.3, -0.2, 0.1)))
    label = numbers(grid.shape)
    turned = label_on(label, grid, grid.canonical())
    oracle = nibabel.as_closest_canonical(nibabel.Nifti1Image(label.numpy().astype(np.int32), grid.affine))
    assert np.array_equal(turned, np.asarray(oracle.dataobj))
    assert np.allclose(grid.canonical().affine, oracle.affine, atol=1e-6)
    assert grid.canonical().orientation == "RAS"
    assert torch.equal(label_on(turned, grid.canonical(), grid), label)


@given(grids(oblique=3), st.tuples(*[st.integers(-4, 4)] * 3), st.tuples(*[st.integers(0, 5)] * 3))
@MANY
def test_turned_cut_and_padded_labels_come_back_bit_by_bit(grid: Grid, start, more) -> None:
    """There and back over any orientation, crop and pad: what was kept is as it was, what was cut is background."""
    label = numbers(grid.shape) + 1
    target = grid.canonical()
    target = target.window(start, [n + m for n, m in zip(target.shape, more, strict=True)])
    back = label_on(label_on(label, grid, target), target, grid)
    corners = np.indices(grid.shape).reshape(3, -1)
    there = np.round((grid.to(target) @ np.vstack([corners, np.ones(corners.shape[1])]))[:3]).T
    kept = ((there >= 0) & (there < target.shape)).all(1).reshape(grid.shape)
    assert np.array_equal(back, np.where(kept, label, 0))


@given(grids(most=7), grids(most=7), st.sampled_from([0, 1]))
@SOME
def test_any_grid_onto_any_other_is_what_a_loop_over_voxels_gives(grid: Grid, target: Grid, order: int) -> None:
    """Brute force: each target voxel looks up its world point among the source's voxels."""
    target = Grid(target.shape, target.affine.copy())
    target.affine[:3, 3] += grid._centre() - target._centre()
    image = np.random.default_rng(1).normal(size=grid.shape)
    found = (label_on if order == 0 else lambda *a: image_on(a[0][None], *a[1:], fill=-9)[0])(
        *((torch.from_numpy(image), grid, target))
    )
    for index in np.ndindex(target.shape):
        world = target.affine @ [*index, 1]
        point = np.linalg.solve(grid.affine, world)[:3]
        ties = np.abs(point - np.floor(point) - 0.5).min() < 1e-6
        beyond = max((-point).max(), (point - grid.shape).max() + 1)  # beyond the outermost centres
        if ties or abs(beyond - 0.5) < 1e-6:
            continue
        if beyond > 0.5:
            assert found[index] == (0 if order == 0 else -9)
            continue
        point = np.clip(point, 0, np.array(grid.shape) - 1)
        if order == 0:
            assert found[index] == image[tuple(np.round(point).astype(int))]
            continue
        low = np.minimum(np.floor(point).astype(int), np.maximum(np.array(grid.shape) - 2, 0))
        expected = 0.0
        for corner in itertools.product((0, 1), repeat=3):
            weight = np.prod([p - i if c else 1 - (p - i) for p, i, c in zip(point, low, corner, strict=True)])
            if weight:
                expected += weight * image[tuple(low + corner)]
        assert float(found[index]) == pytest.approx(expected, abs=1e-9)


@given(grids(least=4, most=9), grids(least=4, most=9))
@SOME
def test_linear_and_cubic_agree_with_nibabel_inside(grid: Grid, target: Grid) -> None:
    target = Grid(target.shape, target.affine.copy())
    target.affine[:3, 3] += grid._centre() - target._centre()
    image = np.random.default_rng(2).normal(size=grid.shape)
    points = (target.to(grid) @ np.vstack([np.indices(target.shape).reshape(3, -1), np.ones(np.prod(target.shape))]))[
        :3
    ].T
    inside = ((points >= 0) & (points <= np.array(grid.shape) - 1)).all(1).reshape(target.shape)
    for method, order in (("linear", 1), ("cubic", 3)):
        oracle = nibabel.processing.resample_from_to(
            nibabel.Nifti1Image(image, grid.affine), (target.shape, target.affine), order=order, mode="nearest"
        )
        found = image_on(torch.from_numpy(image)[None], grid, target, method)[0].numpy()
        assert np.allclose(found[inside], oracle.get_fdata()[inside], atol=1e-9)


@given(SIZES, SPACINGS, SPACINGS)
@MANY
def test_a_new_spacing_covers_the_same_field_around_the_same_centre(size, old, new) -> None:
    grid = Grid(size, affine_of(spacing=old, angles=(0.4, 0.2, -0.3)))
    target = grid.spaced(new)
    assert target.spacing == pytest.approx(new, abs=1e-5)
    assert np.allclose(target._centre(), grid._centre())
    over = np.array(target.shape) * new - np.array(size) * old
    assert (over > -0.002 * np.array(new)).all()
    assert (over < np.array(new)).all()
    assert np.allclose(grid.spaced(grid.spacing).affine, grid.affine, atol=1e-4)
    turned = grid.spaced(new).canonical()
    assert turned.difference(grid.canonical().spaced(turned.spacing)) == ""  # the order of steps does not matter


@pytest.mark.parametrize("factor", [2, 3])
def test_spacing_agrees_with_monai_where_the_field_divides(factor: int) -> None:
    """MONAI aligns the field's corner (scale_extent), we its centre: the same where the new voxels fill it."""
    grid = Grid((12, 6, 18), affine_of(spacing=(1.0, 2.0, 0.5)))
    new = tuple(s * factor for s in grid.spacing)
    image = torch.from_numpy(np.random.default_rng(3).normal(size=(2, *grid.shape))).float()
    oracle = Spacing(new, mode="bilinear", padding_mode="border", scale_extent=True, dtype=torch.float64)(
        MetaTensor(image, affine=grid.affine)
    )
    found = image_on(image, grid, grid.spaced(new))
    assert np.allclose(oracle.affine, grid.spaced(new).affine, atol=1e-6)
    assert np.allclose(found, oracle.as_tensor(), atol=1e-5)
