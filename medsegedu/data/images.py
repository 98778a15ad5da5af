"""Read image files, and say in one sentence what is wrong with those that can't be read."""

import zlib
from pathlib import Path

import nibabel
import numpy as np
import torch
from nibabel.filebasedimages import ImageFileError
from skimage import io
from torch import Tensor

from medsegedu.data.case import Case
from medsegedu.errors import UserError


def read_nifti(path: Path) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """A NIfTI volume in canonical (RAS) orientation -> array (X, Y, Z), affine (4, 4), spacing in mm.

    Raises:
        UserError: no such file, not NIfTI, truncated, or not three-dimensional.
    """
    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        array = np.asarray(image.dataobj)
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except (ImageFileError, OSError, EOFError, zlib.error, ValueError) as error:
        raise UserError(f"{path} can't be read as NIfTI ({_short(error)}); copy it again from its source.") from error
    if array.ndim != 3:
        raise UserError(f"{path} has {array.ndim} dimensions ({array.shape}); save a single three-dimensional volume.")
    return array, image.affine, tuple(float(s) for s in image.header.get_zooms()[:3])


def read_picture(path: Path) -> np.ndarray:
    """A PNG or TIFF -> array (H, W) or (H, W, channels), in the file's own data type.

    Raises:
        UserError: no such file, or not a readable picture.
    """
    try:
        return io.imread(path)
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except Exception as error:  # the readers behind imread raise whatever they like on a broken file
        raise UserError(
            f"{path} can't be read as an image ({_short(error)}); copy it again from its source."
        ) from error


def nifti_case(image_path: Path, label_path: Path | None, patient: str) -> Case:
    """A volume and its label as a `Case`, intensities as stored.

    Raises:
        UserError: a file can't be read, image and label are not on one grid, or the label's values are not integers.
    """
    image, affine, spacing = read_nifti(image_path)
    label = None
    if label_path is not None:
        drawn, label_affine, _ = read_nifti(label_path)
        if drawn.shape != image.shape:
            raise UserError(
                f"{label_path} is {drawn.shape} but {image_path} is {image.shape}; draw the label on its image."
            )
        if not np.allclose(affine, label_affine, atol=1e-3):
            raise UserError(
                f"{label_path} and {image_path} have the same shape but another place in the scanner (their affines differ); "
                f"resample the label to its image."
            )
        label = as_label(drawn, label_path)
    return Case(torch.from_numpy(image.astype(np.float32))[None], label, spacing, patient, image_path.name, affine)


def as_label(array: np.ndarray, path: Path) -> Tensor:
    """Whole numbers of any data type -> int64."""
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        raise UserError(
            f"{path} holds values that are not whole numbers; a label must be resampled with nearest neighbour."
        )
    return torch.from_numpy(array.astype(np.int64))


def zscore(image: Tensor) -> Tensor:
    """Each channel of (C, *spatial) to mean 0 and standard deviation 1: MR intensities have no unit of their own."""
    axes = tuple(range(1, image.ndim))
    return (image - image.mean(axes, keepdim=True)) / image.std(axes, keepdim=True).clamp(min=1e-6)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
