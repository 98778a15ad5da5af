"""Real data: what the sets hold, whose they are, and what is said when they are absent or broken."""

import gzip
from collections import Counter
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from skimage import io

from medsegedu.data import Dataset, NotHere, hippocampus, nifti_case, nuclei, read_nifti, read_picture
from medsegedu.data.public import place_of
from medsegedu.errors import UserError


def test_hippocampus_has_its_volumes_and_patients(real_hippocampus: Dataset) -> None:
    assert len(real_hippocampus) == 260
    assert len(real_hippocampus.patients) == 170
    for case in real_hippocampus[:20]:
        assert case.spacing == (1.0, 1.0, 1.0)
        assert abs(float(case.image.mean())) < 1e-4
        assert float(case.image.std()) == pytest.approx(1, abs=1e-3)
        assert 0.03 < float((case.label > 0).float().mean()) < 0.09


def test_hippocampus_slices_show_both_parts_in_order(real_hippocampus: Dataset) -> None:
    slices = hippocampus(dims=2)
    assert len(slices) == 6 * 260
    both = [c for c in slices if {1, 2} <= set(c.label.unique().tolist())]
    columns = torch.arange(100.0)
    ahead = [
        (c.label == 1).float().sum(0) @ columns[: c.label.shape[1]] / (c.label == 1).sum()
        < (c.label == 2).float().sum(0) @ columns[: c.label.shape[1]] / (c.label == 2).sum()
        for c in both
    ]
    assert np.mean(ahead) > 0.99  # the front of the head is on the left


def test_nuclei_have_their_images_fields_and_stains(real_nuclei: Dataset) -> None:
    assert len(real_nuclei) == 541
    assert real_nuclei[0].image.shape[0] == 1
    assert 0 <= float(real_nuclei[0].image.min()) <= float(real_nuclei[0].image.max()) <= 1
    coloured = nuclei("brightfield")
    assert (len(coloured), coloured.contrasts) == (16, ("red", "green", "blue"))
    with pytest.raises(UserError, match="choose from brightfield, fluorescence, stained"):
        nuclei("silver")


def test_fields_are_those_that_one_sees(real_nuclei: Dataset) -> None:
    """Looked at, side by side: neighbours with dark borders, chance matches of one bright cell, and an embryo taken twice."""
    field = {case.id[:6]: case.patient for case in real_nuclei}
    for left, right in (("1609b1", "029030"), ("f0c9f1", "344182"), ("693bc6", "bfe8ef"), ("20b20a", "cb4df2")):
        assert field[left] == field[right]
    sizes = Counter(field.values())
    assert len(sizes) == 238
    assert max(sizes.values()) == 12


def test_pictures_are_kept_as_bytes_and_given_as_tensors(real_nuclei: Dataset) -> None:
    case = real_nuclei[3]
    kept = read_picture(place_of("nuclei") / "images" / f"{case.id}.png")
    drawn = read_picture(place_of("nuclei") / "masks" / f"{case.id}.png")
    assert torch.equal(case.image[0], torch.from_numpy(kept) / 255)
    assert torch.equal(case.label, torch.from_numpy(drawn.astype(np.int64) > 0).long())
    assert sum(value.nbytes for value in vars(case).values() if isinstance(value, torch.Tensor)) == 2 * kept.size
    case.image[:] = 0
    assert float(case.image.max()) > 0  # what is kept can't be written to
    other = replace(case, image=case.image * 2, patient="other")
    assert torch.equal(other.image, case.image * 2)
    assert (other.patient, other.id, other.label.dtype) == ("other", case.id, torch.int64)
    with pytest.raises(UserError, match="same grid"):
        replace(case, label=case.label[1:])


def small_nuclei(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("images", "masks"):
        (folder / "nuclei" / kind).mkdir(parents=True)
        for name in "ab":
            pixels = np.random.default_rng(ord(name)).integers(0, 9, (12, 14), dtype=np.uint8)
            io.imsave(folder / "nuclei" / kind / f"{name}.png", pixels, check_contrast=False)
    (folder / "nuclei" / "index.csv").write_text("image,stain\na,fluorescence\nb,fluorescence\n")
    monkeypatch.setenv("MEDSEGEDU_DATA", str(folder))
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(folder / "cache"))
    return folder / "nuclei"


