"""The student's own folder as a `Dataset`: paired, checked, its label values mapped to classes.

Nothing is guessed in silence: what can't be read, doesn't fit or isn't clear is refused by name, and `inspect_folder` shows
it all at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from medsegedu.data.case import Case, Dataset
from medsegedu.data.images import as_case, check_same_grid, read_label_pixels, read_pixels
from medsegedu.data.listed import find_pairs
from medsegedu.data.pairs import Pair
from medsegedu.data.pixels import Pixels
from medsegedu.errors import UserError

MOST = 32  # more label values than this are numbers of objects, or a smoothed mask


@dataclass(frozen=True, eq=False)
class Content:
    """What the files of a pair hold; the label of `case` has the values of its file.

    Args:
        case: None if the image can't be read; without a label if the mask can't, or doesn't fit.
        axes: where the axes of the image file point, "LPS" for example; "" for a picture.
        notes: what a reader should know. problems: what `folder` refuses. Sentences.
    """

    pair: Pair
    case: Case | None
    contrasts: tuple[str, ...] = ()
    axes: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def folder(
    path: Path | str,
    *,
    index: Path | str | None = None,
    classes: Sequence[str] | None = None,
    contrasts: Sequence[str] | None = None,
    instances: bool = False,
) -> Dataset:
    """Images with their masks from a folder of your own, intensities as stored.

    Pairs are found as `find_pairs` says: imagesTr and labelsTr, images and masks, NAME and NAME_mask, a folder for each patient,
    or an index. The values of the masks are numbered from 0 in ascending order, so {0, 255} becomes {0, 1}; the name of a
    class then says which value it had.

    Args:
        index: a CSV with the columns image, mask, patient; by default index.csv in the folder.
        classes: the name of each label value in ascending order, background first; by default from dataset.json.
        contrasts: the name of each channel; by default from dataset.json, the index or the files.
        instances: the masks number single objects; all of them are class 1.

    Raises:
        UserError: the first problem found, and how many there are.
    """
    root = Path(path)
    pairing = find_pairs(root, Path(index) if index else None)
    contents = []
    for pair in pairing.pairs if not pairing.problems else ():
        contents.append(read_pair(pair, tuple(contrasts) if contrasts else pairing.contrasts))
        if contents[-1].problems:
            break
    problems = [*pairing.problems, *(p for content in contents for p in content.problems)]
    if problems:
        more = f" ({len(problems)} problems:" if len(problems) > 1 else " (All problems:"
        raise UserError(f"{problems[0]}{more} `medsegedu data inspect {root}` lists them.)")
    cases = _grey_once([content.case for content in contents if content.case is not None])
    values = sorted({0, *(int(v) for case in cases if case.label is not None for v in case.label.unique())})
    named, mapping = class_names(values, classes, pairing.classes, instances, root)
    cases = [replace(c, label=None if c.label is None else mapped(c.label, mapping)) for c in cases]
    first = contents[0].contrasts
    return Dataset(cases, named, first if len(cases[0].image) == len(first) else ("grey",), name=root.name or str(root))


def read_pair(pair: Pair, contrasts: tuple[str, ...] | None = None) -> Content:
    """Read the files of one pair; problems are collected, not raised."""
    read: list[Pixels] = []
    problems: list[str] = []
    several = contrasts if len(pair.images) == 1 and contrasts and len(contrasts) > 1 else None
    try:
        for file in pair.images:
            read.append(read_pixels(file, several if file.name.lower().endswith((".nii", ".nii.gz")) else None))
            check_same_grid(read[0], pair.images[0], read[-1], file)
            if len(pair.images) > 1 and len(read[-1].array) != 1:
                raise UserError(f"{file} has {len(read[-1].array)} channels; save each contrast as one channel.")
        image = replace(read[0], array=np.concatenate([pixels.array for pixels in read])) if len(read) > 1 else read[0]
        case = replace(as_case(image, pair.images[0], pair.patient), id=pair.id)
    except UserError as error:
        return Content(pair, None, problems=(str(error),))
    notes = [*image.notes]
    if pair.label is not None:
        try:
            drawn = read_label_pixels(pair.label)
            notes += [f"mask: {note}" for note in drawn.notes if note not in notes]
            check_same_grid(image, pair.images[0], drawn, pair.label)
            if drawn.array.min() < 0:
                raise UserError(f"{pair.label} holds {drawn.array.min()}; number the classes from 0.")
            case = replace(case, label=torch.from_numpy(drawn.array[0]))
        except UserError as error:
            problems.append(str(error))
    names = pair.contrasts if len(pair.images) > 1 else image.contrasts
    names = contrasts if contrasts and len(contrasts) == len(names) else names
    axes = (image.stored or image.grid).orientation
    return Content(pair, case, names, axes, tuple(notes), tuple(problems))


def class_names(
    values: Sequence[int],
    classes: Sequence[str] | None,
    described: Mapping[int, str] | None,
    instances: bool,
    root: Path,
) -> tuple[tuple[str, ...], dict[int, int]]:
    """The name of each class, and which label value becomes which class.

    Raises:
        UserError: there are too many values, or values without a name.
    """
    if instances:
        return tuple(classes or ("background", "object")), {value: int(value > 0) for value in values}
    if described and not classes:
        if unknown := [value for value in values if value not in described]:
            raise UserError(
                f"{root}: the masks hold the value {unknown[0]}, which dataset.json does not name; add it to its labels."
            )
        order = sorted(described)
        return tuple(described[value] for value in order), {value: i for i, value in enumerate(order)}
    if len(values) > MOST:
        raise UserError(
            f"{root}: the masks hold {len(values)} different values up to {max(values)}. If they number single objects, say "
            f"instances=True (--instances); if they were smoothed or saved as JPEG, save them again without loss."
        )
    plain = list(values) == list(range(len(values)))
    if classes and not (len(classes) == len(values) or (plain and len(values) <= len(classes))):
        raise UserError(
            f"{root}: the masks hold the values {_listed(values)}, but there are {len(classes)} classes; name each."
        )
    names = tuple(classes or ("background", *(f"class {value}" if plain else f"value {value}" for value in values[1:])))
    return names, {value: i for i, value in enumerate(values)}


def mapped(label: Tensor, mapping: Mapping[int, int]) -> Tensor:
    """A label whose values are replaced as `mapping` says."""
    values, places = torch.unique(label, return_inverse=True)
    return torch.tensor([mapping[int(value)] for value in values])[places]


def check_seen(training: Dataset, other: Dataset) -> None:
    """Raise a UserError if a class of `other` is drawn in no case of `training`: no network can find what it never saw."""
    counts = Counter(int(v) for case in training if case.label is not None for v in case.label.unique())
    for case in other:
        unseen = [int(v) for v in case.label.unique() if int(v) not in counts] if case.label is not None else []
        if unseen:
            name = other.classes[unseen[0]]
            raise UserError(
                f"Case {case.id} holds class {unseen[0]} ({name}), which no case of the training set does; "
                f"move a patient who has it there, or leave the class out."
            )


def _grey_once(cases: list[Case]) -> list[Case]:
    """If every image is a grey one saved as red, green and blue, one channel of each is enough."""
    if all(len(case.image) == 3 and bool((case.image == case.image[:1]).all()) for case in cases):
        return [replace(case, image=case.image[:1].clone()) for case in cases]
    return cases


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values[:8])) + (" ..." if len(values) > 8 else "")
