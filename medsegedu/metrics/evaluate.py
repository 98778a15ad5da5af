"""Measure a segmentation method on a dataset: one row a patient, and a mean that says how far to trust it.

Patients are the unit. Pixels of one patient are not independent, nor are their slices, so overlap is counted over all
slices of a patient together, and the interval comes from drawing *patients* anew (the bootstrap).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.metrics.detection import lesion_counts
from medsegedu.metrics.surface import hausdorff95
from medsegedu.table import html_table, text_table


class LabelledCase(Protocol):
    """What is needed of a case: see `medsegedu.data.Case`."""

    @property
    def label(self) -> Tensor | None: ...
    @property
    def spacing(self) -> tuple[float, ...]: ...
    @property
    def patient(self) -> str: ...
    @property
    def id(self) -> str: ...


AnyCase = TypeVar("AnyCase", bound=LabelledCase)


@dataclass(frozen=True)
class Interval:
    """A mean and the range in which a repeat with other patients would put it, 19 times of 20."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Values per patient, class and measure.

    Args:
        values: (patients, classes, measures); NaN where a measure was not asked for.
    """

    patients: tuple[str, ...]
    classes: tuple[str, ...]
    measures: tuple[str, ...]
    values: np.ndarray

    def of(self, measure: str, classes: Sequence[str] | str | None = None) -> np.ndarray:
        """One value per patient, averaged over `classes` (by default all for which it was asked)."""
        if measure not in self.measures:
            raise UserError(f"The evaluation has no '{measure}'; it has {', '.join(self.measures)}.")
        measured = [name for name in self.classes if measure in self._shown(name)]
        names = (classes,) if isinstance(classes, str) else classes or measured
        for name in names:
            if name not in measured:
                raise UserError(f"The evaluation has no '{name}' of {measure}; it has {', '.join(measured)}.")
        columns = [self.classes.index(name) for name in names]
        return self.values[:, columns, self.measures.index(measure)].mean(1)  # (patients,)

    def interval(self, measure: str, classes: Sequence[str] | str | None = None) -> Interval:
        """The mean over patients with its 95 % bootstrap interval."""
        return bootstrap(self.of(measure, classes))

    def _rows(self) -> list[list[str]]:
        rows = [["patient", *(f"{c} {m}" for c in self.classes for m in self._shown(c))]]
        for p, patient in enumerate(self.patients):
            cells = [
                self.values[p, i, self.measures.index(m)] for i, c in enumerate(self.classes) for m in self._shown(c)
            ]
            rows.append([patient, *(f"{v:.3f}" for v in cells)])
        rows.append(["mean [95 %]", *(str(self.interval(m, c)) for c in self.classes for m in self._shown(c))])
        return rows

    def _shown(self, name: str) -> list[str]:
        column = self.values[:, self.classes.index(name)]
        return [m for i, m in enumerate(self.measures) if not np.isnan(column[:, i]).all()]

    def __str__(self) -> str:
        return text_table(self._rows())

    def _repr_html_(self) -> str:
        return html_table(self._rows())


def evaluate(
    segment: Callable[[AnyCase], Tensor],
    cases: Sequence[AnyCase],
    classes: Sequence[str] | None = None,
    objects: Sequence[str] = ("lesion",),
) -> Evaluation:
    """Run `segment` on each case and compare with the label.

    Args:
        segment: case -> label map (*spatial), e.g. `lambda case: predict(model, case.image)`, or Otsu's threshold.
        cases: labelled cases, usually a `Dataset`.
        classes: names of the label values, background first; a `Dataset`'s own by default.
        objects: classes that come as separate objects; for these `f1` counts objects found, not pixels.

    Returns:
        Per patient and class: `dice` over all pixels of the patient, `hd95` in mm (mean over the slices where the class is
        drawn or predicted; a miss costs the slice's diagonal), and `f1` of objects.

    Raises:
        UserError: a case without a label, or a prediction of another size.
    """
    names = tuple(classes if classes is not None else getattr(cases, "classes", ()))
    if len(names) < 2:
        raise UserError("evaluate needs the names of the classes, background first: classes=('background', 'lesion').")
    patients = tuple(dict.fromkeys(case.patient for case in cases))
    if not patients:
        raise UserError("There are no cases to evaluate; check the selection that made the list.")
    measures = ("dice", "hd95", "f1")
    overlap = np.zeros((len(patients), len(names), 3))  # both, predicted, drawn: pixels
    found = np.zeros((len(patients), len(names), 3))  # hits, false alarms, misses: objects
    distances: dict[tuple[int, int], list[float]] = {}
    for case in cases:
        if case.label is None:
            raise UserError(f"Case {case.id} has no label to compare with.")
        truth, guess = case.label.numpy(), np.asarray(segment(case))
        if guess.shape != truth.shape:
            raise UserError(
                f"Case {case.id}: the prediction is {guess.shape}, the label {truth.shape}; return the same size."
            )
        p = patients.index(case.patient)
        for c in range(1, len(names)):
            a, b = guess == c, truth == c
            overlap[p, c] += (a & b).sum(), a.sum(), b.sum()
            if a.any() or b.any():
                distances.setdefault((p, c), []).append(hausdorff95(a, b, case.spacing))
            if names[c] in objects:
                found[p, c] += lesion_counts(a, b)
    values = np.full((len(patients), len(names), len(measures)), np.nan)
    total = overlap[..., 1] + overlap[..., 2]
    values[..., 0] = np.where(total > 0, 2 * overlap[..., 0] / np.maximum(total, 1), 1.0)
    values[..., 1] = [[np.mean(distances.get((p, c), [0.0])) for c in range(len(names))] for p in range(len(patients))]
    for c in [i for i, name in enumerate(names) if name in objects]:
        hits, alarms, misses = found[:, c].T
        values[:, c, 2] = np.where(hits + alarms + misses, 2 * hits / np.maximum(2 * hits + alarms + misses, 1), 1.0)
    return Evaluation(patients, names[1:], measures, values[:, 1:])


def bootstrap(values: np.ndarray, level: float = 0.95, draws: int = 2000, seed: int = 0) -> Interval:
    """The mean of `values` (n,) with a percentile bootstrap interval; a single value has no width to show."""
    random = np.random.default_rng(seed)
    means = values[random.integers(0, len(values), (draws, len(values)))].mean(1)  # (draws,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values.mean()), float(low), float(high))
