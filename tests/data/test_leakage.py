"""Copies, shared fields and shared patients are found, and what only looks alike is not."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scenes import cut, scene
from scipy import ndimage

from medsegedu.data import Case, Dataset, duplicates, find_leaks, virtual_patients
from medsegedu.data.duplicates import copies, detail_of
from medsegedu.errors import UserError


def resaved(image: np.ndarray, quality: int = 75) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)).astype(np.float32)


CHANGES = {
    "equal": (lambda x: x, ""),
    "resaved": (resaved, ""),
    "darker": (lambda x: np.rint(x * 0.4), ""),
    "brighter": (lambda x: 255 * (x / 255) ** 0.6, ""),
    "noisy": (lambda x: x + np.random.default_rng(5).normal(0, 8, x.shape), ""),
    "flipped": (lambda x: x[:, ::-1], "flipped along axis 1"),
    "upside down": (lambda x: x[::-1], "flipped along axis 0"),
    "half turn": (lambda x: x[::-1, ::-1], "flipped along axis 0 and 1"),
    "smaller": (lambda x: ndimage.zoom(x, 0.6, order=1), ""),
    "quarter turn": (lambda x: np.rot90(x), "turned and flipped along axis 1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_known_by_its_detail(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_ROWS", 5)
    random = np.random.default_rng(0)
    images = [scene(random, (120, 111), 3) for _ in range(12)]
    make, told = CHANGES[change]
    images.append(np.ascontiguousarray(make(images[11])).astype(np.float32))
    found = copies([detail_of(image) for image in images])
    assert [(copy.first, copy.second, copy.change) for copy in found] == [(11, 12, told)]


def test_aligned_anatomy_is_not_a_copy() -> None:
    slices = [case for case in virtual_patients(4, seed=0, dims=2, lesions=None)]
    assert len(slices) > 20
    assert copies([detail_of(case.image[0].numpy()) for case in slices]) == []


def case(name: str, patient: str, image: np.ndarray) -> Case:
    return Case(
        torch.from_numpy(image / 255)[None].float(),
        torch.zeros(image.shape, dtype=torch.int64),
        (1.0, 1.0),
        patient,
        name,
    )


def dataset(name: str, *cases: Case) -> Dataset:
    return Dataset(cases, ("background",), ("grey",), name=name)


def test_what_two_parts_share_is_told_once_each_by_name() -> None:
    random = np.random.default_rng(1)
    left, right = cut(scene(random, (96, 192)), 1, 2)
    twice, near, alone = (scene(random, (96, 96)) for _ in range(3))
    training = dataset(
        "training", case("a", "p1", left), case("b", "p2", twice), case("c", "p3", near), case("d", "p4", alone)
    )
    test = dataset("test", case("e", "p5", right), case("f", "p6", twice), case("g", "p7", near[:, ::-1].copy()),
                   case("h", "p4", scene(random, (96, 96))))  # fmt: skip
    findings = find_leaks(training, test)
    assert [(finding.kind, finding.names) for finding in findings] == [
        ("patient in two parts", ("p4",)), ("same image", ("b", "f")), ("near copy", ("c", "g")), ("shared field", ("a", "e")),
    ]  # fmt: skip
    patient, equal, copy, field = (finding.sentence for finding in findings)
    assert patient == "Patient p4 has images in training (1) and test (1); divide by patient, as Dataset.split does."
    assert equal == "b (training) and f (test) are the same image; keep one of them."
    assert "one flipped along axis 1, correlation 0.9" in copy
    assert field.startswith("a (training) and e (test) are tiles of one field of view")


def test_one_dataset_is_asked_what_its_patients_do_not_tell() -> None:
    left, right = cut(scene(np.random.default_rng(2), (90, 180)), 1, 2)
    assert find_leaks(dataset("x", case("a", "p", left), case("b", "p", right))) == []
    (finding,) = find_leaks(dataset("x", case("a", "p", left), case("b", "q", right)))
    assert (finding.kind, finding.names) == ("shared field", ("a", "b"))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_a_split_by_patient_shares_nobody_and_a_split_by_image_is_caught(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = dataset("x", *(case(f"{i}", f"p{i // 3}", scene(random, (64, 64), 2)) for i in range(12)))
    assert find_leaks(*whole.split((0.5, 0.25, 0.25), seed), names=("a", "b", "c")) == []
    order = random.permutation(12)
    parts = [dataset("x", *(whole[int(i)] for i in half)) for half in np.split(order, 2)]
    caught = {finding.names[0] for finding in find_leaks(*parts) if finding.kind == "patient in two parts"}
    assert caught == set(parts[0].patients) & set(parts[1].patients)


def test_folders_of_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    left, right = cut(scene(random, (90, 180)), 1, 2)
    for name, image in {"train/x_1.png": left, "train/y_1.png": scene(random, (90, 90)), "test/x_2.tif": right}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / name)
    (tmp_path / "train" / "._x_1.png").write_bytes(b"macOS")
    (inside,) = find_leaks(tmp_path)
    assert inside.names == ("test/x_2.tif", "train/x_1.png")
    across = find_leaks(tmp_path / "train", tmp_path / "test", patient=lambda path: path.name[0])
    assert [finding.kind for finding in across] == ["patient in two parts", "shared field"]
    with pytest.raises(UserError, match="holds no images"):
        find_leaks(tmp_path / "nowhere")
    (tmp_path / "test" / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"broken\.png"):
        find_leaks(tmp_path)
