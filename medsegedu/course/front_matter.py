"""The front matter of a lesson's source: what it must say, and what is wrong with it (the format: see `source`)."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegedu.errors import UserError

NAME = re.compile(r"(\d\d)_[a-z0-9_]+")
_KEYS = {"title": str, "minutes": int, "prerequisites": list, "objectives": list, "survey": str, "budget": dict}
_OPTIONAL = ("prerequisites", "survey")


@dataclass(frozen=True)
class LessonInfo:
    """What a lesson's front matter says. `name` is the file's stem, e.g. "03_unet", and `number` its "03"."""

    number: str
    name: str
    title: str
    minutes: int
    prerequisites: tuple[str, ...]
    objectives: tuple[str, ...]
    survey: str | None
    seconds: float
    memory_gb: float
    path: Path


def read_info(path: Path) -> LessonInfo:
    """The front matter of the source at `path`; a UserError says which line is wrong."""
    return info_of(path, read_lines(path))


def label_of(path: Path) -> str:
    """How messages name the source: solutions/03_unet.py."""
    return f"{path.parent.name}/{path.name}"


def read_lines(path: Path) -> list[str]:
    """The lines of a source, whatever its line ends and with or without a byte order mark."""
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except OSError as error:
        raise UserError(f"{label_of(path)}:1: cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{label_of(path)}:{line}: is not UTF-8 text; save the file as UTF-8.") from error


def info_of(path: Path, lines: list[str]) -> LessonInfo:
    """The front matter in `lines`, the content of `path`; a UserError says which line is wrong."""
    label = label_of(path)
    named = NAME.fullmatch(path.stem)
    if not named:
        raise UserError(f"{label}:1: a lesson's file is named like 03_unet.py: two digits, then a-z, 0-9 and _.")
    if lines[0].strip() != "# /// lesson":
        raise UserError(f"{label}:1: the front matter is missing; the first line is `# /// lesson`.")
    end = next((n for n, line in enumerate(lines) if line.strip() == "# ///"), None)
    if end is None:
        raise UserError(f"{label}:1: the front matter has no end; close it with a line `# ///`.")
    for n, line in enumerate(lines[1:end], 2):
        if not line.startswith("#"):
            raise UserError(f"{label}:{n}: every line of the front matter begins with `# `.")
    try:
        front = tomllib.loads("\n".join(line[1:].removeprefix(" ") for line in lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        number = int(at[1]) + 1 if at else end + 1
        raise UserError(f"{label}:{number}: the front matter is not TOML: {error}.") from error
    _check_front(label, lines, front)
    budget = front["budget"]
    return LessonInfo(
        named[1], path.stem, front["title"], front["minutes"], tuple(front.get("prerequisites", ())),
        tuple(front["objectives"]), front.get("survey"), budget["seconds"], budget["memory_gb"], path,
    )  # fmt: skip


def _check_front(label: str, lines: list[str], front: dict[str, Any]) -> None:
    def at(key: str) -> str:
        pattern = re.compile(rf"#\s*{re.escape(key)}\s*=")
        return f"{label}:{next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 1)}"

    for key in front:
        if key not in _KEYS:
            raise UserError(f"{at(key)}: the front matter knows no `{key}`; it has {', '.join(_KEYS)}.")
    for key, kind in _KEYS.items():
        if key not in front:
            if key not in _OPTIONAL:
                raise UserError(f"{label}:1: the front matter lacks `{key}`.")
        elif not isinstance(front[key], kind) or isinstance(front[key], bool) or not (front[key] or key in _OPTIONAL):
            raise UserError(f"{at(key)}: `{key}` must be a {kind.__name__} that is not empty.")
        elif kind is list and not all(isinstance(entry, str) and entry for entry in front[key]):
            raise UserError(f"{at(key)}: `{key}` must be a list of strings.")
    budget = front["budget"]
    if set(budget) != {"seconds", "memory_gb"} or not all(type(v) in (int, float) and v > 0 for v in budget.values()):
        raise UserError(f"{at('budget')}: write `budget = {{ seconds = 60, memory_gb = 1.5 }}`.")
