"""What moves between grids keeps its place in the world; cases, soft labels, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from placed import SOME, SPACINGS, TURNS, affine_of, grids, numbers
from scipy import ndimage

from medsegedu.data import Case
from medsegedu.data.geometry import case_on, image_on, label_on, probabilities_on
from medsegedu.data.grid import Grid
from medsegedu.errors import UserError


@given(st.sampled_from(TURNS), st.tuples(*[st.floats(-0.7, 0.7)] * 3), SPACINGS, st.sampled_from(["nearest", "linear"]))
@SOME
def test_structures_keep_their_place_in_the_world_within_half_a_voxel(turn, angles, new, method) -> None:
    """A ball in the world, drawn on any grid: resampled and brought back, its centre stays."""
    new = tuple(0.5 + 0.25 * s for s in new)  # 0.6 to 2 mm
    grid = Grid((28, 26, 24), affine_of(*turn, (1.0, 1.2, 0.9), angles))
    centre = grid._centre() + np.array([1.3, -0.8, 2.1])

    def depth(on: Grid) -> np.ndarray:
        """How many mm each voxel lies inside the ball."""
        index = np.vstack([np.indices(on.shape).reshape(3, -1), np.ones(np.prod(on.shape))])
        return (7 - np.linalg.norm((on.affine @ index)[:3] - centre[:, None], axis=0)).reshape(on.shape)

    def ball(on: Grid) -> torch.Tensor:
        return torch.from_numpy((depth(on) > 0).astype(np.int64))

    def middle(label: torch.Tensor, on: Grid) -> np.ndarray:
        return on.affine[:3] @ [*ndimage.center_of_mass(label.numpy()), 1]

    target = grid.canonical().spaced(new)
    there = label_on(ball(grid), grid, target, method)
    back = label_on(there, target, grid, method)
    assert np.linalg.norm(middle(there, target) - middle(ball(grid), grid)) < max(*new, 1.2) / 2
    assert np.linalg.norm(middle(back, grid) - middle(ball(grid), grid)) < max(*new, 1.2) / 2
    wrong = np.abs(depth(target)[(there != ball(target)).numpy()])  # mm from the surface
    reach = np.linalg.norm(grid.spacing) * (0.5 if method == "nearest" else 1)  # half a voxel's diagonal, or a cell's
    assert wrong.max(initial=0) <= reach


@given(grids(least=3, most=8), SPACINGS)
@SOME
def test_soft_labels_are_the_argmax_of_one_hot_probabilities(grid: Grid, new) -> None:
    label = torch.from_numpy(np.random.default_rng(4).integers(0, 4, grid.shape))
    target = grid.canonical().spaced(new)
    one_hot = torch.nn.functional.one_hot(label, 4).movedim(-1, 0).double()
    probabilities = probabilities_on(one_hot, grid, target)
    assert torch.allclose(probabilities.sum(0), torch.ones(target.shape, dtype=torch.float64))
    soft = label_on(label, grid, target, "linear")
    clear = probabilities.topk(2, dim=0).values.diff(dim=0)[0] < -1e-5
    assert torch.equal(soft[clear], probabilities.argmax(0)[clear])
    assert set(soft.unique().tolist()) <= {0, 1, 2, 3}


def test_ties_go_to_the_lower_class_and_background_is_certain_outside() -> None:
    grid = Grid((4, 1, 1), np.eye(4))
    between = Grid((3, 1, 1), affine_of(origin=(0.5, 0, 0)))
    label = torch.tensor([3, 1, 1, 2])[:, None, None]
    assert label_on(label, grid, between, "linear").flatten().tolist() == [1, 1, 1]
    certain = torch.nn.functional.one_hot(label, 4).movedim(-1, 0).float()
    for target in (grid.pad((2, 0, 0), (0, 0, 0)), grid.spaced((0.8, 1, 1)).pad((2, 0, 0), (0, 0, 0))):
        found = probabilities_on(certain, grid, target)
        assert found[:, 0, 0, 0].tolist() == [1, 0, 0, 0]
        assert label_on(label + 1, grid, target, "linear")[0] == 0


def test_a_constant_image_stays_constant_to_its_last_half_voxel() -> None:
    grid = Grid((5, 6, 7), affine_of(spacing=(1.0, 2.0, 3.0)))
    for method in ("linear", "cubic"):
        found = image_on(torch.full((1, *grid.shape), 3.5), grid, grid.spaced((0.5, 1.0, 1.5)), method)
        assert torch.allclose(found, torch.tensor(3.5))


def test_cases_of_two_and_three_dimensions_move_with_their_labels() -> None:
    picture = Case(torch.rand(3, 6, 8), numbers((6, 8)), (1.0, 1.0), "p", "picture")
    small = case_on(picture, Grid.of(picture).spaced((2.0, 2.0)), "cubic", "linear")
    assert (small.image.shape, small.label.shape, small.spacing) == ((3, 3, 4), (3, 4), (2.0, 2.0))
    cut = case_on(picture, Grid.of(picture).pad((-1, 2), (-2, 0)))
    assert torch.equal(cut.image[:, :, 2:], picture.image[:, 1:4])
    assert not cut.image[:, :, :2].any()
    assert torch.equal(case_on(cut, Grid.of(picture)).label[1:4], picture.label[1:4])
    volume = Case(torch.rand(1, 4, 5, 6), None, (1.0, 2.0, 3.0), "p", "v", affine_of(spacing=(1.0, 2.0, 3.0)))
    assert case_on(volume, Grid.of(volume).spaced((2.0, 2.0, 2.0))).label is None
    assert Grid.of(replace(volume, affine=None)).spacing == volume.spacing


def test_what_makes_no_sense_is_refused() -> None:
    grid = Grid((2, 3, 4), np.eye(4))
    for bad, why in (
        (lambda: Grid((2, 0, 4), np.eye(4)), "no voxel"),
        (lambda: Grid((2, 3, 4), np.diag([1.0, 0, 1, 1])), "singular"),
        (lambda: Grid((2, 3, 4), np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])), "singular"),
        (lambda: Grid((2, 3, 4), np.diag([1.0, np.nan, 1, 1])), "singular"),
        (lambda: Grid((2, 3), np.eye(4)), "needs"),
        (lambda: grid.spaced((1, -1, 1)), "positive"),
        (lambda: grid.spaced((1, 1)), "3 positive"),
        (lambda: label_on(torch.zeros(2, 3, 5), grid, grid), "its grid is"),
        (lambda: image_on(torch.zeros(1, 2, 3, 4), grid, grid, "nearest"), "'linear' or 'cubic'"),
        (lambda: label_on(torch.zeros(2, 3, 4), grid, Grid((2, 3), np.eye(3))), "as many axes"),
    ):
        with pytest.raises(UserError, match=why):
            bad()
