"""Patches from the disk are those of the volume in memory, and only they enter memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import nifti, volume

from medsegedu.data import Grid, read_image
from medsegedu.data.lazy import LazyVolume
from medsegedu.errors import UserError

OBLIQUE = np.array([[0, 0, -3.0, 9], [1.5, 0.1, 0, -4], [-0.1, -2, 0, 7], [0, 0, 0, 1]])


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.npy"])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.tuples(*[st.integers(-9, 9)] * 3), size=st.tuples(*[st.integers(1, 9)] * 3))
def test_a_patch_is_what_the_whole_volume_holds_there(tmp_path: Path, name: str, start, size) -> None:
    path = tmp_path / name
    if not path.exists():
        if name == "a.npy":
            np.save(path, np.asfortranarray(volume()))
        else:
            nifti(path, volume(), OBLIQUE, scl_slope=0.5, scl_inter=2)
    lazy, case = LazyVolume(path), read_image(path)
    assert lazy.grid.difference(Grid.of(case)) == ""
    padded = torch.nn.functional.pad(case.image, (20,) * 6)
    x, y, z = (s + 20 for s in start)
    patch = lazy.patch(start, size)
    assert patch.dtype == torch.float32
    assert torch.equal(patch, padded[:, x : x + size[0], y : y + size[1], z : z + size[2]])


def test_a_compressed_volume_is_uncompressed_once_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "cache"))
    path = nifti(tmp_path / "a.nii.gz")
    first = LazyVolume(path)
    assert "a.nii.gz can't be read in parts; it was uncompressed to" in first.note
    (copy,) = (tmp_path / "cache" / "volumes").iterdir()
    made = copy.stat().st_mtime_ns
    assert torch.equal(LazyVolume(path).patch((0, 0, 0), (2, 2, 2)), first.patch((0, 0, 0), (2, 2, 2)))
    assert copy.stat().st_mtime_ns == made
    nifti(path, volume(seed=1)[:4])  # another file of the same name
    assert LazyVolume(path).shape == (4, 6, 7)


@pytest.mark.parametrize("cut", [8, 40, 300])
def test_broken_files_leave_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "cache"))
    for name in ("a.nii.gz", "a.nii", "a.npy"):
        path = tmp_path / name
        if name == "a.npy":
            np.save(path, volume())
        else:
            nifti(path)
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(UserError, match=name):
            LazyVolume(path)
    assert not [*(tmp_path / "cache").rglob("*.nii*")]
    assert not [*(tmp_path / "cache").rglob("*.part")]


def test_other_files_and_a_cache_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, why in (
        (tmp_path / "a.png", "convert it to .nii or .npy"),
        (tmp_path / "gone.nii", "There is no file"),
        (tmp_path / "gone.nii.gz", "There is no file"),
        (nifti(tmp_path / "four.nii", volume((4, 5, 6, 2))), "4 dimensions"),
    ):
        with pytest.raises(UserError, match=why):
            LazyVolume(path)
    bad = volume().astype(np.float32)
    bad[1, 2, 3] = np.nan
    with pytest.raises(UserError, match=r"nan\.nii.*NaN"):
        LazyVolume(nifti(tmp_path / "nan.nii", bad, np.eye(4))).patch((0, 0, 0), (5, 6, 7))
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="MEDSEGEDU_CACHE to another disk"):
        LazyVolume(nifti(tmp_path / "a.nii.gz"))


def test_two_gigabytes_are_read_in_less_than_half_of_one(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "benchmarks" / "lazy_volume.py"
    done = subprocess.run(
        [sys.executable, script, "--patches", "60", "--folder", tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
