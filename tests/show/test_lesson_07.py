"""The volume viewer's frames lie where the windows lie, and a flat case is the plane that it says."""

from itertools import product

import numpy as np
import pytest
import torch

from medsegedu.data import Case, virtual_patients
from medsegedu.inference.sliding_window import window_boxes
from medsegedu.show import lesson_07 as figures
from medsegedu.show.planes import PLANES, take

SIZE = (7, 9, 12)


@pytest.fixture(scope="module")
def case() -> Case:
    random = torch.Generator().manual_seed(0)
    image = torch.rand(2, *SIZE, generator=random)
    label = torch.randint(0, 3, SIZE, generator=random)
    return Case(image, label, (1.0, 1.5, 3.0), "p", "p-1", np.diag([1.0, 1.5, 3.0, 1.0]))


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_frames_enclose_what_the_windows_hold(plane: str, overlap: float) -> None:
    for box in window_boxes(SIZE, (3, 4, 5), overlap):
        volume = np.zeros(SIZE)
        volume[box] = 1
        shown = take(volume, plane, box[PLANES[plane]].start)  # (rows, columns)
        left, top, width, height = figures._frame(box, plane, SIZE)
        rows, columns = np.nonzero(shown)
        assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (top, top + height, left, left + width)


def test_the_sentence_counts_windows_and_work(case: Case) -> None:
    boxes = window_boxes(SIZE, (4, 4, 4), 0.5)
    covered = np.zeros(SIZE)
    for box in boxes:
        covered[box] += 1
    for at in product((0, 3, 6), (0, 5), (2, 11)):
        alt = figures.planes(case, *at, patch=4).alt
        assert f"{len(boxes)} windows, {covered[at]:.0f} of them over the cross" in alt
        assert f"{covered.mean():.1f} times the work" in alt


@pytest.mark.parametrize("plane", PLANES)
def test_a_flat_case_is_the_plane(case: Case, plane: str) -> None:
    cut = figures.flat(case, plane, 4)
    assert cut.label is not None
    assert case.label is not None
    assert np.array_equal(cut.image.numpy(), take(case.image.numpy(), plane, 4))
    assert np.array_equal(cut.label.numpy(), take(case.label.numpy(), plane, 4))
    kept = [mm for axis, mm in enumerate(case.spacing) if axis != PLANES[plane]]
    assert cut.spacing == tuple(kept[::-1])
    assert torch.equal(figures.flat(case, plane, 4, 2 - case.label).label, 2 - cut.label)


def test_a_flat_axial_case_lies_like_the_slices_of_the_course() -> None:
    volume = virtual_patients(1, seed=3, dims=3, spacing=4)[0]
    slice_ = virtual_patients(1, seed=3, spacing=4)[0]
    cut = figures.flat(volume, "axial", int(slice_.id.split("-z")[1]))
    assert cut.label is not None
    assert slice_.label is not None
    assert torch.equal(cut.label, slice_.label)


def test_figures_say_what_they_show(case: Case) -> None:
    names = ("background", "one", "two")
    assert "Frames" not in figures.planes(case, 1, 2, 3, classes=names).alt
    assert "window" in figures.planes(case, 1, 2, 3, 4, 0.25, classes=names, outlines=False).alt
    assert "right; wrong" in figures.laid_over(case, {"right": case.label, "wrong": case.label}, "axial", 5, names).alt


def test_maps_with_a_scale_say_what_they_show(case: Case) -> None:
    names = ("background", "one", "two")
    plane = case.label[:, :, 5]  # type: ignore[index]
    tiles = figures.tiles(case.image[0, :, :, 5], plane, plane * 1.5, names, alt="Tiles and their difference.")
    assert tiles.alt == "Tiles and their difference."
    assert [axes.get_title() for axes in tiles.figure.axes][:2] == ["classes from tiles", "difference to the whole"]
    assert "summed" in tiles.figure.axes[-1].get_ylabel()
    weights = figures.weights(torch.rand(4, 5), torch.rand(6, 7), alt="Weights.")
    assert [axes.get_ylabel() for axes in weights.figure.axes[2:]] == ["weight", "sum of the weights"]
    assert weights.png()
