"""NumPy files: .npy holds one array, .npz an image with its spacing."""

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.data.grid import Grid
from medsegedu.data.pixels import Pixels, reading, turned
from medsegedu.errors import UserError

_KEYS = ("image", "label", "data", "arr_0")  # the last is np.savez's own


def read_array_pixels(path: Path, *, label: bool = False) -> Pixels:
    """.npy: (H, W) or (X, Y, Z), one channel. .npz: `image` (C, *spatial), `label` (*spatial), `spacing`, `affine`.

    Pickled objects are never opened, for they can run any program.

    Args:
        label: whether the label of an .npz is wanted.
    """
    with reading(path, "a NumPy file"):
        return _npz(path, label) if path.suffix.lower() == ".npz" else _npy(path)


def _npy(path: Path) -> Pixels:
    array = npy_array(path.read_bytes())
    if array.ndim not in (2, 3):
        raise UserError(f"it is {array.shape}; save a picture of 2 axes or a volume of 3, channels as .npz.")
    if array.ndim == 3 and array.shape[-1] <= 4:
        raise UserError(
            f"it is {array.shape}, a thin volume or a picture with channels last; save it as .npz with `image` (C, *spatial)."
        )
    return Pixels(array[None], Grid(array.shape, np.eye(array.ndim + 1)), ("image",), ("no voxel size is recorded",))


def _npz(path: Path, label: bool) -> Pixels:
    with zipfile.ZipFile(path) as file:
        names = {name.removesuffix(".npy"): name for name in file.namelist()}
        key = next((k for k in (("label", *_KEYS) if label else _KEYS) if k in names), None)
        if key is None:
            raise UserError(f"it holds {', '.join(sorted(names)) or 'nothing'}; name the array `image` or `label`.")
        held = {
            k: npy_array(file.read(names[k])) for k in {key, "spacing", "affine"} & names.keys()
        }  # read checks the CRC
    array = held[key]
    stack = array[None] if key == "label" or array.ndim == 2 else array  # (C, *spatial)
    dims = stack.ndim - 1
    if dims not in (2, 3):
        raise UserError(f"`{key}` is {array.shape}; an image is (C, *spatial) with 2 or 3 spatial axes.")
    if "affine" in held:
        grid = Grid(stack.shape[1:], np.asarray(held["affine"], float))
        return turned(Pixels(stack, grid, _channels(len(stack))))
    spacing = np.asarray(held.get("spacing", np.ones(dims)), float)
    if spacing.shape != (dims,) or not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise UserError(f"its spacing {spacing.tolist()} must be {dims} positive numbers in mm.")
    notes = () if "spacing" in held else ("no voxel size is recorded",)
    return Pixels(stack, Grid(stack.shape[1:], np.diag([*spacing, 1.0])), _channels(len(stack)), notes)


def npy_array(content: bytes) -> NDArray[Any]:
    """The array of a .npy file's bytes, if there are exactly as many as it says."""
    file = io.BytesIO(content)
    shape, fortran, dtype = npy_head(file)
    if min(shape, default=0) < 1:
        raise UserError(f"its size {shape} holds no value; save it again.")
    if dtype.kind not in "biuf":
        raise UserError(f"it holds {dtype}, not plain numbers; save whole or real numbers.")
    held, promised = len(content) - file.tell(), math.prod(shape) * dtype.itemsize
    if held != promised:
        raise ValueError(f"it holds {held} bytes of data, its header promises {promised}")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C")


def npy_head(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """(shape, whether the first axis runs fastest, data type) of a .npy file; leaves `file` where the data begin."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        raise ValueError(f"its format's version {version} is unknown")
    return read[version](file)


def _channels(count: int) -> tuple[str, ...]:
    return ("image",) if count == 1 else tuple(f"channel {c}" for c in range(count))
