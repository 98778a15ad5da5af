"""A volume that was written as a DICOM series is read back as it was, where it was."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsegedu.data import Case, Grid, read_image
from medsegedu.data.save_dicom import save_dicom
from medsegedu.errors import UserError


def volume(shape: tuple[int, int, int], affine: np.ndarray, seed: int = 0) -> Case:
    image = torch.from_numpy(np.random.default_rng(seed).normal(3, 40, (2, *shape)).astype(np.float32))
    return Case(image, None, Grid(shape, affine).spacing, "someone", "one", affine)


def turned(angle: float, spacing: tuple[float, float, float], flip: tuple[int, int, int]) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(np.array(spacing) * flip)
    affine[:3, 3] = 12.5, -40, 7
    return affine


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    angle=st.floats(-0.5, 0.5),
    spacing=st.tuples(*[st.floats(0.4, 5.0)] * 3),
    flip=st.sampled_from([(1, 1, 1), (-1, 1, 1), (-1, -1, 1), (1, -1, 1)]),
    shape=st.tuples(st.integers(3, 6), st.integers(3, 7), st.integers(2, 5)),
    channel=st.integers(0, 1),
)
def test_comes_back_in_its_place(
    angle: float, spacing: tuple[float, float, float], flip: tuple[int, int, int], shape: tuple[int, int, int], channel: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("series")
    case = volume(shape, turned(angle, spacing, flip))
    files = save_dicom(folder, case, channel)
    assert len(files) == shape[2]
    back = read_image(folder)
    there, here = Grid.of(back), Grid.of(case)
    # the reader turns a volume upright: look each voxel up by its place in mm
    index = np.indices(there.shape).reshape(3, -1)
    place = np.rint(there.to(here) @ np.vstack([index, np.ones(index.shape[1])]))[:3].astype(int)
    assert np.abs(there.to(here) - np.rint(there.to(here))).max() < 1e-2
    expected = case.image[channel].numpy()[tuple(place)].reshape(there.shape)
    assert np.allclose(back.image[0].numpy(), expected, atol=float(case.image[channel].abs().max()) / 16_000)


def test_a_picture_is_refused(tmp_path: Path) -> None:
    flat = Case(torch.zeros(1, 4, 5), None, (1.0, 1.0), "p", "p")
    with pytest.raises(UserError, match="volume"):
        save_dicom(tmp_path / "out", flat)
