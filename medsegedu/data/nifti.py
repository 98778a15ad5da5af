"""NIfTI, read with suspicion: a header that contradicts the file's size, or itself, is refused or remarked upon.

nibabel mends a bad header silently, and reads of a .nii.gz only as much as the header asks for, which leaves out the checksum at
its end. So the header is judged here before nibabel sees it, and the stream is read to its end.
"""

import gzip
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import nibabel
import numpy as np

from medsegedu.data.grid import Grid
from medsegedu.data.pixels import Pixels, reading, turned
from medsegedu.errors import UserError

_HEAD = 540  # bytes of the larger of the two headers
_MM = {1: 1000.0, 3: 0.001}  # NIfTI's codes for metre and micrometre


@dataclass(frozen=True, eq=False)
class NiftiHead:
    """What stands before the voxels: `grid` is the file's own (not turned), `shape` has all axes but trailing ones of 1."""

    header: Any
    grid: Grid
    shape: tuple[int, ...]
    offset: int
    notes: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """How long the whole file must be."""
        return self.offset + math.prod(self.shape) * self.header.get_data_dtype().itemsize


def read_nifti_head(path: Path) -> NiftiHead:
    """The header alone; of an uncompressed file also its length is checked."""
    with reading(path, "NIfTI"), open(path, "rb") as file:
        packed = _is_gzip(file)
        head = _judged((gzip.GzipFile(fileobj=file) if packed else file).read(_HEAD))
        if not packed:
            _check_length(os.fstat(file.fileno()).st_size, head)
    return head


def read_nifti_pixels(path: Path, contrasts: tuple[str, ...] | None = None) -> Pixels:
    """A volume, turned to RAS.

    Args:
        contrasts: names of the volumes in a file of four dimensions, which is refused without them.
    """
    with reading(path, "NIfTI"), open(path, "rb") as file:
        stream: Any = gzip.GzipFile(fileobj=file) if _is_gzip(file) else file
        start = stream.read(_HEAD)
        head = _judged(start)
        content = start + stream.read(head.bytes - len(start) + 1)  # one more, so that gzip meets its checksum
        _check_length(len(content), head)
        image = _image(content, head)
        array = np.asarray(image.dataobj).reshape(head.shape)
    channels = len(contrasts) if contrasts else 1
    if array.ndim != 3 and not (array.ndim == 4 and channels == array.shape[3]):
        raise UserError(
            f"{path} has {array.ndim} dimensions ({array.shape}); save a single three-dimensional volume, or name the "
            f"contrasts of its last axis."
        )
    stack = array[None] if array.ndim == 3 else np.moveaxis(array, 3, 0)  # (C, X, Y, Z)
    return turned(Pixels(stack, head.grid, contrasts or ("image",), head.notes))


def _judged(block: bytes) -> NiftiHead:
    """The header of a file's first bytes, if it makes sense."""
    starts = {n.to_bytes(4, order): (n, order) for n in (348, 540) for order in ("little", "big")}
    if block[:4] not in starts:
        raise ValueError("it does not begin as a NIfTI file does")
    size, order = starts[block[:4]]
    if len(block) < size:
        raise ValueError(f"the file ends after {len(block)} bytes, inside its header")
    header = (nibabel.Nifti1Header if size == 348 else nibabel.Nifti2Header)(block[:size], order, check=False)
    magic = bytes(header["magic"].item())[:3]
    if magic in (b"ni1", b"ni2"):
        raise UserError("this is one half of a .hdr/.img pair; save both as one .nii.gz, for example with nibabel.")
    if magic not in (b"n+1", b"n+2"):
        raise ValueError("it does not carry NIfTI's mark")
    shape = _shape(header)
    dtype = header.get_data_dtype()
    if dtype.kind not in "iuf" or dtype.itemsize * 8 != int(header["bitpix"]):
        raise UserError(
            f"its header says {int(header['bitpix'])} bits for data of type {dtype}; save it as plain whole or real numbers."
        )
    spacing = header["pixdim"][1:4].astype(float)
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise UserError(
            f"the spacing {tuple(spacing.tolist())} in its header must be positive; correct pixdim with header.set_zooms(...)."
        )
    affine = header.get_best_affine().astype(float)
    affine[:3] *= _MM.get(int(header["xyzt_units"]) & 7, 1.0)
    grid = Grid((*shape, 1, 1)[:3], affine)
    return NiftiHead(header, grid, shape, int(header["vox_offset"]), tuple(_notes(header, grid)))


def _shape(header: Any) -> tuple[int, ...]:
    count = int(header["dim"][0])
    if not 1 <= count <= 7:
        raise ValueError(f"its header says {count} dimensions")
    shape = [int(n) for n in header["dim"][1 : count + 1]]
    if min(shape) < 1:
        raise UserError(f"its size {tuple(shape)} holds no voxel; save it again with at least 1 along each axis.")
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    return tuple(shape)


def _notes(header: Any, grid: Grid) -> list[str]:
    """Where a header contradicts itself."""
    notes = []
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform <= 0 and qform <= 0:
        notes.append("the header says nothing about orientation (sform and qform codes are 0); it was guessed")
    if sform > 0 and qform > 0 and not np.allclose(header.get_sform(), header.get_qform(), atol=0.01):
        notes.append("sform and qform disagree about where the volume lies; the sform was used, other programs may not")
    pixdim = header["pixdim"][1:4].astype(float) * _MM.get(int(header["xyzt_units"]) & 7, 1.0)
    if not np.allclose(pixdim, grid.spacing, rtol=1e-3):
        notes.append(
            f"pixdim says {tuple(np.round(pixdim, 4).tolist())} mm but the affine {grid.spacing}; the affine was used"
        )
    return notes


def _image(content: bytes, head: NiftiHead) -> Any:
    kind = nibabel.Nifti2Image if isinstance(head.header, nibabel.Nifti2Header) else nibabel.Nifti1Image
    return kind.from_stream(io.BytesIO(content))


def _check_length(length: int, head: NiftiHead) -> None:
    if length < head.bytes:
        raise ValueError(f"it ends after {length} bytes, its header promises {head.bytes}")
    if length > head.bytes:
        raise ValueError(f"it holds more than the {head.bytes} bytes that its header promises")


def _is_gzip(file: BinaryIO) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"\x1f\x8b"


def scaling(header: Any) -> tuple[float, float]:
    """(slope, intercept) between stored and real values."""
    slope, intercept = header.get_slope_inter()
    return (1.0, 0.0) if slope is None else (float(slope), float(intercept or 0.0))
