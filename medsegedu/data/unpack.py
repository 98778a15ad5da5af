"""Unpack an archive from the web, trusting nothing that it says about itself.

An archive can name files above the folder (`../`), links to anywhere, devices, or a few kilobytes that unfold to a full
disk. Such archives are refused as a whole, before a file of theirs is seen at the place where the data belong.
"""

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from medsegedu.data.catalogue import size_text
from medsegedu.errors import UserError

MOST_FILES = 100_000
_CHUNK = 1 << 20
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError,
)  # fmt: skip  # RuntimeError: encrypted, or packed in a way that Python can't unpack


@dataclass(frozen=True)
class _Member:
    """One file in an archive."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes] | None]


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A new empty folder beside `target`, which takes its name when the block ends well, and else is gone with all in it.

    Raises:
        UserError: the disk is full or can't be written, or there already is something at `target`.
    """
    staging = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        yield staging
        staging.chmod(0o755)  # mkdtemp makes folders that only their owner can enter
        if target.is_dir() and not any(target.iterdir()):
            target.rmdir()  # where a system does not rename onto an empty folder
        os.rename(staging, target)
    except OSError as error:
        if target.exists():
            raise UserError(f"There is another folder at {target}; move it away and try again.") from error
        raise UserError(
            f"Cannot write {target} ({error.strerror or error}); free some space or set MEDSEGEDU_CACHE to another folder."
        ) from error
    finally:
        if staging is not None and staging.exists():
            shutil.rmtree(staging, ignore_errors=True)


def unpack(archive: Path, folder: Path, room: int) -> None:
    """Put the files of a .tar, .tar.gz or .zip into an existing folder.

    A single folder around everything in the archive is left out, and so is what macOS adds (`._*`, `__MACOSX`, `.DS_Store`).

    Args:
        room: how many bytes all files together may have.

    Raises:
        UserError: the archive is broken or unsafe, the sentence says which; or it is too large.
        OSError: writing failed.
    """
    try:
        with _opened(archive) as members:
            _write(members, archive, folder, room)
    except _BROKEN as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{archive} is broken ({str(error)[:100] or type(error).__name__}); download it again."
        ) from error


def _write(members: list[_Member], archive: Path, folder: Path, room: int) -> None:
    if len(members) > MOST_FILES or sum(member.size for member in members) > room:
        raise UserError(
            f"{archive} would unfold to more than {size_text(room)}; it is not the archive that it should be."
        )
    if len({str(member.path).lower() for member in members}) < len(members):
        raise UserError(f"{archive} holds two files of one name; it is not the archive that it should be.")
    tops = {member.path.parts[0] for member in members}
    around = len(tops) == 1 and all(len(member.path.parts) > 1 for member in members)
    for member in members:
        target = folder.joinpath(*member.path.parts[around:])
        target.parent.mkdir(parents=True, exist_ok=True)
        source = member.open()
        if source is None:
            raise UserError(f"{archive} can't give its file {member.path}; download it again.")
        with source, open(target, "xb") as file:
            shutil.copyfileobj(
                source, file, _CHUNK
            )  # never more than the size it says, by tarfile's and zipfile's own care


@contextmanager
def _opened(archive: Path) -> Iterator[list[_Member]]:
    """The files of an archive, each with a safe path; what kind of archive it is its content says."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                yield list(_zip_members(packed, archive))
        else:
            with tarfile.open(archive) as tar:
                yield list(_tar_members(tar, archive))
    except FileNotFoundError as error:
        if archive.exists():
            raise
        raise UserError(f"There is no file {archive}.") from error
    except PermissionError as error:
        if os.access(archive, os.R_OK):
            raise
        raise UserError(f"{archive} can't be read ({error.strerror}); allow yourself to read it.") from error


def _zip_members(packed: zipfile.ZipFile, archive: Path) -> Iterator[_Member]:
    for info in packed.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or _from_macos(info.filename):
            continue
        if kind not in (0, stat.S_IFREG):
            raise _unsafe(archive, info.filename, "is a link or a device")
        path = _safe(info.filename, archive)
        yield _Member(path, info.file_size, lambda info=info: packed.open(info))  # type: ignore[misc]


def _tar_members(tar: tarfile.TarFile, archive: Path) -> Iterator[_Member]:
    for info in tar:
        if info.isdir() or _from_macos(info.name):
            continue
        if not info.isfile():
            raise _unsafe(archive, info.name, "is a link or a device")
        yield _Member(_safe(info.name, archive), info.size, lambda info=info: tar.extractfile(info))  # type: ignore[misc]


def _from_macos(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith("._") or part == ".DS_Store" for part in parts)


def _safe(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or any(c in name for c in ":\0"):
        raise _unsafe(archive, name, "would be written outside its folder")
    return path


def _unsafe(archive: Path, name: str, why: str) -> UserError:
    return UserError(
        f"{archive} is not safe to unpack: its file {name!r} {why}. Nothing of it was kept; get it from its source."
    )
