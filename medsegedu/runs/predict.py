"""Segment files with a trained run, and write each label in its image's own space."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from medsegedu.data import Case, Grid, save_nifti
from medsegedu.data.folder import read_pair
from medsegedu.data.images import NIFTI, read_image, stem
from medsegedu.data.listed import find_pairs
from medsegedu.data.pairs import Pair
from medsegedu.data.pictures import PICTURES
from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.runs.run import Run


def predict_files(
    run: Run, inputs: Sequence[Path], out: Path, *, flips: bool = False, progress: bool = True
) -> list[Path]:
    """A label file for each image: NIfTI for volumes, PNG for pictures.

    Args:
        inputs: image files, folders of DICOM slices, or folders of images (laid out as for training; masks are not read).
        out: where the labels go, under the names of their images.
        flips: also look at the mirrored images, and average; slower, and often a little better.

    Raises:
        UserError: an input can't be read or is not of the run's kind; labels that were finished before it are kept.
    """
    work = [item for path in inputs for item in _cases(path, run.settings.contrasts)]
    names = [name for name, _, _ in work]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"Two inputs are called {twice[0]}; predict them into two folders.")
    written = []
    for name, like, read in tqdm(work, desc="predicting", disable=not progress):
        case = read()
        label = run.segment(case, flips=flips)
        if case.dims == 3:
            written.append(save_nifti(out / f"{name}.nii.gz", label, Grid.of(case), like=like))
        else:
            written.append(_save_picture(out / f"{name}.png", label.numpy()))
    return written


def _cases(path: Path, contrasts: tuple[str, ...]) -> list[tuple[str, Path | None, Callable[[], Case]]]:
    """(name, the NIfTI file whose header the label takes, how to read it) of each case in a file or folder."""
    if path.is_file() or _is_series(path):
        like = path if path.name.lower().endswith(NIFTI) else None
        return [(stem(path), like, lambda: read_image(path, contrasts=contrasts))]
    if not path.is_dir():
        raise UserError(f"There is no file or folder {path}.")
    pairing = find_pairs(path)
    if pairing.problems:  # else an image that fits nowhere would be left out without a word
        raise UserError(f"{pairing.problems[0]} `medsegedu data inspect {path}` lists all problems.")
    found: list[tuple[str, Path | None, Callable[[], Case]]] = []
    for pair in pairing.pairs:
        like = pair.images[0] if pair.images[0].name.lower().endswith(NIFTI) else None
        found.append((pair.id.replace("/", "_"), like, partial(_read, replace(pair, label=None), contrasts)))
    return found


def _read(pair: Pair, contrasts: tuple[str, ...]) -> Case:
    content = read_pair(pair, contrasts)
    if content.case is None:
        raise UserError(content.problems[0])
    return content.case


def _is_series(path: Path) -> bool:
    """Whether a folder is one DICOM series: it holds files, none of which has another kind's ending."""
    files = [f for f in path.iterdir() if f.is_file() and not f.name.startswith(".")] if path.is_dir() else []
    return bool(files) and not any(
        f.name.lower().endswith((*NIFTI, *PICTURES, ".npy", ".npz", ".csv", ".json")) for f in files
    )


def _save_picture(path: Path, label: np.ndarray) -> Path:
    """A label as a PNG of class numbers, 8 bits."""
    buffer = io.BytesIO()
    Image.fromarray(label.astype(np.uint8)).save(buffer, "PNG")
    return write_atomically(path, buffer.getvalue())
