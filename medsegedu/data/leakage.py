"""Find what makes a test score too good: the same patient, field of view or image on both sides of a split.

find_leaks("my/images")            # what must stay together when you divide this folder
find_leaks(training, validation)   # what is in both, and must not be
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from medsegedu.data.case import Dataset
from medsegedu.data.duplicates import copies, detail_of, grey, same_pixels
from medsegedu.data.images import SUFFIXES, read_pixels
from medsegedu.data.tiles import Edges, Floats, edges_of, groups_of, seams
from medsegedu.errors import UserError

Kind = Literal["patient in two parts", "same image", "near copy", "shared field"]


@dataclass(frozen=True)
class Finding:
    """One way in which images tell of each other.

    Attributes:
        names: the images that belong together; of a patient in two parts, the patient.
        sentence: what was found and what to do, for people.
    """

    kind: Kind
    names: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class _Trace:
    """What is remembered of an image, so that it need not stay in memory."""

    name: str
    patient: str
    part: int
    shape: tuple[int, ...]
    digest: bytes
    edges: tuple[Edges, ...]
    detail: Floats


def find_leaks(
    *parts: Dataset | Path | str, names: Sequence[str] | None = None, patient: Callable[[Path], str] | None = None
) -> list[Finding]:
    """Shared patients, equal and nearly equal images, and tiles of one field of view.

    Args:
        parts: datasets, or folders of images (of any kind that `read_image` knows, also in folders below; without the masks). Of
            one part you learn what must stay together in any split: images of different patients that belong together. Of
            several parts you learn what is in more than one of them.
        names: what to call the parts; else the datasets' and folders' own names.
        patient: says from a file's path whose image it is; else each file of a folder counts as a patient.

    Returns:
        The findings, patients first; none means that nothing was found, not that there is nothing to find.

    Raises:
        UserError: a folder is missing or holds no images, or an image can't be read.
    """
    if not parts:
        raise UserError("Name at least one dataset or folder to look through.")
    called = list(names) if names is not None else [_name(part) for part in parts]
    if names is None and len(set(called)) < len(called):
        called = [f"part {i + 1}" for i in range(len(parts))]
    if len(called) != len(parts):
        raise UserError(f"There are {len(parts)} parts but {len(called)} names; give one name a part.")
    traces = [trace for i, part in enumerate(parts) for trace in _traces(part, i, patient)]
    several = len(parts) > 1
    return [*(_shared_patients(traces, called) if several else ()), *_shared_images(traces, called, several)]


def _shared_patients(traces: Sequence[_Trace], called: Sequence[str]) -> Iterator[Finding]:
    for patient in dict.fromkeys(trace.patient for trace in traces):
        own = [trace.part for trace in traces if trace.patient == patient]
        if len(set(own)) > 1:
            where = " and ".join(f"{called[part]} ({own.count(part)})" for part in sorted(set(own)))
            sentence = f"Patient {patient} has images in {where}; divide by patient, as Dataset.split does."
            yield Finding("patient in two parts", (patient,), sentence)


def _shared_images(traces: Sequence[_Trace], called: Sequence[str], several: bool) -> Iterator[Finding]:
    equal = list(same_pixels([trace.digest for trace in traces]))
    near = [copy for copy in copies([trace.detail for trace in traces]) if (copy.first, copy.second) not in set(equal)]
    first_of = {j: i for i, j in equal}  # a copy of a copy is told once, of the first
    near = [copy for copy in near if copy.first not in first_of and copy.second not in first_of]
    how = {(copy.first, copy.second): copy for copy in near}
    alike = {*equal, *how}  # the border of a mirrored copy goes on in its original's
    found = seams([trace.edges for trace in traces], [trace.shape for trace in traces])
    neighbours = [(seam.first, seam.second) for seam in found]
    neighbours = [pair for pair in neighbours if not alike & {pair, pair[::-1]}]
    for kind, pairs in (
        ("same image", equal),
        ("near copy", list(how)),
        ("shared field", neighbours),
    ):
        members: dict[int, list[int]] = {}
        for i, number in enumerate(groups_of(len(traces), pairs)):
            members.setdefault(number, []).append(i)
        for group in members.values():
            owners = {traces[i].part if several else traces[i].patient for i in group}
            if len(owners) < 2:
                continue
            told = _told([traces[i] for i in group], called, several)
            if kind == "same image":
                sentence = f"{told} are the same image; keep one of them."
            elif kind == "near copy":
                closest = max((how[pair] for pair in how if set(pair) <= set(group)), key=lambda copy: copy.correlation)
                change = f"one {closest.change}, " if closest.change else ""
                sentence = f"{told} show nearly the same ({change}correlation {closest.correlation:.2f}); keep them in one part."
            else:
                sentence = (
                    f"{told} are tiles of one field of view (their borders go on in each other); keep them in one part."
                )
            yield Finding(kind, tuple(traces[i].name for i in group), sentence)  # type: ignore[arg-type]


def _told(group: Sequence[_Trace], called: Sequence[str], several: bool) -> str:
    """The names of a group, by part, and no more of them than a person reads."""
    texts = []
    for part in sorted({trace.part for trace in group}):
        own = [trace.name for trace in group if trace.part == part]
        text = ", ".join(own[:4]) + (f" and {len(own) - 4} more" if len(own) > 4 else "")
        texts.append(f"{text} ({called[part]})" if several else text)
    return " and ".join(texts)


def _traces(part: Dataset | Path | str, number: int, patient: Callable[[Path], str] | None) -> Iterator[_Trace]:
    if isinstance(part, Dataset):
        for case in part:
            yield _trace(case.image.numpy(), case.id, case.patient, number)
        return
    folder = Path(part)
    paths = [path for path in sorted(folder.rglob("*")) if _is_image(path)] if folder.is_dir() else []
    if not paths:
        raise UserError(f"The folder {folder} holds no images ({', '.join(SUFFIXES)}); name another folder.")
    for path in paths:
        name = str(path.relative_to(folder))
        owner = patient(path) if patient else f"{number}:{name}"
        yield _trace(read_pixels(path).array.astype(np.float32), name, owner, number)


def _trace(image: Floats, name: str, patient: str, part: int) -> _Trace:
    plain = grey(image)
    digest = hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()
    return _Trace(name, patient, part, plain.shape, digest, edges_of(plain), detail_of(plain))


def _is_image(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.name.lower().endswith(SUFFIXES)


def _name(part: Dataset | Path | str) -> str:
    return part.name if isinstance(part, Dataset) else Path(part).name or str(part)
