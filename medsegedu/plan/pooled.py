"""What is gathered case by case for a fingerprint: intensities of the foreground, and objects of each class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

KEPT = 20_000  # foreground voxels of a case and contrast that are kept for the percentiles; nnU-Net keeps 10,000


@dataclass(frozen=True)
class Intensities:
    """Of the foreground of one contrast, over all cases: mean, standard deviation, 0.5th and 99.5th percentile."""

    mean: float
    std: float
    low: float
    high: float


class Pool:
    """Intensities of the foreground. The mean and the deviation are exact; the percentiles are of every k-th voxel of a case
    that has more than `KEPT` of them, each counted for the k that it stands for.
    """

    def __init__(self, contrasts: int) -> None:
        self.count = 0
        self._mean, self._squares = np.zeros(contrasts), np.zeros(contrasts)  # of squares: summed distances to the mean
        self._kept: list[NDArray[np.float32]] = []  # of each case (contrasts, n)
        self._weights: list[NDArray[np.float64]] = []  # of each case (n,)

    def add(self, image: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        """Take the voxels of `mask` (*spatial) in image (C, *spatial)."""
        found = image[:, mask]  # (C, n)
        n = found.shape[1]
        if n == 0:
            return
        # Two sets of values become one (Chan et al. 1983): sums of squares of CT numbers would lose the digits that matter.
        mean = found.mean(1, dtype=np.float64)
        squares = ((found - mean[:, None]) ** 2).sum(1)
        apart, total = mean - self._mean, self.count + n
        self._squares += squares + apart**2 * self.count * n / total
        self._mean += apart * n / total
        self.count = total
        kept = found[:, :: -(-n // KEPT)]
        self._kept.append(kept)
        self._weights.append(np.full(kept.shape[1], n / kept.shape[1]))

    def intensities(self) -> tuple[Intensities, ...]:
        """Of each contrast."""
        weights = np.concatenate(self._weights)
        found = []
        for values, mean, squares in zip(np.concatenate(self._kept, 1), self._mean, self._squares, strict=True):
            low, high = np.quantile(values, (0.005, 0.995), weights=weights, method="inverted_cdf")
            found.append(Intensities(float(mean), float(np.sqrt(squares / self.count)), float(low), float(high)))
        return tuple(found)


class Objects:
    """Voxels and connected objects of each class (by its number); neighbours share a face, an edge or a corner."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.voxels = [0] * len(classes)
        self.cases = [0] * len(classes)
        self.patients: list[set[str]] = [set() for _ in classes]
        self.volumes: list[list[float]] = [[] for _ in classes]
        self.lengths: list[list[float]] = [[] for _ in classes]

    def add(self, label: NDArray[np.int64], spacing: Sequence[float], patient: str) -> None:
        """Take the objects of one label (*spatial)."""
        numbers, counts = np.unique(label, return_counts=True)
        boxes = ndimage.find_objects(label)  # of each class, so that objects are looked for where it is
        for c, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self.voxels[c] += count
            self.cases[c] += 1
            self.patients[c].add(patient)
            if c > 0:
                self._add_objects(c, label[boxes[c - 1]] == c, np.array(spacing))

    def _add_objects(self, c: int, mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> None:
        components, _ = ndimage.label(mask, np.ones((3,) * mask.ndim))
        for number, box in enumerate(ndimage.find_objects(components), 1):
            sides = np.array([part.stop - part.start for part in box])
            voxels = int((components[box] == number).sum())
            self.volumes[c].append(voxels * float(spacing.prod()))
            self.lengths[c].append(float((sides * spacing).max()))
