"""The fingerprint of a dataset: what its images say about how a network should be trained on them.

F. Isensee et al., "nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation", Nature Methods
2021, doi:10.1038/s41592-020-01008-z, showed that few numbers are enough: the sizes and spacings of the images, the
intensities of what is drawn, and how much of each class there is.

Deviations: images are not cropped to what is not zero; and the objects of each class are counted and measured, because the
smallest of them says what a coarser grid would lose.

>>> print(fingerprint(medsegedu.data.hippocampus()))
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsegedu.data import Case, Dataset, Grid
from medsegedu.errors import UserError
from medsegedu.plan.pooled import Intensities, Objects, Pool
from medsegedu.table import html_table, text_table


@dataclass(frozen=True)
class Spread:
    """A number that differs from case to case: its median, and the 10th and 90th percentiles over the cases."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values; of none, zeros."""
        if not len(values):
            return cls(0.0, 0.0, 0.0)
        median, low, high = np.percentile(values, (50, 10, 90))
        return cls(float(median), float(low), float(high))

    def __str__(self) -> str:
        same = self.low == self.high
        return f"{self.median:.4g}" if same else f"{self.median:.4g} ({self.low:.4g} to {self.high:.4g})"


@dataclass(frozen=True)
class ClassPrint:
    """How much of a class there is, and in what pieces; an object is a connected component, over corners too.

    Args:
        cases, patients: in how many it is drawn.
        share: of all voxels of the labelled cases.
        objects: how many there are in all cases.
        volume, smallest: of an object in mm^3, or mm^2 in 2D.
        length: the longest side of an object's bounding box in mm.
    """

    name: str
    cases: int
    patients: int
    share: float
    objects: int
    volume: Spread
    length: Spread
    smallest: float


@dataclass(frozen=True)
class Fingerprint:
    """What the data say; `fingerprint(dataset)` makes one.

    Args:
        cases, labelled, patients: how many.
        classes: of the data, background first; what is drawn of each but the background is in `drawn`.
        spacing, size, extent: of each axis, in mm, voxels and mm. The axes of volumes are in RAS order, as in training.
        intensities: of the voxels above background, of each contrast.
        voxels: of all cases.
        placed: whether the images say where they lie in the world, as NIfTI and DICOM do.
    """

    name: str
    dims: int
    cases: int
    labelled: int
    patients: int
    contrasts: tuple[str, ...]
    classes: tuple[str, ...]
    spacing: tuple[Spread, ...]
    size: tuple[Spread, ...]
    extent: tuple[Spread, ...]
    intensities: tuple[Intensities, ...]
    drawn: tuple[ClassPrint, ...]
    voxels: int
    placed: bool

    @property
    def anisotropy(self) -> float:
        """How many times longer than wide the median voxel is: 1 for a cube."""
        medians = [s.median for s in self.spacing]
        return max(medians) / min(medians)

    @property
    def smallest(self) -> float:
        """The smallest object of any class, in mm^3, or mm^2 in 2D."""
        return min((c.smallest for c in self.drawn if c.objects), default=0.0)

    def rows(self) -> list[list[str]]:
        """What a table shows of the whole; the first row is its head."""
        axes = " x ".join
        foreground = [
            f"{name}: {i.mean:.4g} +- {i.std:.3g}, {i.low:.4g} to {i.high:.4g}"
            for name, i in zip(self.contrasts, self.intensities, strict=True)
        ]
        labels = "" if self.labelled == self.cases else f", {self.labelled} labelled"
        return [
            ["fingerprint", "median (10th to 90th percentile)"],
            ["cases", f"{self.cases} of {self.patients} patients{labels}; {self.dims}D"],
            ["spacing mm", axes(map(str, self.spacing))],
            ["size voxels", axes(map(str, self.size))],
            ["extent mm", axes(map(str, self.extent))],
            ["anisotropy", f"{self.anisotropy:.3g}"],
            *(["foreground mean +- std, 0.5th to 99.5th percentile", line] for line in foreground),
        ]

    def class_rows(self) -> list[list[str]]:
        """What a table shows of each class; the first row is its head."""
        unit = f"mm^{self.dims}"
        head = [
            "class",
            "cases",
            "patients",
            "share %",
            "objects",
            f"object {unit}",
            "longest side mm",
            f"smallest {unit}",
        ]
        return [head] + [
            [c.name, str(c.cases), str(c.patients), f"{100 * c.share:.3g}", str(c.objects), str(c.volume), str(c.length),
             f"{c.smallest:.4g}"]
            for c in self.drawn
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{text_table(self.rows())}\n\n{text_table(self.class_rows())}"

    def _repr_html_(self) -> str:
        return html_table(self.rows()) + html_table(self.class_rows())


def fingerprint(dataset: Dataset) -> Fingerprint:
    """Look at each case once, one after the other, and keep numbers only.

    Raises:
        UserError: no case has a label, cases have different numbers of axes, or nothing but background is drawn.
    """
    contrasts, classes = dataset.contrasts, dataset.classes
    pool, objects = Pool(len(contrasts)), Objects(classes)
    patients: set[str] = set()
    sizes: list[tuple[int, ...]] = []
    spacings: list[tuple[float, ...]] = []
    placed, labelled = True, 0
    for case in dataset.cases:
        grid = _grid(case, len(spacings[0]) if spacings else case.dims)
        sizes.append(grid.shape)
        spacings.append(grid.spacing)
        patients.add(case.patient)
        placed = placed and case.affine is not None
        if case.label is not None:
            labelled += 1
            image, label = case.numpy()
            pool.add(image, label > 0)
            objects.add(label, case.spacing, case.patient)
    if not labelled:
        raise UserError(
            f"No case of {dataset.name} has a label, so there is nothing to learn; draw masks for some first."
        )
    if not pool.count:
        raise UserError(f"The labels of {dataset.name} hold nothing but background; check which values the masks have.")
    size, spacing = np.array(sizes, float), np.array(spacings)  # (cases, dims)
    drawn = tuple(
        ClassPrint(
            classes[c], objects.cases[c], len(objects.patients[c]), objects.voxels[c] / sum(objects.voxels),
            len(objects.volumes[c]), Spread.of(objects.volumes[c]), Spread.of(objects.lengths[c]),
            min(objects.volumes[c], default=0.0),
        )
        for c in range(1, len(classes))
    )  # fmt: skip
    return Fingerprint(
        dataset.name, size.shape[1], len(sizes), labelled, len(patients), contrasts, classes,
        _spreads(spacing), _spreads(size), _spreads(size * spacing), pool.intensities(), drawn,
        int(size.prod(1).sum()), placed,
    )  # fmt: skip


def _grid(case: Case, dims: int) -> Grid:
    """The case's grid with its axes in RAS order, as training turns it."""
    if case.dims != dims:
        raise UserError(f"Case {case.id} has {case.dims} axes, others have {dims}; keep them in two folders.")
    return Grid.of(case).canonical()


def _spreads(values: np.ndarray) -> tuple[Spread, ...]:
    return tuple(Spread.of(column) for column in values.T)
