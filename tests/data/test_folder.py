"""A folder of one's own: pairs, patients and classes, in the layouts that people have."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from laid_out import grey, label, mask, pictures, summary
from written import nifti, png, series, volume

from medsegedu.data import Dataset
from medsegedu.data.folder import check_seen, folder
from medsegedu.data.inspect import inspect_folder
from medsegedu.errors import UserError


def test_decathlon_with_its_names_and_four_dimensions(tmp_path: Path) -> None:
    for number in (1, 2):
        nifti(tmp_path / "imagesTr" / f"p_{number}.nii.gz", volume((5, 6, 7, 2)))
        nifti(tmp_path / "labelsTr" / f"p_{number}.nii.gz", label())
        (tmp_path / "imagesTr" / f"._p_{number}.nii.gz").write_bytes(b"macOS")
    described = {
        "modality": {"0": "T2", "1": "ADC"},
        "labels": {"0": "background", "1": "PZ", "2": "TZ", "3": "lesion"},
    }
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    data = folder(tmp_path)
    assert summary(data) == [("p_1", "p_1", True), ("p_2", "p_2", True)]
    assert (data.contrasts, data.classes) == (("T2", "ADC"), ("background", "PZ", "TZ", "lesion"))
    assert np.array_equal(data[0].image[1], volume((5, 6, 7, 2))[::-1, ..., 1])
    described["labels"] = {"0": "background", "1": "PZ"}
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match=r"hold the value 2, which dataset\.json does not name"):
        folder(tmp_path)


def test_nnunet_with_a_file_for_each_contrast(tmp_path: Path) -> None:
    for case in ("a", "b"):
        for channel in (0, 1):
            nifti(tmp_path / "imagesTr" / f"{case}_{channel:04d}.nii.gz", volume(seed=channel))
        nifti(tmp_path / "labelsTr" / f"{case}.nii.gz", label())
    (tmp_path / "dataset.json").write_text(
        json.dumps({"channel_names": {"0": "T1", "1": "FLAIR"}, "labels": {"background": 0, "x": 1, "y": 2}})
    )
    data = folder(tmp_path)
    assert summary(data) == [("a", "a", True), ("b", "b", True)]
    assert (data.contrasts, data.classes) == (("T1", "FLAIR"), ("background", "x", "y"))
    assert np.array_equal(data[1].image[1], volume(seed=1)[::-1])
    (tmp_path / "imagesTr" / "b_0001.nii.gz").rename(tmp_path / "imagesTr" / "b_0002.nii.gz")  # as many, but others
    problems = inspect_folder(tmp_path).problems
    assert any("a has no contrast 0002" in problem for problem in problems)
    assert any("b has no contrast 0001" in problem for problem in problems)
    (tmp_path / "imagesTr" / "b_0002.nii.gz").unlink()
    with pytest.raises(UserError, match="b has no contrast 0001, others have; add"):
        folder(tmp_path)


def test_numbered_images_with_their_own_masks_are_not_nnunet(tmp_path: Path) -> None:
    names = [f"scan_{n:04d}" for n in range(3)]
    pictures(tmp_path, {f"images/{n}.png": grey() for n in names} | {f"masks/{n}.png": mask() for n in names})
    assert [case.id for case in folder(tmp_path)] == names


@pytest.mark.parametrize(
    ("image", "drawn"),
    [
        ("images/{}.png", "masks/{}.png"),
        ("images/img_{}.png", "labels/mask_{}.png"),
        ("images/{}_image.png", "segmentations/{}_seg.png"),
        ("{}.png", "{}_mask.png"),
        ("{}.png", "masks/{}.png"),
        ("image_{}.png", "label_{}.png"),
    ],
)
def test_images_and_masks_of_many_names_find_each_other(tmp_path: Path, image: str, drawn: str) -> None:
    masks = {name: mask() for name in ("7", "Größe 病", "a.b")}
    pictures(tmp_path, {image.format(n): grey() for n in masks} | {drawn.format(n): m for n, m in masks.items()})
    data = folder(tmp_path)
    assert len(data) == 3
    for name, drawn_mask in masks.items():
        (case,) = [case for case in data if name in case.id]
        assert np.array_equal(case.label, drawn_mask // 255)
    assert data.classes == ("background", "value 255")  # mapped, and said so


def test_a_folder_for_each_patient(tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        for contrast in ("flair", "t1"):
            nifti(tmp_path / patient / f"{patient}_{contrast}.nii.gz", volume(seed=len(contrast)))
        nifti(tmp_path / patient / f"{patient}_seg.nii.gz", label(values=(0, 1, 4)))
    data = folder(tmp_path)
    assert summary(data) == [("P1", "P1", True), ("P2", "P2", True)]
    assert (data.contrasts, data.classes) == (("flair", "t1"), ("background", "value 1", "value 4"))
    assert data[0].label.unique().tolist() == [0, 1, 2]
    (tmp_path / "P2" / "P2_t1.nii.gz").unlink()
    with pytest.raises(UserError, match="P2 has no t1"):
        folder(tmp_path)


def test_patients_come_from_folders_from_bids_and_from_slices(tmp_path: Path) -> None:
    names = ("anna/1", "anna/2", "sub-07_ses-1", "ben_slice12", "ben_slice13", "carl")
    pictures(tmp_path, {f"images/{n}.png": grey() for n in names} | {f"masks/{n}.png": mask() for n in names})
    assert {case.id: case.patient for case in folder(tmp_path)} == {
        "anna/1": "anna", "anna/2": "anna", "sub-07_ses-1": "sub-07", "ben_slice12": "ben", "ben_slice13": "ben", "carl": "carl",
    }  # fmt: skip


def test_an_index_names_files_patients_and_contrasts(tmp_path: Path) -> None:
    pictures(tmp_path, {f"{n}.png": grey() for n in "abcd"} | {f"drawn/{n}.png": mask((0, 1)) for n in "ab"})
    lines = "\ufeffpatient,T1,T2,mask\nP1,a.png,b.png,drawn/a.png\nP1,c.png,d.png,\n"  # as spreadsheets write it
    (tmp_path / "list.csv").write_text(lines, encoding="utf-8")
    data = folder(tmp_path, index=tmp_path / "list.csv")
    assert summary(data) == [("a", "P1", True), ("c", "P1", False)]
    assert data.contrasts == ("T1", "T2")
    (tmp_path / "list.csv").write_text("image,mask\na.png,drawn/a.png\na.png,drawn/a.png\nz.png,drawn/b.png\n")
    problems = inspect_folder(tmp_path, index=tmp_path / "list.csv").problems
    assert any("line 4: there is no file 'z.png'" in p for p in problems)
    assert any("lists" in p and "2 times" in p for p in problems)
    for content, why in (("image\n", "lists nothing"), ("name,age\nx,3\n", "name the one with the images `image`")):
        (tmp_path / "list.csv").write_text(content)
        with pytest.raises(UserError, match=why):
            folder(tmp_path, index=tmp_path / "list.csv")


def test_an_index_that_only_knows_patients_goes_with_masks_by_name(tmp_path: Path) -> None:
    pictures(tmp_path, {f"{kind}/{n}.png": mask() for kind in ("images", "masks") for n in "abc"})
    (tmp_path / "index.csv").write_text("image,stain,field\na,x,F1\nb,x,F1\n")
    assert inspect_folder(tmp_path).problems == (
        f"{tmp_path / 'index.csv'} does not list {tmp_path / 'images' / 'c.png'}; add a line, or remove the file.",
    )
    (tmp_path / "images" / "c.png").unlink()
    (tmp_path / "masks" / "c.png").unlink()
    assert summary(folder(tmp_path)) == [("a", "F1", True), ("b", "F1", True)]


def test_dicom_series_with_nifti_masks(tmp_path: Path) -> None:
    for patient in ("anna", "ben"):
        series(tmp_path / "images" / patient, name=patient)
        affine = np.array([[-0.6, 0, 0, 10], [0, -0.8, 0, -20], [0, 0, 2.5, 30], [0, 0, 0, 1]])
        nifti(tmp_path / "masks" / f"{patient}.nii.gz", label((6, 5, 4)), affine)
    data = folder(tmp_path)
    assert summary(data) == [("anna", "anna", True), ("ben", "ben", True)]
    assert data[0].spacing == (0.6, 0.8, 2.5)


def test_classes_and_contrasts_can_be_given_and_objects_merged(tmp_path: Path) -> None:
    pictures(tmp_path, {"images/a.png": np.repeat(grey()[..., None], 3, 2), "masks/a.png": mask((0, 100, 200))})
    data = folder(tmp_path, classes=("background", "cell", "nucleus"))
    assert (data.classes, data.contrasts, data[0].label.max()) == (("background", "cell", "nucleus"), ("grey",), 2)
    with pytest.raises(UserError, match="values 0, 100, 200, but there are 2 classes"):
        folder(tmp_path, classes=("background", "cell"))
    png(tmp_path / "masks" / "a.png", np.arange(72, dtype=np.uint8).reshape(8, 9))
    with pytest.raises(UserError, match=r"72 different values up to 71.*instances=True"):
        folder(tmp_path)
    objects = folder(tmp_path, instances=True)
    assert (objects.classes, objects[0].label.sum()) == (("background", "object"), 71)


def test_a_class_that_training_never_shows(tmp_path: Path) -> None:
    pictures(tmp_path, {f"images/{n}.png": grey() for n in "abc"})
    pictures(tmp_path, {"masks/a.png": mask((0, 1)), "masks/b.png": mask((0, 1, 2)), "masks/c.png": mask((0, 1))})
    data = folder(tmp_path)
    check_seen(data.of(["a", "b"]), data.of(["c"]))
    with pytest.raises(UserError, match=r"Case b holds class 2 \(class 2\), which no case of the training set does"):
        check_seen(data.of(["a", "c"]), data.of(["b"]))


def test_the_real_hippocampus(real_hippocampus: Dataset) -> None:
    """Read as a student's own folder they are what the course's readers say."""
    root = Path(os.environ.get("MEDSEGEDU_DATA", "no folder"))
    if not (root / "hippocampus").exists():
        pytest.skip("only with the real files in MEDSEGEDU_DATA")
    data = folder(root / "hippocampus")
    assert data.classes == ("background", "Anterior", "Posterior")
    for own, other in zip(data[:10], real_hippocampus[:10], strict=True):
        assert torch.equal(own.label, other.label)
        assert own.id == other.id.removesuffix(".nii.gz")
