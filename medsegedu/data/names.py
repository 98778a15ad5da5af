"""What file names say: which files are images and which are masks, and whose they are."""

import re
from collections.abc import Sequence
from pathlib import Path

from medsegedu.data.dicom import is_dicom
from medsegedu.data.images import SUFFIXES, stem
from medsegedu.data.pixels import reading

IMAGE_FOLDERS = ("imagesTr", "images", "image", "imgs", "scans", "img")
LABEL_FOLDERS = ("labelsTr", "masks", "labels", "mask", "label", "segmentations", "annotations", "gt")
_MASK = "masks?|labels?|seg|segmentations?|gt|groundtruth|ground_truth|annotations?|manual"
_IMAGE = "images?|img|scan"
_LAST = re.compile(rf"[_\-. ](?:{_MASK}|{_IMAGE})$", re.IGNORECASE)
_FIRST = re.compile(rf"^(?:{_MASK}|{_IMAGE})[_\-. ]", re.IGNORECASE)
_IS_MASK = re.compile(rf"[_\-. ](?:{_MASK})$|^(?:{_MASK})(?:[_\-. ]|$)", re.IGNORECASE)
_PART = re.compile(r"[_\-](?:slice|frame|tile|patch|x|y|z|s)[_\-]?\d+$", re.IGNORECASE)
_SUBJECT = re.compile(r"^(sub-[A-Za-z0-9]+)")


def units(folder: Path) -> list[Path]:
    """Everything in a folder, and in the folders below, that one image can be read from: files, and folders of DICOM slices."""
    found: list[Path] = []
    with reading(folder, "a folder"):
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))  # macOS leaves ._ files
    files = [entry for entry in entries if entry.is_file()]
    if any(file.suffix.lower() in (".dcm", ".ima") or (not file.suffix and is_dicom(file)) for file in files):
        return [folder]
    found += [file for file in files if file.name.lower().endswith(SUFFIXES)]
    for entry in entries:
        if entry.is_dir():
            found += units(entry)
    return found


def key(unit: Path, root: Path) -> str:
    """The name of an image within its folder, with the folders between and without its ending."""
    between = unit.relative_to(root).parent
    name = stem(unit)
    return name if between == Path() else f"{between.as_posix()}/{name}"


def plain(name: str) -> str:
    """A key without the words that say what a file is: "img_007" and "mask_007", "a_image" and "a_seg" are one thing."""
    folder, _, last = name.rpartition("/")
    last = _LAST.sub("", _FIRST.sub("", last))
    return f"{folder}/{last}" if folder else last


def is_mask(name: str) -> bool:
    """Whether a name says that the file is a mask."""
    return bool(_IS_MASK.search(name.rpartition("/")[2]))


def patient_of(name: str) -> str:
    """Whose image a key names: its folder, a BIDS subject, or the name without the number of a slice or a tile."""
    folder, _, last = name.partition("/")
    if last:
        return folder
    subject = _SUBJECT.match(name)
    return subject[1] if subject else _PART.sub("", name)


def without_channel(name: str) -> tuple[str, int]:
    """nnU-Net's names: "case_0001" -> ("case", 1); -1 where there is no channel."""
    found = re.fullmatch(r"(.+)_(\d{4})", name)
    return (found[1], int(found[2])) if found else (name, -1)


def contrast_names(names: Sequence[str]) -> list[str]:
    """What sets the names of one patient's images apart: "p1_t1", "p1_flair" -> "t1", "flair"."""
    folders = [name.rpartition("/")[0].rpartition("/")[2] for name in names]
    plain_names = [
        name.rpartition("/")[2].removeprefix(f).lstrip("_-. ") for name, f in zip(names, folders, strict=True)
    ]
    parts = [re.split(r"[_\-. ]", name) for name in plain_names]
    while len(parts) > 1 and all(len(p) > 1 for p in parts) and len({p[0] for p in parts}) == 1:
        parts = [p[1:] for p in parts]
    return ["_".join(p) for p in parts]
