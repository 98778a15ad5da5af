"""Files of every kind are read without loss, or refused in one sentence that names the file and the fix."""

import gzip
import os
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from placed import SPACINGS, TURNS, affine_of
from scipy import ndimage
from written import AFFINE, nifti, volume

from medsegedu.data import Grid, case_on, nifti_case, read_image, read_label, save_nifti
from medsegedu.data.images import read_pixels
from medsegedu.errors import UserError

random = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "Größe Пациент 病人.nii.gz"])
def test_nifti_comes_in_ras_with_its_values_and_its_place(tmp_path: Path, name: str) -> None:
    array = volume()
    case = read_image(nifti(tmp_path / "подпапка" / name, array))
    assert np.array_equal(case.image[0], array[::-1])
    assert (case.spacing, case.id, Grid.of(case).orientation) == ((1.5, 2.0, 3.0), name, "RAS")
    assert case.affine @ [0, 0, 0, 1] == pytest.approx([20 - 4 * 1.5, -30, 5, 1])
    assert read_pixels(tmp_path / "подпапка" / name).notes == ()


def test_units_scaling_and_contradictions_of_a_header_are_minded(tmp_path: Path) -> None:
    scaled = nifti(tmp_path / "scaled.nii.gz", scl_slope=0.5, scl_inter=-3)
    assert np.allclose(read_image(scaled).image[0], volume()[::-1] * 0.5 - 3)
    assert read_image(nifti(tmp_path / "micrometres.nii", xyzt_units=3)).spacing == (0.0015, 0.002, 0.003)
    for field, value, note in (
        ("pixdim", [1, 1.5, 2, 9, 0, 0, 0, 0], "pixdim says"),
        ("qoffset_x", 99, "sform and qform disagree"),
    ):
        assert any(note in n for n in read_pixels(nifti(tmp_path / "odd.nii.gz", **{field: value})).notes)
    lost = nifti(tmp_path / "lost.nii.gz", sform_code=0, qform_code=0)
    assert "says nothing about orientation" in read_pixels(lost).notes[0]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"dim": [3, 5, 0, 7, 1, 1, 1, 1]}, "holds no voxel"),
        ({"dim": [3, 5, -6, 7, 1, 1, 1, 1]}, "holds no voxel"),
        ({"dim": [9, 5, 6, 7, 1, 1, 1, 1]}, "9 dimensions"),
        ({"dim": [3, 5, 6, 6, 1, 1, 1, 1]}, "more than the"),
        ({"dim": [3, 5, 6, 8, 1, 1, 1, 1]}, "ends after"),
        ({"pixdim": [1, 0, 2, 3, 0, 0, 0, 0]}, "spacing .* must be positive"),
        ({"pixdim": [1, 1, -2, 3, 0, 0, 0, 0]}, "spacing .* must be positive"),
        ({"pixdim": [1, 1, np.nan, 3, 0, 0, 0, 0]}, "spacing .* must be positive"),
        ({"srow_x": [0, 0, 0, 4]}, "singular"),
        ({"srow_x": [np.inf, 0, 0, 4]}, "singular"),
        ({"datatype": 16}, "16 bits for data of type float32"),
        ({"datatype": 128}, "can't be read|bits for data"),
        ({"magic": b"ni1"}, "half of a"),
        ({"magic": b"abc"}, "mark"),
        ({"vox_offset": 360}, "ends after"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nifti_headers_that_make_no_sense_are_refused(tmp_path: Path, name, header, why) -> None:
    with pytest.raises(UserError, match=why) as caught:
        read_image(nifti(tmp_path / name, **header))
    assert name in str(caught.value)


def test_gzip_is_read_to_its_checksum(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii.gz")
    whole = path.read_bytes()
    for broken in (whole[:-8], whole[:-1], whole[:-8] + bytes(8), whole[: len(whole) // 2], whole + b"more"):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"a\.nii\.gz can't be read as NIfTI"):
            read_image(path)
    for foreign in (b"", b"not an image", gzip.compress(b"neither"), gzip.compress(bytes(1000))):
        path.write_bytes(foreign)
        with pytest.raises(UserError, match=r"a\.nii\.gz can't be read as NIfTI"):
            read_image(path)


def test_four_dimensions_need_names_for_the_fourth(tmp_path: Path) -> None:
    array = volume((4, 5, 6, 2))
    path = nifti(tmp_path / "four.nii.gz", array)
    with pytest.raises(UserError, match="4 dimensions"):
        read_image(path)
    assert np.array_equal(read_image(path, contrasts=("T2", "ADC")).image[1], array[::-1, ..., 1])
    with pytest.raises(UserError, match="4 dimensions"):
        read_image(path, contrasts=("T2", "ADC", "DCE"))
    assert read_image(nifti(tmp_path / "thin.nii.gz", array[..., :1])).image.shape == (1, 4, 5, 6)
    with pytest.raises(UserError, match="2 dimensions"):
        read_image(nifti(tmp_path / "two.nii.gz", array[..., 0, 0]))


@given(st.sampled_from(TURNS), SPACINGS, st.tuples(*[st.floats(-0.7, 0.7)] * 3), st.tuples(*[st.floats(0.7, 2)] * 3))
@settings(deadline=None, max_examples=15)
def test_a_prediction_on_a_processed_case_overlays_the_original_file(turn, spacing, angles, new) -> None:
    """File -> RAS -> new spacing -> cut -> "prediction" -> file: the ball that a program sees in both is one ball."""
    spacing = tuple(0.7 + s / 4 for s in spacing)
    affine = affine_of(*turn, spacing, angles)
    shape = tuple(int(26 / s) for s in spacing)
    centre = affine[:3] @ [*(np.array(shape) / 2 - 0.3), 1]
    points = affine[:3] @ np.vstack([np.indices(shape).reshape(3, -1), np.ones(np.prod(shape))])
    ball = (np.linalg.norm(points - centre[:, None], axis=0) < 8).reshape(shape)
    with tempfile.TemporaryDirectory() as folder:
        path = nifti(Path(folder) / "scan.nii.gz", ball.astype(np.int16) * 100, affine)
        case = read_image(path)
        grid = Grid.of(case).spaced(new)
        work = case_on(case, grid.pad((-1, 2, -1), (0, -1, 3)))
        saved = nibabel.load(
            save_nifti(Path(folder) / "p.nii.gz", (work.image[0] > 50).long(), Grid.of(work), like=path)
        )
        original = nibabel.load(path)
        assert np.array_equal(saved.affine, original.affine)
        assert saved.shape == original.shape
        found = np.asarray(saved.dataobj)
    distance = np.linalg.norm(
        (affine[:3] @ [*ndimage.center_of_mass(found), 1]) - (affine[:3] @ [*ndimage.center_of_mass(ball), 1])
    )
    assert distance < max(*new, *spacing) / 2
    assert 2 * (found * ball).sum() / (found.sum() + ball.sum()) > 0.85


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    array = np.ones((3, 4, 5))
    array[1, 2, 3] = value
    with pytest.raises(UserError, match=r"bad\.nii\.gz.*1 values of the image are NaN or infinite"):
        read_image(nifti(tmp_path / "bad.nii.gz", array))


def test_labels_are_whole_numbers_on_their_images_grid(tmp_path: Path) -> None:
    image = nifti(tmp_path / "image.nii.gz")
    label = random.integers(0, 3, (5, 6, 7)).astype(np.float32)
    read = nifti_case(image, nifti(tmp_path / "l.nii.gz", label), "p").label
    assert read.dtype == torch.int64
    assert np.array_equal(read, label[::-1])
    turned = nibabel.as_closest_canonical(nibabel.load(nifti(tmp_path / "l.nii.gz", label)))  # other axes, same place
    nibabel.save(turned, tmp_path / "turned.nii.gz")
    assert np.array_equal(nifti_case(image, tmp_path / "turned.nii.gz", "p").label, label[::-1])
    wrong = {
        "sizes differ": (label[1:], AFFINE),
        "differ in spacing": (label, AFFINE * [2, 1, 1, 1]),
        "differ in orientation, LAS and LPS": (label, AFFINE @ np.diag([1, -1, 1, 1])),
        "different places": (label, AFFINE + np.outer([1, 0, 0, 0], [0, 0, 0, 5])),
        "whole numbers": (label + 0.5, AFFINE),
    }
    for why, (array, affine) in wrong.items():
        with pytest.raises(UserError, match=why) as caught:
            nifti_case(image, nifti(tmp_path / "wrong.nii.gz", array, affine), "p")
        assert "wrong.nii.gz" in str(caught.value)


def test_a_saved_label_lies_on_its_image_in_the_files_own_axes(tmp_path: Path) -> None:
    """The label goes back through turned axes; header and voxels agree with the original file for any program."""
    turn = np.array([[0, 0, -3.0, 9], [1.5, 0.1, 0, -4], [-0.1, -2, 0, 7], [0, 0, 0, 1]])
    path = nifti(tmp_path / "image.nii.gz", volume(), turn, descrip=b"Jane Doe")
    case = read_image(path)
    original = nibabel.load(path)
    for name in ("label.nii.gz", "label.nii"):
        saved = nibabel.load(save_nifti(tmp_path / name, (case.image[0] > 0).long() * 2, Grid.of(case), like=path))
        assert np.array_equal(np.asarray(saved.dataobj), 2 * (volume() > 0))
        assert np.array_equal(saved.affine, original.affine)
        assert np.array_equal(saved.get_qform(), original.get_qform())
        assert (saved.get_data_dtype(), saved.header["descrip"].item()) == (np.uint8, b"")
        assert torch.equal(read_label(tmp_path / name)[0], (case.image[0] > 0).long() * 2)
    alone = save_nifti(tmp_path / "alone.nii.gz", (case.image[0]).long() * 1000, Grid.of(case))
    assert np.allclose(nibabel.load(alone).affine, case.affine)
    assert torch.equal(read_label(alone)[0], case.image[0].long() * 1000)
    with pytest.raises(UserError, match="must end in"):
        save_nifti(tmp_path / "label.png", case.image[0].long(), Grid.of(case))
    with pytest.raises(UserError, match="whole numbers"):
        save_nifti(tmp_path / "label.nii.gz", case.image[0], Grid.of(case))
    with pytest.raises(UserError, match="give the grid that it was made on"):
        save_nifti(tmp_path / "label.nii.gz", case.image[0, 1:].long(), Grid.of(case))


def test_what_is_not_there_not_allowed_too_long_or_of_no_known_kind(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_image(tmp_path / "gone.nii.gz")
    with pytest.raises(UserError, match=r"ééé.*too long a name.*shorten"):
        read_image(tmp_path / ("é" * 200 + ".nii.gz"))
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match=r"notes\.txt is of no kind.*convert"):
        read_image(tmp_path / "notes.txt")
    (tmp_path / "folder.nii.gz").mkdir()
    with pytest.raises(UserError, match=r"folder\.nii\.gz can't be read"):
        read_image(tmp_path / "folder.nii.gz")
    path = nifti(tmp_path / "locked.nii.gz")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UserError, match=r"locked\.nii\.gz may not be read by you"):
        read_image(path)


def test_a_path_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path
    while len(os.fsencode(path)) < 3500:
        path = path / ("длинный" * 10)
    name = "x" * 240 + ".nii.gz"
    path.mkdir(parents=True)
    assert read_image(nifti(path / name)).id == name
    save_nifti(path / name, read_image(path / name).image[0].long(), Grid.of(read_image(path / name)), like=path / name)
    assert read_image(path / name).image.shape == (1, 5, 6, 7)
