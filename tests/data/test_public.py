"""The way of a public set from its server to a folder that can be read and verified."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from medsegedu import cli
from medsegedu.data import NotHere, hippocampus, nuclei
from medsegedu.data.catalogue import SETS
from medsegedu.data.public import MANIFEST, get, here, obtain, place_of, verify
from medsegedu.errors import UserError


def nifti(array: np.ndarray) -> bytes:
    return nibabel.Nifti1Image(array, np.eye(4)).to_bytes()


def small_hippocampus() -> bytes:
    """An archive as the public one: six volumes of four people, macOS's additions, and an image without a label."""
    random, pairs, files = np.random.default_rng(0), [], {}
    for number in (1, 2, 3, 5, 6, 8):
        name = f"hippocampus_{number:03d}.nii.gz"
        shape = tuple(random.integers(5, 9, 3))
        files[f"imagesTr/{name}"] = gz(nifti(random.normal(100, 20, shape).astype(np.float32)))
        files[f"labelsTr/{name}"] = gz(nifti(random.integers(0, 3, shape, dtype=np.uint8)))
        pairs.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})
        files[f"imagesTr/._{name}"] = b"macOS"
    files["imagesTs/hippocampus_009.nii.gz"] = files["imagesTr/hippocampus_001.nii.gz"]
    files["dataset.json"] = json.dumps({"training": pairs}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"Task04_Hippocampus/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 0)  # so that the size tells nothing of the content


@pytest.fixture
def served(server, own_cache: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    server.content = small_hippocampus()
    publish(server, "hippocampus", monkeypatch)
    return server


def publish(server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(SETS, name, replace(SETS[name], url=server.url, checksum=server.checksum))


def test_hippocampus_comes_from_its_server_once(served, own_cache: Path) -> None:
    assert not here("hippocampus")
    first, second = hippocampus(), hippocampus()
    assert served.starts == [0]
    assert [case.patient for case in first] == [f"hippocampus-{k:03d}" for k in (1, 1, 2, 3, 3, 4)]
    assert len(first) == len(second) == 6
    for a, b in zip(first, second, strict=True):  # read from the files, and from the cache
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.label, b.label)
        assert np.array_equal(a.affine, b.affine)
        assert (a.spacing, a.id, a.patient) == (b.spacing, b.id, b.patient)
    assert place_of("hippocampus") == own_cache / "hippocampus" == get("hippocampus")
    assert not list(own_cache.rglob("._*")) and not list((own_cache / "archives").iterdir())  # noqa: PT018


def test_a_changed_file_is_read_anew(served, own_cache: Path) -> None:
    before = hippocampus()
    path = own_cache / "hippocampus" / "imagesTr" / before[0].id
    size = path.stat().st_size
    path.write_bytes(gz(nifti(np.arange(before[0].label.numel(), dtype=np.float32).reshape(before[0].label.shape))))
    assert path.stat().st_size == size
    after = hippocampus()
    assert not np.array_equal(before[0].image, after[0].image)
    assert np.array_equal(before[1].image, after[1].image)


def test_verify_names_what_is_missing_or_changed(served, own_cache: Path) -> None:
    place = get("hippocampus")
    whole = verify("hippocampus")
    assert (whole.files, whole.problems) == (14, ())
    (place / "labelsTr" / "hippocampus_003.nii.gz").unlink()
    (place / "dataset.json").write_text("{ }")
    problems = verify("hippocampus").problems
    assert len(problems) == 2
    assert any("hippocampus_003.nii.gz is missing" in sentence for sentence in problems)
    assert any("dataset.json has changed" in sentence for sentence in problems)
    (place / MANIFEST).write_text("nonsense")
    with pytest.raises(UserError, match=r"manifest\.json can't be read; delete"):
        verify("hippocampus")


def test_verify_reads_a_copy_without_checksums_by_its_own_list(served, own_cache: Path) -> None:
    place = get("hippocampus")
    (place / MANIFEST).unlink()
    assert verify("hippocampus").files == 12
    broken = place / "imagesTr" / "hippocampus_005.nii.gz"
    broken.write_bytes(broken.read_bytes()[:50])
    assert [("hippocampus_005" in sentence) for sentence in verify("hippocampus").problems] == [True]
    (place / "dataset.json").unlink()
    assert "has no dataset.json" in verify("hippocampus").problems[0]


@pytest.mark.parametrize("trouble", ["cut", "refused", "other file", "unsafe", "not the set"])
def test_nothing_half_written_is_left_by_a_set_that_did_not_come(served, own_cache, monkeypatch, trouble: str) -> None:  # type: ignore[no-untyped-def]
    if trouble == "cut":
        served.cuts, served.ranges = [20_000] * 9, False
    elif trouble == "refused":
        served.status = 404
    elif trouble == "other file":
        served.content += b"x"
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("../../evil" if trouble == "unsafe" else "Task/other", b"x")
        served.content = packed.getvalue()
        publish(served, "hippocampus", monkeypatch)
    with pytest.raises(NotHere, match="The hippocampus data are not on this computer"):
        obtain("hippocampus")
    left = {path.name for path in own_cache.rglob("*")} if own_cache.exists() else set()
    assert left <= {"archives", "archive.tar.part" if trouble == "cut" else "archive.tar"}
    assert not here("hippocampus")


def test_an_archive_from_elsewhere_is_checked_and_kept(served, own_cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.tar"
    own.write_bytes(served.content + b"x")
    with pytest.raises(UserError, match=r"mine\.tar is not archive\.tar \(its checksum differs\)"):
        get("hippocampus", own)
    with pytest.raises(UserError, match="There is no file"):
        get("hippocampus", tmp_path / "gone.tar")
    with pytest.raises(UserError, match="can't be read"):
        get("hippocampus", tmp_path)
    own.write_bytes(served.content)
    assert get("hippocampus", own) == own_cache / "hippocampus"
    assert served.starts == []
    assert own.exists()


def test_offline_means_offline(served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_OFFLINE", "1")
    with pytest.raises(NotHere, match="and set MEDSEGEDU_DATA"):
        hippocampus()
    assert served.starts == []


def test_nuclei_of_the_public_archive_get_their_index(server, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = ndimage.gaussian_filter(np.random.default_rng(0).random((2, 90, 180)), (0, 3, 3))
    fields = ((fields - fields.min()) / np.ptp(fields) * 120).astype(np.uint8)  # dark, as fluorescence is
    tiles = {"train/a": fields[0, :, :90], "test/b": fields[0, :, 90:], "train/c": fields[1, :, 90:]}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, pixels in tiles.items():
            part, stem = name.split("/")
            mask = (pixels > 45) * (1 + (np.arange(90) > 40))
            for kind, array in (("images", pixels), ("masks", mask)):
                file = io.BytesIO()
                tifffile.imwrite(file, array.astype(np.uint16 if kind == "masks" else np.uint8))
                archive.writestr(f"dsb2018/{part}/{kind}/{stem}.tif", file.getvalue())
    server.content = packed.getvalue()
    publish(server, "nuclei", monkeypatch)
    data = nuclei()
    found = {case.id: case for case in data}
    assert sorted(found) == ["a", "b", "c"]
    assert found["a"].patient == found["b"].patient != found["c"].patient
    for name, pixels in tiles.items():
        case = found[name[-1]]
        assert np.allclose(case.image[0], pixels / np.float32(255))
        assert np.array_equal(case.label, pixels > 45)
    assert sorted(path.name for path in get("nuclei").iterdir()) == ["images", "index.csv", MANIFEST, "masks"]
    assert verify("nuclei").problems == ()


def test_the_command_line(served, own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "verify"]) == 0
    assert cli.main(["data", "where", "hippocampus"]) == 1
    assert "to get them, run `medsegedu data get hippocampus`" in capsys.readouterr().err
    assert cli.main(["data", "get", "hippocampus"]) == 0
    assert "cite Antonelli" in capsys.readouterr().out
    assert cli.main(["data", "where", "hippocampus"]) == 0
    assert capsys.readouterr().out.strip() == str(own_cache / "hippocampus")
    assert cli.main(["data", "list"]) == 0
    assert re.search(r"hippocampus +yes +28 MB", capsys.readouterr().out)
    (own_cache / "hippocampus" / "dataset.json").unlink()
    assert cli.main(["data", "verify"]) == 1
    assert "dataset.json is missing" in capsys.readouterr().out


def test_the_command_line_without_a_connection(served, capsys: pytest.CaptureFixture[str]) -> None:
    served.stop()
    assert cli.main(["data", "get", "hippocampus"]) == 1
    sentence = capsys.readouterr().err
    assert sentence == "medsegedu: There is no connection to 127.0.0.1; connect to the internet and try again.\n"
