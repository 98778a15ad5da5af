"""Build what is generated: the notebooks of students and instructors, and the README's tables. All of it or nothing."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from medsegedu.course.catalogue import find_lessons, find_root, source_paths
from medsegedu.course.front_matter import LessonInfo
from medsegedu.course.generated import Neighbours, Repository
from medsegedu.course.notebook import KINDS, bytes_of, notebook
from medsegedu.course.readme import readme
from medsegedu.course.source import Source, read_source
from medsegedu.errors import UserError
from medsegedu.files import write_atomically

__all__ = ["BuildReport", "build", "find_root"]


@dataclass(frozen=True)
class BuildReport:
    """Files by their path from the root, with / on every system.

    written: files that this build wrote (never in a check).
    unchanged: files that were right already.
    stale, missing: files that a check found to differ from their source, or not to exist.
    orphaned: notebooks without a source; a build leaves them where they are, for they may be somebody's work.
    """

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    stale: tuple[str, ...]
    missing: tuple[str, ...]
    orphaned: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Is everything that is committed what the sources say?"""
        return not (self.written or self.stale or self.missing or self.orphaned)

    def __str__(self) -> str:
        """One line a finding, and one that sums up."""
        lines = [f"written: {name}" for name in self.written]
        lines += [f"stale: {name} differs from its source; run `medsegedu build`." for name in self.stale]
        lines += [f"missing: {name}; run `medsegedu build`." for name in self.missing]
        lines += [f"orphaned: {name} has no source in solutions/; remove it or move it away." for name in self.orphaned]
        return "\n".join([*lines, f"{len(self.unchanged)} files are up to date."])


def build(root: Path, check: bool = False, only: Collection[str] = ()) -> BuildReport:
    """Write lessons/*.ipynb, solutions/*.ipynb and README.md's generated sections from `root`'s solutions/*.py.

    Args:
        check: write nothing; the report says what a build would change.
        only: names as `find_lessons` takes them; build these lessons' notebooks and look at nothing else.

    Raises:
        UserError: what is wrong, one line a broken source; nothing is written then.
    """
    paths = [path for name in only for path in find_lessons(name, root)] or source_paths(root)
    sources = _read(paths)
    repository = repository_of(root)
    files = _notebooks(sources, repository, strict=not only)
    target = root / "README.md"
    if not only and target.exists():
        infos = [source.info for source in sources]
        files["README.md"] = readme(target, infos, repository, root).encode()

    present = {name: _content(root / name) for name in files}
    same = tuple(name for name, content in files.items() if present[name] == content)
    changed = [name for name in files if name not in same]
    if not check:
        for name in changed:
            write_atomically(root / name, files[name])
    return BuildReport(
        written=() if check else tuple(changed),
        unchanged=same,
        stale=tuple(name for name in changed if check and present[name] is not None),
        missing=tuple(name for name in changed if check and present[name] is None),
        orphaned=() if only else _orphans(root, files),
    )


def repository_of(root: Path) -> Repository:
    """The repository's address, from the one place that holds it: [project.urls] in `root`'s pyproject.toml.

    Raises:
        UserError: the file or the entry is missing or broken.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return Repository(project["urls"]["Repository"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{root / 'pyproject.toml'}: cannot find Repository in [project.urls] ({error}).") from error


def _read(paths: list[Path]) -> list[Source]:
    """Every source; one UserError with a line for each that is broken, so that an author sees them all."""
    sources, problems = [], []
    for path in paths:
        try:
            sources.append(read_source(path))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return sources


def _notebooks(sources: list[Source], repository: Repository, strict: bool) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    problems = []
    infos = [source.info for source in sources]
    for n, source in enumerate(sources):
        try:
            around = _neighbours(infos, n, source.label, strict)
            for kind in KINDS:
                files[f"{kind}/{source.info.name}.ipynb"] = bytes_of(notebook(source, kind, repository, around))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return files


def _neighbours(infos: list[LessonInfo], n: int, label: str, strict: bool) -> Neighbours:
    known = {info.name: info for info in infos[:n]}
    for name in infos[n].prerequisites:
        if strict and name not in known:
            raise UserError(f"{label}:1: the prerequisite `{name}` is no earlier lesson; name one as in 02_fcn.")
    return Neighbours(
        infos[n - 1] if n else None,
        infos[n + 1] if n + 1 < len(infos) else None,
        tuple(known[name] for name in infos[n].prerequisites if name in known),
    )


def _content(path: Path) -> bytes | None:
    """What is there, with git's line ends for Windows undone; None if nothing is."""
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else None


def _orphans(root: Path, files: dict[str, bytes]) -> tuple[str, ...]:
    found = (f"{kind}/{path.name}" for kind in KINDS for path in (root / kind).glob("*.ipynb"))
    return tuple(sorted(name for name in found if name not in files))
