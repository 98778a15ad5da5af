"""Write a label where every viewer finds it: on the grid of the file that it was drawn for."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
from torch import Tensor

from medsegedu.data.geometry import LabelMethod, label_on
from medsegedu.data.grid import Grid
from medsegedu.data.nifti import read_nifti_head
from medsegedu.errors import UserError
from medsegedu.files import write_atomically

_PLACE = ("pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z",
          "srow_x", "srow_y", "srow_z", "xyzt_units")  # fmt: skip


def save_nifti(
    path: Path | str, label: Tensor, grid: Grid, *, like: Path | None = None, method: LabelMethod = "linear"
) -> Path:
    """Write a label (*grid.shape) of whole numbers as NIfTI; the file is there whole or not at all.

    Args:
        path: ends in .nii.gz or .nii.
        grid: the label's own grid, `Grid.of(case)`.
        like: the NIfTI image that the label belongs to. The label goes back to this file's grid, axes and orientation, and its
            header's place in the world is copied bit by bit, so that the two overlay in any viewer. Nothing else of its
            header is: names and comments stay behind.
        method: how the label is brought to the file's grid where voxels don't coincide, as of `label_on`. "linear" keeps more:
            balls of 16 mm went to another spacing and came back with a mean Dice of 0.96, by "nearest" with 0.94.

    Raises:
        UserError: another ending, a label of other than whole numbers, or a folder that can't be written.
    """
    path = Path(path)
    if not path.name.endswith((".nii", ".nii.gz")):
        raise UserError(f"{path} must end in .nii.gz or .nii; for another format convert the file afterwards.")
    if grid.dims != 3 or label.is_floating_point():
        raise UserError(f"{path}: a NIfTI label is a volume of whole numbers, not {tuple(label.shape)} {label.dtype}.")
    if tuple(label.shape) != grid.shape:
        raise UserError(
            f"{path}: the label is {tuple(label.shape)}, its grid {grid.shape}; give the grid that it was made on."
        )
    header = nibabel.Nifti1Header()
    if like is not None:
        head = read_nifti_head(like)
        label = label_on(label, grid, head.grid, method)
        header = type(head.header)()
        for name in _PLACE:
            header[name] = head.header[name]
    values = label.numpy().astype(_type(label))
    header.set_data_dtype(values.dtype)
    kind = nibabel.Nifti2Image if isinstance(header, nibabel.Nifti2Header) else nibabel.Nifti1Image
    image = kind(values, grid.affine if like is None else None, header)  # None: where the header says
    if like is None:
        image.set_sform(grid.affine, code=1)
        image.set_qform(grid.affine, code=1)
        image.header.set_xyzt_units("mm")
    content = image.to_bytes()
    return write_atomically(path, gzip.compress(content, mtime=0) if path.name.endswith(".gz") else content)


def _type(label: Tensor) -> type[np.integer]:
    """The smallest type that viewers know and that holds the label."""
    low, high = int(label.min()), int(label.max())
    fitting = (
        kind for kind in (np.uint8, np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    return next(fitting, np.int64)
