"""A case is one image with its label; a dataset is cases that know whose they are.

Everything else in the course rests on one habit of this file: data are divided by *patient*, never by image. Two slices of
one brain look alike, so a network that saw the first has half seen the second, and its test score says less than it seems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from medsegedu.errors import UserError


@dataclass(frozen=True, eq=False)
class Case:
    """One image of one patient.

    Args:
        image: (C, *spatial) float32, one channel a contrast.
        label: (*spatial) int64 class numbers, or None where nobody has drawn any.
        spacing: the size of a voxel in mm, in the axis order of `spatial`.
        patient: whose image this is; cases of one patient stay together in every split.
        id: this image's own name.
        affine: 4 x 4, voxel index -> world mm (RAS), as NIfTI stores it; None for images without a place in the world.

    Raises:
        UserError: shapes disagree, a value is not finite, or a spacing is not positive; the sentence names the case.
    """

    image: Tensor
    label: Tensor | None
    spacing: tuple[float, ...]
    patient: str
    id: str
    affine: np.ndarray | None = None

    def __post_init__(self) -> None:
        spatial = tuple(self.image.shape[1:])
        if self.image.dtype != torch.float32:
            raise UserError(f"Case {self.id}: the image is {self.image.dtype}; convert it with image.float().")
        if len(self.spacing) != len(spatial):
            raise UserError(
                f"Case {self.id}: spacing {self.spacing} has {len(self.spacing)} numbers for {len(spatial)} axes; "
                f"give one size in mm per spatial axis of (C, *spatial)."
            )
        if not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise UserError(f"Case {self.id}: spacing {self.spacing} must be positive; correct the image's header.")
        if not bool(torch.isfinite(self.image).all()):
            bad = int((~torch.isfinite(self.image)).sum())
            raise UserError(
                f"Case {self.id}: {bad} values of the image are NaN or infinite; mend or leave out the image."
            )
        if self.label is not None and tuple(self.label.shape) != spatial:
            raise UserError(
                f"Case {self.id}: the image is {_size(spatial)} but its label is {_size(self.label.shape)}; "
                f"they must be drawn on the same grid."
            )
        if self.label is not None and self.label.dtype != torch.int64:
            raise UserError(f"Case {self.id}: the label is {self.label.dtype}; convert it with label.long().")

    @property
    def dims(self) -> int:
        """2 for a slice, 3 for a volume."""
        return self.image.ndim - 1

    def numpy(self) -> tuple[np.ndarray, np.ndarray]:
        """Image and label as NumPy arrays (they share memory with the tensors)."""
        if self.label is None:
            raise UserError(f"Case {self.id} has no label.")
        return self.image.numpy(), self.label.numpy()


@dataclass(frozen=True, eq=False)
class Dataset(Sequence[Case]):
    """Cases, what their numbers mean, and where they come from.

    Args:
        cases: in a fixed order.
        classes: the name of each label value, background first.
        contrasts: the name of each image channel.
        licence, citation: what you may do with the data, and whom to thank.

    Raises:
        UserError: there are no cases, or a label holds a number that has no class name.
    """

    cases: Sequence[Case]
    classes: tuple[str, ...]
    contrasts: tuple[str, ...]
    licence: str = ""
    citation: str = ""
    name: str = field(default="dataset")

    def __post_init__(self) -> None:
        if len(self.cases) == 0:
            raise UserError(f"The {self.name} holds no cases; check the folder or the selection that made it.")
        for case in self.cases:
            if case.image.shape[0] != len(self.contrasts):
                raise UserError(
                    f"Case {case.id} has {case.image.shape[0]} channels, but the {self.name} names {len(self.contrasts)} "
                    f"contrasts ({', '.join(self.contrasts)}); every case must have them all."
                )
            if case.label is None:
                continue
            low, high = int(case.label.min()), int(case.label.max())
            if low < 0 or high >= len(self.classes):
                raise UserError(
                    f"Case {case.id}: labels run from {low} to {high}, but the classes are 0 to {len(self.classes) - 1} "
                    f"({', '.join(self.classes)}); map them first."
                )

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # int -> Case, slice -> Dataset
        if isinstance(index, slice):
            return replace(self, cases=self.cases[index])
        return self.cases[index]

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __repr__(self) -> str:
        return f"{self.name}: {len(self)} images of {len(self.patients)} patients, classes {', '.join(self.classes)}"

    @property
    def patients(self) -> tuple[str, ...]:
        """Each patient once, in order of first appearance."""
        return tuple(dict.fromkeys(case.patient for case in self.cases))

    def of(self, patients: Sequence[str]) -> "Dataset":
        """The cases of these patients."""
        wanted = set(patients)
        if unknown := wanted - set(self.patients):
            raise UserError(f"The {self.name} has no patient {sorted(unknown)[0]}.")
        return replace(self, cases=tuple(case for case in self.cases if case.patient in wanted))

    def split(self, shares: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0) -> tuple["Dataset", ...]:
        """Divide by patient: no patient's images are in two parts, and each part has at least one patient.

        Args:
            shares: the share of patients in each part; they add up to 1.
            seed: the same seed gives the same division.

        Raises:
            UserError: the shares do not add up to 1, or there are fewer patients than parts.
        """
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise UserError(f"The shares {tuple(shares)} must be positive and add up to 1.")
        patients = np.array(self.patients)
        if len(patients) < len(shares):
            raise UserError(
                f"The {self.name} has {len(patients)} patients, too few for {len(shares)} parts; "
                f"add patients or ask for fewer parts."
            )
        order = np.random.default_rng(seed).permutation(patients)
        # Round the borders, then see that no part is empty: 5 patients in (.8, .1, .1) are 3, 1 and 1.
        borders = np.round(np.cumsum(shares)[:-1] * len(patients)).astype(int)
        for i in range(len(borders)):
            borders[i] = max(borders[i], i + 1, (borders[i - 1] + 1) if i else 1)
        for i in reversed(range(len(borders))):
            borders[i] = min(borders[i], len(patients) - (len(borders) - i))
        return tuple(self.of(list(part)) for part in np.split(order, borders))


def _size(shape: Sequence[int]) -> str:
    return " x ".join(str(n) for n in shape)
