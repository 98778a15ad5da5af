"""Where a public set is on this computer, how it gets there, and whether it is still whole.

A set is a folder of its name: under `MEDSEGEDU_DATA`, else in the cache, else it is downloaded into the cache. With
`MEDSEGEDU_OFFLINE=1` nothing is ever downloaded.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medsegedu.data.catalogue import SETS, PublicSet, known
from medsegedu.data.download import download
from medsegedu.data.images import read_pixels
from medsegedu.data.nuclei import lay_out
from medsegedu.data.unpack import staged_folder, unpack
from medsegedu.errors import UserError
from medsegedu.files import cache_folder

MANIFEST = "manifest.json"
_BY_HAND = "put the data into a folder '{}' and set MEDSEGEDU_DATA to the folder above it"
HOW = {
    name: f"run `medsegedu data get {name}` (it fetches {public.url}), or {_BY_HAND.format(name)}"
    for name, public in SETS.items()
}


class NotHere(UserError):
    """The real data are not on this computer. A lesson catches this, says so, and goes on."""


@dataclass(frozen=True)
class Verdict:
    """What `verify` found.

    Attributes:
        files: how many were looked at.
        by: what they were compared with.
        problems: a sentence each; none if all is well.
    """

    place: Path
    files: int
    by: str
    problems: tuple[str, ...]


def place_of(name: str) -> Path:
    """The folder of a set of real data, under `MEDSEGEDU_DATA` or in the cache.

    Raises:
        NotHere: it is in neither; the sentence says how to get it.
    """
    public = known(name)
    places = _places(name)
    for place in places:
        if (place / public.proof).exists():
            return place
    looked = " and ".join(map(str, places))
    raise NotHere(f"The {name} data are not on this computer (looked in {looked}); to get them, {HOW[name]}.")


def here(name: str) -> bool:
    """Whether a set is on this computer."""
    return any((place / known(name).proof).exists() for place in _places(name))


def get(name: str, archive: Path | None = None) -> Path:
    """The folder of a set, downloaded into the cache if it is not on this computer.

    The archive is checked against the checksum that the course knows, unpacked beside its place, and put there in one step;
    then the archive itself is deleted.

    Args:
        archive: the archive, if it was downloaded by other means; it is kept.

    Raises:
        NoConnection: the server can't be reached; what came is kept, and the next call continues.
        UserError: the archive is not the known one, or not safe to unpack, or the disk is full.
    """
    public = known(name)
    if archive is None:
        try:
            return place_of(name)
        except NotHere:
            if os.environ.get("MEDSEGEDU_OFFLINE") == "1":
                raise
    target = cache_folder() / name
    if (target / public.proof).exists():
        return target
    packed = cache_folder() / "archives" / public.archive
    if archive is None:
        download(public.url, public.checksum, packed)
    else:
        _check(archive, public)
    try:
        with staged_folder(target) as staging:
            _fill(staging, archive or packed, public)
    except UserError:
        if not (target / public.proof).exists():  # else another process was first
            raise
    packed.unlink(missing_ok=True)
    return target


def _fill(folder: Path, archive: Path, public: PublicSet) -> None:
    unpack(archive, folder, public.room)
    if public.name == "nuclei":
        lay_out(folder)
    if not (folder / public.proof).exists():
        raise UserError(f"{archive} holds no {public.proof}; it is not the archive of {public.name}.")
    files = {path: _digest(folder / path) for path in _files(folder)}
    (folder / MANIFEST).write_text(json.dumps({"url": public.url, "checksum": public.checksum, "files": files}))


def obtain(name: str) -> Path:
    """As `get`, but whatever hinders it is a `NotHere`, so that a lesson goes on without the data."""
    try:
        return get(name)
    except NotHere:
        raise
    except UserError as error:
        raise NotHere(f"The {name} data are not on this computer. {error} Or {_BY_HAND.format(name)}.") from None


def verify(name: str) -> Verdict:
    """Compare a set on disk with what was unpacked from its archive, or, for a copy made by other means, with its own list.

    Raises:
        NotHere: there is nothing to verify.
    """
    place = place_of(name)
    try:
        files = json.loads((place / MANIFEST).read_text())["files"]
    except FileNotFoundError:
        listed = _listed(place)
        problems = tuple(_unreadable(place, listed))
        return Verdict(place, len(listed), "its own list, each file read (it came without checksums)", problems)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{place / MANIFEST} can't be read; delete {place} and run `medsegedu data get {name}`."
        ) from error
    return Verdict(place, len(files), "the archive, by SHA-256", tuple(_changed(place, files)))


def _places(name: str) -> list[Path]:
    return [Path(root) / name for root in (os.environ.get("MEDSEGEDU_DATA"), cache_folder()) if root]


def _check(archive: Path, public: PublicSet) -> None:
    kind, _, expected = public.checksum.partition(":")
    try:
        found = _digest(archive, kind)
    except FileNotFoundError:
        raise UserError(f"There is no file {archive}.") from None
    except OSError as error:
        raise UserError(f"{archive} can't be read ({error.strerror or error}); allow yourself to read it.") from error
    if found != expected:
        raise UserError(f"{archive} is not {public.archive} (its checksum differs); download {public.url} again.")


def _changed(place: Path, files: dict[str, str]) -> Iterator[str]:
    for path, digest in files.items():
        try:
            if _digest(place / path) != digest:
                yield f"{place / path} has changed; restore it, or delete {place} and get the set again."
        except FileNotFoundError:
            yield f"{place / path} is missing; restore it, or delete {place} and get the set again."
        except OSError as error:
            yield f"{place / path} can't be read ({error.strerror or error}); allow yourself to read it."


def _unreadable(place: Path, listed: list[str]) -> Iterator[str]:
    if not listed:
        yield f"{place} has no dataset.json or index.csv that lists its files; copy it again from its source."
    for path in listed:
        try:
            read_pixels(place / path)
        except (UserError, OSError) as error:
            yield str(error)


def _listed(place: Path) -> list[str]:
    """The files that a set's own list names: the Decathlon's dataset.json, or the nuclei's index.csv."""
    try:
        if (place / "index.csv").exists():
            with open(place / "index.csv", newline="") as file:
                return [f"{kind}/{row['image']}.png" for row in csv.DictReader(file) for kind in ("images", "masks")]
        pairs = json.loads((place / "dataset.json").read_text())["training"]
        return [str(Path(pair[kind])) for pair in pairs for kind in ("image", "label")]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _digest(path: Path, kind: str = "sha256") -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
