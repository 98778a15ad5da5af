"""Patches of a volume that is larger than memory, read from the disk as they are asked for."""

import contextlib
import gzip
import hashlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsegedu.data.arrays import npy_head
from medsegedu.data.grid import Grid
from medsegedu.data.nifti import read_nifti_head, scaling
from medsegedu.data.pixels import Pixels, reading, turned
from medsegedu.errors import UserError
from medsegedu.files import cache_folder


class LazyVolume:
    """A volume in a .nii or .npy file, of which only the patches asked for enter memory; in RAS order, as `read_image` gives it.

    A .nii.gz can only be read from its beginning, so it is uncompressed once into the cache; `note` says so and where.

    Raises:
        UserError: a file of another kind, not a volume, or one whose length contradicts its header.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, self.note = Path(path), ""
        name = self.path.name.lower()
        self._file = self.path
        if name.endswith(".nii.gz"):
            self._file = _uncompressed(self.path)
            size = self._file.stat().st_size / 1e9
            self.note = f"{path} can't be read in parts; it was uncompressed to {self._file} ({size:.1f} GB), once."
        elif not name.endswith((".nii", ".npy")):
            raise UserError(f"{path} can't be read in parts; convert it to .nii or .npy.")
        self._slope, self._intercept = 1.0, 0.0
        if name.endswith(".npy"):
            self._dtype, self._shape, self._offset, self._order = _npy_layout(self.path)
            self._stored = Grid(self._shape, np.eye(len(self._shape) + 1))
        else:
            head = read_nifti_head(self._file)
            self._dtype, self._shape, self._offset, self._order = (
                head.header.get_data_dtype(),
                head.shape,
                head.offset,
                "F",
            )
            self._stored, (self._slope, self._intercept) = head.grid, scaling(head.header)
        if len(self._shape) != 3:
            raise UserError(
                f"{path} has {len(self._shape)} dimensions ({self._shape}); save a single three-dimensional volume."
            )
        self.grid = self._stored.canonical()

    @property
    def shape(self) -> tuple[int, ...]:
        """(X, Y, Z)"""
        return self.grid.shape

    def __repr__(self) -> str:
        return f"{self.path.name}: {' x '.join(map(str, self.shape))}, read in patches"

    def patch(self, start: Sequence[int], size: Sequence[int]) -> Tensor:
        """The voxels from index `start` on: (1, *size) float32; zeros where it reaches beyond the volume.

        Raises:
            UserError: a value of the patch is not finite.
        """
        low = [min(max(s, 0), n) for s, n in zip(start, self.shape, strict=True)]
        high = [min(max(s + m, 0), n) for s, m, n in zip(start, size, self.shape, strict=True)]
        inside = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        kept = self._view()[inside].astype(np.float32)
        if (self._slope, self._intercept) != (1.0, 0.0):
            kept = (kept.astype(np.float64) * self._slope + self._intercept).astype(np.float32)
        if not np.isfinite(kept).all():
            raise UserError(f"{self.path}: values at {low} to {high} are NaN or infinite; mend or leave out the image.")
        patch = torch.zeros(1, *size)
        patch[0][tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))] = torch.from_numpy(kept)
        return patch

    def _view(self) -> NDArray[Any]:
        """The whole file as an array (X, Y, Z), mapped anew for each patch: what is mapped counts as memory once it was read."""
        with reading(self.path, "a volume"):
            whole = np.memmap(self._file, self._dtype, "r", self._offset, self._shape, self._order)
        return turned(Pixels(whole[None], self._stored)).array[0]


def _npy_layout(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int, Any]:
    """(type, shape, first byte of the data, order) of a .npy file, if it is as long as it says."""
    with reading(path, "a NumPy file"), open(path, "rb") as file:
        shape, fortran, dtype = npy_head(file)
        offset, length = file.tell(), os.fstat(file.fileno()).st_size
        if dtype.kind not in "biuf":
            raise UserError(f"it holds {dtype}, not plain numbers; save whole or real numbers.")
        if length != offset + math.prod(shape) * dtype.itemsize:
            raise ValueError(
                f"it holds {length} bytes, its header promises {offset + math.prod(shape) * dtype.itemsize}"
            )
    return dtype, tuple(shape), offset, "F" if fortran else "C"


def _uncompressed(path: Path) -> Path:
    """The cache's uncompressed copy of a .nii.gz; made if there is none of this file as it is now."""
    with reading(path, "NIfTI"):
        state = path.stat()
    read_nifti_head(path)  # before gigabytes are written
    key = hashlib.sha256(repr((str(path.absolute()), state.st_size, state.st_mtime_ns)).encode()).hexdigest()[:24]
    target = cache_folder() / "volumes" / f"{key}.nii"
    if target.exists():
        return target
    temporary = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f"{key}.")
        temporary = Path(name)
        with reading(path, "NIfTI"), gzip.open(path) as source, os.fdopen(descriptor, "wb") as copy:
            for piece in iter(lambda: source.read(1 << 24), b""):  # to the end, where the checksum is
                _write(copy, piece, target)
        read_nifti_head(temporary)
        os.replace(temporary, target)
    except UserError as error:
        raise UserError(str(error).replace(str(temporary), str(path))) from error
    except OSError as error:
        raise _no_room(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return target


def _write(copy: Any, piece: bytes, target: Path) -> None:
    try:
        copy.write(piece)
    except OSError as error:
        raise _no_room(target, error) from error


def _no_room(target: Path, error: OSError) -> UserError:
    return UserError(
        f"Cannot write {target}: {error.strerror or error}. Free some space or set MEDSEGEDU_CACHE to another disk."
    )