def test_a_broken_cache_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_nuclei(tmp_path, monkeypatch)
    whole = nuclei()
    (kept,) = (tmp_path / "cache").rglob("*.npz")
    content = kept.read_bytes()
    for broken in (b"", content[:100], content[:-300], b"\x80\x04K\x01."):
        kept.write_bytes(broken)
        again = nuclei()
        assert all(torch.equal(a.image, b.image) for a, b in zip(whole, again, strict=True))
        assert kept.read_bytes() != broken
    kept.unlink()
    kept.parent.rmdir()
    kept.parent.write_text("a file where the cache should be")
    assert len(nuclei()) == 2


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda place: (place / "images" / "b.png").unlink(), r"There is no file .*b\.png"),
        (lambda place: (place / "masks" / "a.png").write_bytes(b"x"), r"masks.a\.png can't be read"),
        (lambda place: (place / "index.csv").write_text("name\na\n"), r"index\.csv has no rows with the columns"),
        (lambda place: (place / "index.csv").write_bytes(b"image,stain\n\xff\xfe,x\n"), r"index\.csv can't be read"),
        (
            lambda place: io.imsave(place / "masks" / "a.png", np.ones((3, 4), np.uint8), check_contrast=False),
            "its image is",
        ),
    ],
)
def test_what_is_wrong_with_a_set_is_named(damage, sentence: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    place = small_nuclei(tmp_path, monkeypatch)
    damage(place)
    with pytest.raises(UserError, match=sentence):
        nuclei()
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize("load", [hippocampus, nuclei])
def test_absent_data_say_what_to_do(load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MEDSEGEDU_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(NotHere, match="and set MEDSEGEDU_DATA"):
        load()


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    save(tmp_path / "image.nii.gz", np.random.default_rng(0).random((5, 6, 7), dtype=np.float32))
    return tmp_path / "image.nii.gz"


def save(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nibabel.save(nibabel.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine), path)
    return path


def test_a_volume_comes_back_in_ras_order_with_its_spacing(tmp_path: Path) -> None:
    array = np.random.default_rng(0).random((5, 6, 7), dtype=np.float32)
    flipped = save(tmp_path / "lps.nii.gz", array, np.diag([-1.0, -2.0, 3.0, 1.0]))
    read, affine, spacing = read_nifti(flipped)
    assert np.array_equal(read, array[::-1, ::-1])
    assert spacing == (1.0, 2.0, 3.0)
    assert np.allclose(np.diag(affine), [1, 2, 3, 1])


def test_truncated_and_foreign_files_are_named(volume: Path) -> None:
    whole = volume.read_bytes()
    for broken in (whole[: len(whole) // 2], b"not an image", b"", gzip.compress(b"no nifti either" * 100)):
        volume.write_bytes(broken)
        with pytest.raises(UserError, match=r"image\.nii\.gz can't be read"):
            read_nifti(volume)
    with pytest.raises(UserError, match="There is no file"):
        read_nifti(volume.with_name("gone.nii.gz"))
    four = save(volume.with_name("four.nii.gz"), np.zeros((2, 3, 4, 5), dtype=np.float32))
    with pytest.raises(UserError, match="4 dimensions"):
        read_nifti(four)


def test_image_and_label_must_share_a_grid(volume: Path) -> None:
    label = np.zeros((5, 6, 7), dtype=np.uint8)
    good = save(volume.with_name("good.nii.gz"), label)
    assert nifti_case(volume, good, "p").label.dtype == torch.int64
    with pytest.raises(UserError, match="small"):
        nifti_case(volume, save(volume.with_name("small.nii.gz"), label[1:]), "p")
    with pytest.raises(UserError, match="affines differ"):
        nifti_case(volume, save(volume.with_name("moved.nii.gz"), label, np.eye(4)), "p")
    with pytest.raises(UserError, match="whole numbers"):
        nifti_case(volume, save(volume.with_name("soft.nii.gz"), np.full((5, 6, 7), 0.5, np.float32)), "p")
    with pytest.raises(UserError, match="NaN"):
        nifti_case(save(volume.with_name("nan.nii.gz"), np.full((5, 6, 7), np.nan, np.float32)), good, "p")


def test_broken_pictures_are_named(tmp_path: Path) -> None:
    path = tmp_path / "cells.png"
    io.imsave(path, np.random.default_rng(0).integers(0, 255, (20, 20), dtype=np.uint8), check_contrast=False)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UserError, match=r"cells\.png can't be read"):
        read_picture(path)
    with pytest.raises(UserError, match="There is no file"):
        read_picture(tmp_path / "gone.png")
