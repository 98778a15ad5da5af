"""A grid: where the voxels of an image lie in the world.

Turning a volume, cutting it, padding it and changing its spacing are one thing: the same world on another grid. So nothing has
to be remembered in order to undo them. Whoever keeps the grid of the file can bring a prediction back to it, whatever happened
in between (`medsegedu.data.geometry`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import nibabel
import numpy as np
from nibabel.orientations import inv_ornt_aff, io_orientation
from numpy.typing import NDArray

from medsegedu.data.case import Case
from medsegedu.errors import UserError

Matrix = NDArray[np.float64]
CLOSE = 1e-3  # of a voxel: affines are stored in float32


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres at `affine @ (*index, 1)`, in mm; 2D and 3D.

    Args:
        shape: voxels along each axis.
        affine: (dims + 1, dims + 1), index -> world; the world of a volume is RAS, as in NIfTI: x to the patient's right, y to
            the front, z to the head.

    Raises:
        UserError: an axis without voxels, or an affine that is not finite or that flattens the volume.
    """

    shape: tuple[int, ...]
    affine: Matrix

    def __post_init__(self) -> None:
        dims = len(self.shape)
        if min(self.shape, default=0) < 1:
            raise UserError(f"The size {self.shape} holds no voxel; each axis needs at least 1.")
        if np.shape(self.affine) != (dims + 1, dims + 1):
            raise UserError(
                f"The affine is {np.shape(self.affine)}; a grid of {dims} axes needs {(dims + 1, dims + 1)}."
            )
        lengths = np.linalg.norm(self.affine[:dims, :dims], axis=0)
        with np.errstate(all="ignore"):
            flat = not np.isfinite(self.affine).all() or lengths.min() == 0
            flat = flat or abs(np.linalg.det(self.affine[:dims, :dims] / lengths)) < 1e-4
        if flat:
            raise UserError(
                f"The affine {np.round(self.affine, 4).tolist()} is singular: it has an axis without length or two axes in one "
                f"direction; correct the header (sform or qform)."
            )

    @classmethod
    def of(cls, case: Case) -> Self:
        """The grid of a case; one without an affine lies along its axes from 0, with its spacing."""
        dims = len(case.spacing)
        placed = case.affine is not None and np.shape(case.affine) == (dims + 1, dims + 1)
        affine = np.asarray(case.affine, float) if placed else np.diag([*case.spacing, 1.0])
        return cls(tuple(case.image.shape[1:]), affine)

    @property
    def dims(self) -> int:
        """2 for a slice, 3 for a volume."""
        return len(self.shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """The distance in mm between neighbours along each axis."""
        return tuple(round(float(s), 6) for s in np.linalg.norm(self.affine[: self.dims, : self.dims], axis=0))

    @property
    def orientation(self) -> str:
        """Where each axis of a volume points, most nearly: "RAS", "LPS", ...; "" for a picture."""
        return "".join(nibabel.aff2axcodes(self.affine)) if self.dims == 3 else ""

    def to(self, other: "Grid") -> Matrix:
        """The matrix that turns an index of this grid into the index of the same point on `other`."""
        return np.asarray(np.linalg.solve(other.affine, self.affine), np.float64)

    def difference(self, other: "Grid") -> str:
        """What sets `other` apart from this grid, in words; "" if they are one grid to a thousandth of a voxel."""
        if self.shape != other.shape:
            return f"the sizes differ, {' x '.join(map(str, self.shape))} and {' x '.join(map(str, other.shape))}"
        shift = self.to(other) - np.eye(self.dims + 1)
        if np.abs(shift @ self._corners()).max() < CLOSE * 10:  # both affines were rounded
            return ""
        if not np.allclose(self.spacing, other.spacing, rtol=1e-3):
            return f"their affines differ in spacing, {self.spacing} and {other.spacing} mm"
        if self.orientation != other.orientation:
            return f"their affines differ in orientation, {self.orientation} and {other.orientation}"
        return "their affines differ: they lie in different places of the scanner"

    def canonical(self) -> "Grid":
        """The same voxels in the order nearest to RAS: the first axis to the right, the second to the front, then up.

        A picture stays as it is.
        """
        if self.dims != 3:
            return self
        turns = io_orientation(self.affine)  # (axis, 3 rows of: world axis, direction)
        shape = np.empty(3, int)
        shape[turns[:, 0].astype(int)] = self.shape
        return Grid(tuple(int(n) for n in shape), self.affine @ inv_ornt_aff(turns, self.shape))

    def spaced(self, spacing: Sequence[float]) -> "Grid":
        """The same field of view with another spacing in mm, around the same centre.

        It covers every voxel: where the new spacing does not divide the field, the grid reaches over it by less than one of its
        voxels, evenly on both sides.
        """
        if len(spacing) != self.dims or not all(np.isfinite(s) and s > 0 for s in spacing):
            raise UserError(f"spacing is {tuple(spacing)}; give {self.dims} positive numbers in mm.")
        old = np.linalg.norm(self.affine[: self.dims, : self.dims], axis=0)
        lengths = np.array(self.shape) * old / np.array(spacing)
        shape = np.maximum(np.ceil(lengths - CLOSE), 1).astype(int)
        affine = self.affine.copy()
        affine[:-1, :-1] *= np.array(spacing) / old
        affine[:-1, -1] = self._centre() - affine[:-1, :-1] @ ((shape - 1) / 2)
        return Grid(tuple(int(n) for n in shape), affine)

    def window(self, start: Sequence[int], size: Sequence[int]) -> "Grid":
        """The voxels from index `start` on: a crop, and a pad where it reaches beyond this grid (start may be negative)."""
        affine = self.affine.copy()
        affine[:-1, -1] += affine[:-1, :-1] @ np.asarray(start, float)
        return Grid(tuple(int(n) for n in size), affine)

    def pad(self, before: Sequence[int], after: Sequence[int]) -> "Grid":
        """This many voxels more at the beginning and at the end of each axis; fewer where the number is negative."""
        size = [n + b + a for n, b, a in zip(self.shape, before, after, strict=True)]
        return self.window([-b for b in before], size)

    def _centre(self) -> NDArray[np.float64]:
        return np.asarray(self.affine[:-1, :-1] @ ((np.array(self.shape) - 1) / 2) + self.affine[:-1, -1], float)

    def _corners(self, margin: float = 0.0) -> Matrix:
        """(dims + 1, 2**dims): the indices of the outermost voxel centres, moved outwards by `margin` voxels, and a row of 1."""
        ends = np.meshgrid(*[(-margin, n - 1 + margin) for n in self.shape], indexing="ij")
        return np.vstack([*(end.ravel() for end in ends), np.ones(2**self.dims)])
