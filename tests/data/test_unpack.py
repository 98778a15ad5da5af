"""An archive is unpacked as it is meant, or refused as a whole."""

import contextlib
import errno
import io
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsegedu.data import unpack as module
from medsegedu.data.unpack import staged_folder, unpack
from medsegedu.errors import UserError

ROOM = 10_000_000
GOOD = {"Task/imagesTr/a.txt": b"first" * 100, "Task/dataset.json": b"{}"}
MACOS = {"Task/imagesTr/._a.txt": b"x", "._Task": b"x", "__MACOSX/Task/a.txt": b"x", "Task/.DS_Store": b"x"}


def tar(path: Path, files: dict[str, bytes], mode: str = "w", special: tarfile.TarInfo | None = None) -> Path:
    with tarfile.open(path, mode) as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
        if special is not None:
            packed.addfile(special)
    return path


def zipped(path: Path, files: dict[str, bytes], kind: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            packed.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def attempt(archive: Path, room: int = ROOM) -> Path:
    target = archive.parent / "home" / "set"
    with staged_folder(target) as staging:
        unpack(archive, staging, room)
    return target


@pytest.mark.parametrize("make", [tar, lambda path, files: tar(path, files, "w:gz"), zipped], ids=["tar", "gz", "zip"])
def test_files_come_out_without_the_folder_around_them_and_without_macos(make, tmp_path: Path) -> None:
    target = attempt(make(tmp_path / "archive", GOOD | MACOS))
    assert held(target) == {name.removeprefix("Task/"): content for name, content in GOOD.items()}
    assert [path.name for path in target.parent.iterdir()] == ["set"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_folders_side_by_side_stay(tmp_path: Path) -> None:
    files = {"train/a": b"1", "test/a": b"2"}
    assert held(attempt(zipped(tmp_path / "archive", files))) == files


def link(name: str, kind: bytes, to: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


UNSAFE = ["../out", "Task/../../out", "/out", "..\\out", "C:\\out", "Task/..", "\\\\server\\out"]


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("make", [tar, zipped])
def test_a_path_that_leads_out_is_refused(make, name: str, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", GOOD | {name: b"evil"})
    with pytest.raises(UserError, match=r"not safe to unpack.*would be written outside"):
        attempt(archive)
    assert list(held(tmp_path)) == ["archive"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    archive = tar(tmp_path / "archive", GOOD, special=link("Task/odd", kind))
    with pytest.raises(UserError, match="'Task/odd' is a link or a device"):
        attempt(archive)
    assert list(held(tmp_path)) == ["archive"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a link or a device"):
        attempt(zipped(tmp_path / "archive", {"odd": b"/etc/passwd"}, stat.S_IFLNK))
    assert list(held(tmp_path)) == ["archive"]


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "archive", {f"Task/{k}": bytes(3_000_000) for k in range(4)})
    assert archive.stat().st_size < 20_000
    with pytest.raises(UserError, match="would unfold to more than 10 MB"):
        attempt(archive)
    assert list(held(tmp_path)) == ["archive"]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two files of one name"):
        attempt(zipped(tmp_path / "archive", {"Task/a": b"1", "task/A": b"2"}))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(make=st.sampled_from(["tar", "gz", "zip"]), data=st.data())
def test_damaged_archives_are_unpacked_or_refused_never_half(tmp_path: Path, make: str, data: st.DataObject) -> None:
    path = tmp_path / "archive"
    makers = {"tar": tar, "gz": lambda p, f: tar(p, f, "w:gz"), "zip": zipped}
    content = bytearray(makers[make](path, GOOD).read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    target = tmp_path / "home" / "set"
    with contextlib.suppress(UserError):
        attempt(path)
    left = sorted(p.name for p in target.parent.iterdir()) if target.parent.exists() else []
    assert left in ([], ["set"])
    shutil.rmtree(target, ignore_errors=True)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tar(tmp_path / "archive", GOOD)

    def full(*what: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfileobj", full)
    with pytest.raises(UserError, match=r"Cannot write .*set \(No space left on device\); free some space"):
        attempt(archive)
    assert list(held(tmp_path)) == ["archive"]


def test_what_is_at_the_place_already_is_kept(tmp_path: Path) -> None:
    archive = tar(tmp_path / "archive", GOOD)
    (tmp_path / "home" / "set").mkdir(parents=True)
    (tmp_path / "home" / "set" / "mine").write_text("keep")
    with pytest.raises(UserError, match="There is another folder"):
        attempt(archive)
    assert held(tmp_path / "home") == {"set/mine": b"keep"}


def test_an_archive_that_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        attempt(tmp_path / "gone.tar")
    for content in (b"", b"not an archive", b"PK\x03\x04 nor this"):
        (tmp_path / "odd").write_bytes(content)
        with pytest.raises(UserError, match="odd is broken"):
            attempt(tmp_path / "odd")
