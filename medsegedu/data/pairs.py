"""Which image belongs to which mask and to which patient, in a folder that nobody has prepared."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medsegedu.data.names import (
    IMAGE_FOLDERS,
    LABEL_FOLDERS,
    contrast_names,
    is_mask,
    key,
    patient_of,
    plain,
    units,
    without_channel,
)


@dataclass(frozen=True)
class Pair:
    """One case before it is read: a file for each contrast (or one for all), and its mask."""

    id: str
    patient: str
    images: tuple[Path, ...]
    label: Path | None = None
    contrasts: tuple[str, ...] = ("image",)


@dataclass(frozen=True)
class Pairing:
    """What a folder holds.

    Args:
        layout: one sentence on how images and masks were paired, and what a patient is.
        contrasts, classes: as the folder's dataset.json names them; else None.
        problems: sentences, each naming a file and a fix.
    """

    pairs: tuple[Pair, ...]
    layout: str
    contrasts: tuple[str, ...] | None = None
    classes: Mapping[int, str] | None = None
    problems: tuple[str, ...] = ()


def pair_by_name(root: Path, *, channels: bool = False) -> Pairing:
    """Pair what lies in `root` by folders and names.

    Known layouts: imagesTr and labelsTr (Medical Segmentation Decathlon; nnU-Net, a file for each contrast: NAME_0000), a folder
    of images and one of masks, images and masks side by side (NAME and NAME_mask), a folder for each patient.

    Args:
        channels: whether it is known that names end in nnU-Net's channels, even without a mask to tell.
    """
    images_in = next((root / name for name in IMAGE_FOLDERS if (root / name).is_dir()), None)
    labels_in = next((root / name for name in LABEL_FOLDERS if (root / name).is_dir()), None)
    if images_in or labels_in:
        scans = units(images_in) if images_in else [unit for unit in units(root) if labels_in not in unit.parents]
        named = [(key(unit, images_in or root), unit) for unit in scans if unit != labels_in]
        labels = [(key(unit, labels_in), unit) for unit in units(labels_in)] if labels_in else []
        names = images_in.name if images_in else "the folder", labels_in.name if labels_in else "no folder"
        layout = f"images in {names[0]}, masks in {names[1]}"
    else:
        every = [(key(unit, root), unit) for unit in units(root)]
        named, labels = [n for n in every if not is_mask(n[0])], [n for n in every if is_mask(n[0])]
        layout = "images and masks side by side, told apart by their names"
    images, doubled = _unique(named)
    grouped = None if images_in or labels_in else _by_patient_folder(images, labels)
    if grouped is not None:
        return replace(grouped, problems=(*doubled, *grouped.problems))
    split = _channels(images, labels, channels)
    pairs, problems = _matched(split or {name: {0: unit} for name, unit in images.items()}, labels)
    if split:
        layout += ", a file for each contrast as nnU-Net names them"
    return Pairing(pairs, layout, problems=(*doubled, *problems))


def _unique(named: Sequence[tuple[str, Path]]) -> tuple[dict[str, Path], list[str]]:
    by_key: dict[str, list[Path]] = defaultdict(list)
    for name, unit in named:
        by_key[name].append(unit)
    problems = [
        f"{' and '.join(map(str, found))} have one name and different endings; keep one of them."
        for found in by_key.values() if len(found) > 1
    ]  # fmt: skip
    return {name: found[0] for name, found in by_key.items()}, problems


def _channels(
    images: Mapping[str, Path], labels: Sequence[tuple[str, Path]], known: bool
) -> dict[str, dict[int, Path]]:
    """{case: {channel: file}} if the images are named as nnU-Net does; else nothing."""
    split = {name: without_channel(name) for name in images}
    masked = {name for name, _ in labels}
    if not images or any(number < 0 for _, number in split.values()) or masked & images.keys():
        return {}
    if not known and not masked & {case for case, _ in split.values()}:
        return {}
    found: dict[str, dict[int, Path]] = defaultdict(dict)
    for name, (case, number) in split.items():
        found[case][number] = images[name]
    return dict(found)


def _matched(
    images: Mapping[str, Mapping[int, Path]], labels: Sequence[tuple[str, Path]]
) -> tuple[tuple[Pair, ...], list[str]]:
    """Each mask goes to the image of its name, or of its name without the words that say what it is."""
    by_plain: dict[str, list[str]] = defaultdict(list)
    for name in images:
        by_plain[plain(name)].append(name)
    masks: dict[str, list[Path]] = defaultdict(list)
    problems = []
    for name, unit in labels:
        candidates = [name] if name in images else by_plain.get(plain(name), [])
        if len(candidates) == 1:
            masks[candidates[0]].append(unit)
        elif candidates:
            problems.append(
                f"{unit} could belong to {' or '.join(candidates)}; rename it, or list the pairs in index.csv."
            )
        else:
            problems.append(f"{unit} is a mask without an image; add the image {plain(name)}, or remove the mask.")
    for name, found in masks.items():
        if len(found) > 1:
            problems.append(f"{name} has {len(found)} masks, {' and '.join(map(str, found))}; keep one, or merge them.")
    every = sorted({channel for files in images.values() for channel in files})
    pairs = []
    for name, files in images.items():
        if missing := [channel for channel in every if channel not in files]:
            problems.append(
                f"{name} has no contrast {missing[0]:04d}, others have; add the file, or leave the case out."
            )
            continue
        names = ("image",) if len(every) == 1 else tuple(f"channel {channel}" for channel in every)
        ordered = tuple(files[channel] for channel in every)
        pairs.append(Pair(name, patient_of(name), ordered, masks[name][0] if len(masks[name]) == 1 else None, names))
    ambiguous = {name for name, found in masks.items() if len(found) > 1}
    return tuple(pair for pair in pairs if pair.id not in ambiguous), problems


def _by_patient_folder(images: Mapping[str, Path], labels: Sequence[tuple[str, Path]]) -> Pairing | None:
    """A folder for each patient, with one mask and a file for each contrast; None if it is not that."""
    mine: dict[str, list[str]] = defaultdict(list)
    for name in images:
        mine[name.rpartition("/")[0]].append(name)
    masks: dict[str, list[Path]] = defaultdict(list)
    for name, unit in labels:
        masks[name.rpartition("/")[0]].append(unit)
    if (
        "" in mine
        or not masks
        or any(len(m) != 1 for m in masks.values())
        or max(map(len, mine.values()), default=0) < 2
    ):
        return None
    named = {folder: dict(zip(contrast_names(names), names, strict=True)) for folder, names in mine.items()}
    every = sorted({contrast for names in named.values() for contrast in names})
    pairs, problems = [], []
    for folder, names in named.items():
        if missing := [contrast for contrast in every if contrast not in names]:
            problems.append(f"{folder} has no {' and no '.join(missing)}; add the file, or leave the folder out.")
            continue
        files = tuple(images[names[contrast]] for contrast in every)
        label = masks[folder][0] if folder in masks else None
        pairs.append(Pair(folder, folder.partition("/")[0], files, label, tuple(every)))
    problems += [
        f"{unit} is a mask without an image; add the image, or remove the mask."
        for folder, (unit,) in masks.items() if folder not in mine
    ]  # fmt: skip
    return Pairing(
        tuple(pairs), "a folder for each patient, a file for each contrast", tuple(every), problems=tuple(problems)
    )
