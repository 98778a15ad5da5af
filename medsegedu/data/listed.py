"""What a folder says about itself: an index of its images (CSV), and the dataset.json of the Decathlon and of nnU-Net."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsegedu.data.images import SUFFIXES, stem
from medsegedu.data.names import IMAGE_FOLDERS, LABEL_FOLDERS, patient_of
from medsegedu.data.pairs import Pair, Pairing, pair_by_name
from medsegedu.data.pixels import reading
from medsegedu.errors import UserError

_IMAGE = ("image", "img", "file", "filename", "scan", "image_path")
_LABEL = ("mask", "label", "segmentation", "seg", "mask_path", "label_path")
_PATIENT = ("patient", "subject", "patient_id", "subject_id", "group", "field")


def find_pairs(root: Path, index: Path | None = None) -> Pairing:
    """Pair what lies in `root`, by an index if there is one, else by names (`pair_by_name`).

    Args:
        index: a CSV, by default index.csv in the folder. Its columns: image, and if they exist mask and patient; every other
            column whose values are all files is a contrast of the name of the column.

    Raises:
        UserError: no such folder, nothing in it that can be read, or an index that doesn't fit.
    """
    if not root.is_dir():
        raise UserError(f"There is no folder {root}.")
    described = _json(root / "dataset.json")
    pairing = pair_by_name(root, channels="channel_names" in described)
    index = index or (root / "index.csv" if (root / "index.csv").exists() else None)
    if index is not None:
        pairing = _by_index(root, index, pairing)
    if not pairing.pairs and not pairing.problems:
        raise UserError(
            f"{root} holds no image that can be read; put images and masks into two folders, images and masks."
        )
    return replace(pairing, contrasts=_contrasts(described) or pairing.contrasts, classes=_classes(described))


def _by_index(root: Path, index: Path, named: Pairing) -> Pairing:
    with reading(index, "CSV"), open(index, newline="", encoding="utf-8-sig") as file:
        rows = [{k.strip(): (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    if not rows:
        raise UserError(
            f"{index} lists nothing; give it a line with the column names image, mask and patient, then the files."
        )
    image, label, patient = (
        next((c for c in rows[0] if c.lower() in names), None) for names in (_IMAGE, _LABEL, _PATIENT)
    )
    others = [c for c in rows[0] if c not in (image, label, patient)]
    contrasts = [c for c in others if all(row.get(c) and _file(root, row[c], IMAGE_FOLDERS) for row in rows)]
    columns = [image, *contrasts] if image else contrasts
    if not columns:
        raise UserError(f"{index} has the columns {', '.join(rows[0])}; name the one with the images `image`.")
    by_id = {pair.id: pair for pair in named.pairs}
    pairs, problems = [], []
    for line, row in enumerate(rows, start=2):
        files = [_file(root, row.get(column, ""), IMAGE_FOLDERS) for column in columns]
        mask = _file(root, row[label], LABEL_FOLDERS) if label and row.get(label) else None
        lost = [row.get(c, "") for c, file in zip(columns, files, strict=True) if file is None]
        if label and row.get(label) and mask is None:
            lost.append(row[label])
        if lost:
            problems.append(
                f"{index}, line {line}: there is no file {lost[0]!r} in {root}; correct the line, or add the file."
            )
            continue
        found = tuple(file for file in files if file is not None)
        name = stem(found[0])
        if label is None and name in by_id:
            mask = by_id[name].label
        whose = (patient and row.get(patient)) or patient_of(name)
        pairs.append(Pair(name, whose, found, mask, tuple(columns) if len(columns) > 1 else ("image",)))
    problems += _twice(index, pairs)
    if label is None:
        listed = {file for pair in pairs for file in pair.images}
        problems += [
            f"{index} does not list {pair.images[0]}; add a line, or remove the file."
            for pair in named.pairs if not listed & set(pair.images)
        ]  # fmt: skip
        problems += named.problems
    rule = f"listed in {index.name}, patients from its column {patient}" if patient else f"listed in {index.name}"
    names = tuple(columns) if len(columns) > 1 else None
    return Pairing(tuple(pairs), rule, names, None, tuple(problems))


def _twice(index: Path, pairs: Sequence[Pair]) -> list[str]:
    counts = Counter(file for pair in pairs for file in pair.images)
    return [f"{index} lists {file} {n} times; keep one line." for file, n in counts.items() if n > 1]


def _file(root: Path, value: str, folders: Sequence[str]) -> Path | None:
    """What a cell names: a path within the folder, or in its folder of images or masks, with or without an ending."""
    for place in (root, *(root / folder for folder in folders)):
        for ending in ("", *SUFFIXES):
            if value and (place / f"{value}{ending}").exists():
                return place / f"{value}{ending}"
    return None


def _json(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    with reading(path, "JSON"):
        content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def _contrasts(described: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The Decathlon's "modality" and nnU-Net's "channel_names" are both {"0": name}."""
    named = described.get("channel_names") or described.get("modality")
    return tuple(str(name) for name in named.values()) if isinstance(named, dict) else None


def _classes(described: Mapping[str, Any]) -> Mapping[int, str] | None:
    """The Decathlon writes {"1": name}, nnU-Net {name: 1}."""
    labels = described.get("labels")
    if not isinstance(labels, dict):
        return None
    try:
        return {int(value): str(name) for value, name in labels.items()}
    except ValueError:
        pass
    try:
        return {int(value): str(name) for name, value in labels.items()}
    except (ValueError, TypeError):  # nnU-Net's regions, which are lists
        return None
