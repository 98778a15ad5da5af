"""HD95, average surface distance and surface Dice of one pair of volumes, together: seconds against MONAI's three calls.

Run: python tests/benchmarks/surface_metrics.py [repeats]. Prints the values too, which must agree.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from monai import metrics as monai
from scipy import ndimage

from medsegedu.metrics import surface_dice, surface_distances

SHAPE, SPACING, TOLERANCE = (96, 96, 64), (0.8, 0.8, 3.0), 2.0
Values = tuple[float, float, float]


def blobs() -> tuple[np.ndarray, np.ndarray]:
    """A round object with a wavy boundary, and the same with another small wave on it: about 60,000 voxels each."""
    random = np.random.default_rng(0)
    waves = [ndimage.gaussian_filter(random.normal(size=SHAPE), 5) for _ in range(2)]
    first, second = (wave / wave.std() for wave in waves)
    radius = np.linalg.norm(np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij")), axis=0)
    return radius + 0.08 * first < 0.6, radius + 0.08 * first + 0.05 * second < 0.58


def ours(prediction: np.ndarray, label: np.ndarray, by: str) -> Values:
    distances = surface_distances(prediction, label, SPACING)
    if by == "voxels":
        return distances.hausdorff(95), distances.average(), distances.dice(TOLERANCE)
    return distances.hausdorff(95), distances.average(), surface_dice(prediction, label, SPACING, tolerance=TOLERANCE)


def theirs(prediction: torch.Tensor, label: torch.Tensor, by: str) -> Values:
    options = {"include_background": True, "spacing": SPACING}
    return (
        float(monai.compute_hausdorff_distance(prediction, label, percentile=95, **options)),
        float(monai.compute_average_surface_distance(prediction, label, symmetric=True, **options)),
        float(monai.compute_surface_dice(prediction, label, [TOLERANCE], use_subvoxels=by == "area", **options)),
    )


def seconds(functions: list[Callable[[], Values]], repeats: int) -> list[float]:
    """The median of each, measured in turn so that a busy moment hits all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def main(repeats: int = 15) -> None:
    warnings.simplefilter("ignore")
    masks = blobs()
    tensors = tuple(torch.from_numpy(mask)[None, None] for mask in masks)
    print(f"{SHAPE} voxels of {SPACING} mm, {torch.get_num_threads()} threads, median of {repeats}")
    for by in ("voxels", "area"):
        pair = [lambda by=by: ours(*masks, by), lambda by=by: theirs(*tensors, by)]
        for name, function in zip(("ours ", "MONAI"), pair, strict=True):
            print(f"  {by:6} {name} HD95 {function()[0]:.4f} mm, ASSD {function()[1]:.4f} mm, SD {function()[2]:.5f}")
        own, other = seconds(pair, repeats)
        print(f"  {by:6} ours {1e3 * own:.1f} ms, MONAI {1e3 * other:.1f} ms, ratio {own / other:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
