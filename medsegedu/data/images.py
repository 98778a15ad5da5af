"""Read image files of any kind, and say in one sentence what is wrong with those that can't be read.

`read_image` knows NIfTI, DICOM (a file or a folder of slices), PNG, TIFF, JPEG and NumPy files. Volumes come in RAS order.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsegedu.data.arrays import read_array_pixels
from medsegedu.data.case import Case
from medsegedu.data.dicom import is_dicom, read_dicom_pixels
from medsegedu.data.grid import Grid
from medsegedu.data.nifti import read_nifti_pixels
from medsegedu.data.pictures import PICTURES, read_picture, read_picture_pixels
from medsegedu.data.pixels import Pixels, reading
from medsegedu.errors import UserError

__all__ = ["SUFFIXES", "as_label", "nifti_case", "read_image", "read_label", "read_nifti", "read_picture", "zscore"]

NIFTI, ARRAYS = (".nii.gz", ".nii"), (".npz", ".npy")
SUFFIXES = (*NIFTI, ".dcm", *PICTURES, *ARRAYS)


def read_image(
    path: Path | str, *, patient: str | None = None, contrasts: tuple[str, ...] | None = None, series: str | None = None
) -> Case:
    """One image file, or one folder of DICOM slices, as a `Case` without a label; intensities as stored.

    Args:
        patient: whose it is; by default its name.
        contrasts: names for the last axis of a NIfTI file of four dimensions.
        series: the description or UID of the wanted series, in a DICOM folder that holds several.

    Raises:
        UserError: it can't be read, or would be read wrongly; the sentence names the file and the fix.
    """
    path = Path(path)
    return as_case(read_pixels(path, contrasts, series=series), path, patient)


def read_label(path: Path | str) -> tuple[Tensor, Grid]:
    """A label file -> (*spatial) int64 and its grid.

    Raises:
        UserError: it can't be read, has colours, or holds other than whole numbers.
    """
    pixels = read_label_pixels(Path(path))
    return torch.from_numpy(pixels.array[0]), pixels.grid


def read_label_pixels(path: Path) -> Pixels:
    """The content of a label file: one channel of int64."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        raise UserError(f"{path} is a JPEG, which changes the numbers of a label; save it as PNG.")
    pixels = read_pixels(path, label=True)
    if len(pixels.array) != 1:
        raise UserError(f"{path} is in colour; save a label as one channel of class numbers.")
    return replace(pixels, array=as_label(pixels.array[0], path).numpy()[None])


def read_pixels(
    path: Path, contrasts: tuple[str, ...] | None = None, *, label: bool = False, series: str | None = None
) -> Pixels:
    """The content of a file of any kind, chosen by its name, else by its first bytes."""
    name = path.name.lower()
    with reading(path, "a file"):
        path.stat()
    if name.endswith(NIFTI):
        return read_nifti_pixels(path, contrasts)
    if name.endswith(PICTURES):
        return read_picture_pixels(path, label=label)
    if name.endswith(ARRAYS):
        return read_array_pixels(path, label=label)
    if path.is_dir() or name.endswith(".dcm") or is_dicom(path):
        return read_dicom_pixels(path, series=series)
    raise UserError(f"{path} is of no kind that can be read; convert it to one of {', '.join(SUFFIXES)}.")


def as_case(pixels: Pixels, path: Path, patient: str | None = None) -> Case:
    """Pixels as a case without a label, named as its file."""
    with np.errstate(over="ignore"):
        image = torch.from_numpy(pixels.array.astype(np.float32))  # (C, *spatial); too large numbers become infinite
    affine = pixels.grid.affine if pixels.grid.dims == 3 else None
    try:
        return Case(image, None, pixels.grid.spacing, patient or stem(path), path.name, affine)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def stem(path: Path) -> str:
    """A file's name without its ending, also without .nii.gz."""
    ending = next((s for s in SUFFIXES if path.name.lower().endswith(s)), "")
    return path.name[: len(path.name) - len(ending)]


def read_nifti(path: Path) -> tuple[NDArray[Any], NDArray[np.float64], tuple[float, ...]]:
    """A NIfTI volume in canonical (RAS) orientation -> array (X, Y, Z), affine (4, 4), spacing in mm.

    Raises:
        UserError: no such file, not NIfTI, truncated, or not three-dimensional.
    """
    pixels = read_nifti_pixels(path)
    return pixels.array[0], pixels.grid.affine, pixels.grid.spacing


def nifti_case(image_path: Path, label_path: Path | None, patient: str) -> Case:
    """A volume and its label as a `Case`, intensities as stored.

    Raises:
        UserError: a file can't be read, image and label are not on one grid, or the label's values are not integers.
    """
    pixels = read_nifti_pixels(image_path)
    case = as_case(pixels, image_path, patient)
    if label_path is None:
        return case
    drawn = read_label_pixels(label_path)
    check_same_grid(pixels, image_path, drawn, label_path)
    return replace(case, label=torch.from_numpy(drawn.array[0]))


def check_same_grid(image: Pixels, image_path: Path, label: Pixels, label_path: Path) -> None:
    """Raise a UserError that says how a label and its image differ in size, spacing, orientation or place, if they do."""
    if image.grid.dims != label.grid.dims:
        difference = "one is a picture, the other a volume"
    elif image.grid.dims == 2:  # pictures lie on each other if they have one size
        difference = image.grid.difference(Grid(label.grid.shape, image.grid.affine))
    else:
        difference = image.grid.difference(label.grid)
        if difference and image.stored and label.stored:  # in words about the files, not about the turned volumes
            difference = image.stored.difference(label.stored)
    if difference:
        raise UserError(
            f"{label_path} does not lie on {image_path}: {difference}; draw the label on its image, or resample it there."
        )


def as_label(array: NDArray[Any], path: Path) -> Tensor:
    """Whole numbers of any data type -> int64."""
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        raise UserError(
            f"{path} holds values that are not whole numbers; a label must be resampled with nearest neighbour."
        )
    return torch.from_numpy(array.astype(np.int64))


def zscore(image: Tensor) -> Tensor:
    """Each channel of (C, *spatial) to mean 0 and standard deviation 1: MR intensities have no unit of their own.

    A channel that is the same everywhere becomes 0. Rounding keeps its deviation above 0, so the pixels are asked.
    """
    axes = tuple(range(1, image.ndim))
    constant = image.amin(axes, keepdim=True) == image.amax(axes, keepdim=True)  # (C, 1, ...)
    deviation = image.std(axes, keepdim=True).masked_fill(constant, torch.inf)  # x / inf = 0
    return (image - image.mean(axes, keepdim=True)) / deviation
