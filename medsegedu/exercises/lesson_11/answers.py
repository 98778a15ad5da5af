"""The right answers of lesson 11, each fit to be pasted into a notebook."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F


def find_the_leak(
    patients: Sequence[str], images: Sequence[np.ndarray], test_patients: Sequence[str], test_images: Sequence[np.ndarray]
) -> list[int]:  # fmt: skip
    """The numbers of the test images whose patient trains, or that are a training image but for brightness and contrast."""

    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99

    return [
        j for j, (patient, image) in enumerate(zip(test_patients, test_images, strict=True))
        if patient in patients or any(same(image, other) for other in images)
    ]  # fmt: skip


def fingerprint(sizes: np.ndarray, spacings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sizes (cases, dims) in voxels, spacings (cases, dims) in mm -> the median spacing, and the median image in its voxels."""
    spacing = np.median(spacings, axis=0)  # (dims,)
    extent = np.median(sizes * spacings, axis=0)  # (dims,) mm
    return spacing, np.ceil(extent / spacing - 1e-3).astype(int)


def plan(size: Sequence[int], gigabytes: float, each: float) -> tuple[tuple[int, ...], int, int]:
    """Median size in voxels, memory, bytes that a voxel of a patch takes -> (patch, depth, batch)."""
    room = gigabytes * 1e9 / each  # voxels in a step
    scale = min(1.0, (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size)))
    sides = [scale * n for n in size]
    depth = min(5, max(1, int(np.log2(min(sides) / 4))))
    patch = tuple(max(1, int(side / 2**depth)) * 2**depth for side in sides)
    batch = min(16, max(2, int(room / np.prod(patch))))
    return patch, depth, batch


def report(
    scores: Mapping[str, np.ndarray], patients: Sequence[str], picks: np.ndarray
) -> tuple[np.ndarray, str, tuple[float, float]]:
    """Dice (classes,) of each patient who has a prediction -> means (classes,), the worst patient, (low, high)."""
    classes = len(next(iter(scores.values())))
    table = np.array([scores.get(patient, np.zeros(classes)) for patient in patients])  # (patients, classes)
    means = np.nanmean(table, axis=0)  # (classes,)
    own = np.nanmean(table, axis=1)  # (patients,)
    low, high = np.percentile(own[picks].mean(axis=1), (2.5, 97.5))
    return means, patients[int(own.argmin())], (float(low), float(high))


def bug_hunt() -> tuple[Callable[..., Any], ...]:
    """The five functions, mended."""

    def held_out(patients: Sequence[str]) -> list[int]:
        """The numbers of the test images: all of every fifth patient in alphabetical order."""
        chosen = sorted(set(patients))[::5]
        return [i for i, patient in enumerate(patients) if patient in chosen]

    def to_scale(train: torch.Tensor, test: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the training images say decides, for both."""
        return (train - train.mean()) / train.std(), (test - train.mean()) / train.std()

    def finer(label: torch.Tensor) -> torch.Tensor:
        """(H, W) -> (2 H, 2 W): four pixels in the place of each, of its class."""
        return F.interpolate(label[None, None].double(), scale_factor=2, mode="nearest")[0, 0].long()

    def mirrored(image: torch.Tensor, label: torch.Tensor, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """image (N, C, H, W), label (N, H, W), chosen (N,) bool: those are mirrored left to right."""
        image, label = image.clone(), label.clone()
        image[chosen], label[chosen] = image[chosen].flip(-1), label[chosen].flip(-1)
        return image, label

    def mean_dice(found: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Masks (patients, classes, pixels) -> the mean Dice of all that is there to be found, or was found."""
        total = found.sum(-1) + drawn.sum(-1)  # (patients, classes)
        return (2 * (found & drawn).sum(-1) / total)[total > 0].mean()

    return held_out, to_scale, finer, mirrored, mean_dice
