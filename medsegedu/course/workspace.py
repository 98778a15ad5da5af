"""The student's folder: a copy of the lessons that is theirs to change.

`medsegedu lab` brings it up to date each time it starts. The rule is that work is never overwritten: a file is replaced
only while it is, byte for byte, what an earlier start put there. A small manifest, `.medsegedu.json`, remembers that.
"""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from medsegedu.errors import UserError
from medsegedu.files import write_atomically

MANIFEST = ".medsegedu.json"


@dataclass(frozen=True)
class Workspace:
    """What `prepare` found and did. Names are relative to `folder`, sorted."""

    folder: Path
    lessons: tuple[str, ...]  # the notebooks of the course, first lesson first
    new: tuple[str, ...]  # copied now
    refreshed: tuple[str, ...]  # replaced by their new version: the student had not touched them
    kept: tuple[str, ...]  # the student's own version, although the course has a newer one

    def sentences(self) -> list[str]:
        """What happened, for the terminal."""
        said = []
        if self.new:
            said.append(f"Copied {_count(self.new)} to {self.folder}")
        if self.refreshed:
            said.append(f"Brought {_count(self.refreshed)} up to date: {', '.join(self.refreshed)}")
        for name in self.kept:
            said.append(f"{name} has a newer version; yours has changes and stays. Rename yours to get the new one.")
        return said


def shipped_folder() -> Path:
    """Where the lessons come from: inside the installed package, else the clone that the package runs from.

    Raises:
        UserError: there are none in either place.
    """
    here = Path(__file__).resolve()
    places = (here.parent / "_lessons", here.parents[2] / "lessons")
    for place in places:
        if any(place.glob("*.ipynb")):
            return place
    raise UserError(f"No lessons in {' or '.join(map(str, places))}; in a clone, `medsegedu build` makes them.")


def prepare(folder: Path, shipped: Path | None = None) -> Workspace:
    """Copy the lessons in `shipped` (default: the course's) to `folder`, and keep whatever the student changed there.

    Raises:
        UserError: there are no lessons, or `folder` can't be written.
    """
    shipped = shipped or shipped_folder()
    folder = folder.expanduser().absolute()
    _check_writable(folder)
    before = _read_manifest(folder)
    after = dict(before)
    new, refreshed, kept = [], [], []
    for name in _files(shipped):
        content, target = (shipped / name).read_bytes(), folder / name
        copied, shipped_hash = before.get(name), _hash(content)
        own_hash = _hash(target.read_bytes()) if target.exists() else None
        if own_hash not in (None, copied, shipped_hash):
            if copied != shipped_hash:
                kept.append(name)  # the manifest keeps the old hash, so the next start says so too
            continue
        if own_hash is None:
            new.append(name)
        elif own_hash != shipped_hash:
            refreshed.append(name)
        if own_hash != shipped_hash:
            write_atomically(target, content)
        after[name] = shipped_hash
    write_atomically(folder / MANIFEST, json.dumps(after, indent=1, sort_keys=True) + "\n")
    lessons = tuple(name for name in _files(shipped) if name.endswith(".ipynb"))
    return Workspace(folder, lessons, tuple(new), tuple(refreshed), tuple(kept))


def _files(shipped: Path) -> list[str]:
    """The files of the course, with / on every system; Jupyter's checkpoints and other hidden files are not part of it."""
    paths = (path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))


def _count(names: tuple[str, ...]) -> str:
    return f"{len(names)} file" + ("s" if len(names) > 1 else "")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(folder: Path) -> dict[str, str]:
    """The hashes of what earlier starts copied. A lost or broken manifest only means that every changed file is kept."""
    try:
        stored = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"Cannot write in {folder}: {error.strerror or error}. Choose another folder, "
            f"e.g. `medsegedu lab --folder {Path('~', 'my-lessons')}`."
        ) from error
