"""The answers of lesson 00 as a student would write them; `ex.NAME.solution()` shows them, fit to be pasted.

They are the references too, except where the core has the function (`window`, `dice`, `iou`).
"""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Split = tuple[list[int], list[int]]


def volume_ml(mask: np.ndarray, spacing: tuple[float, float, float]) -> float:
    one_voxel = spacing[0] * spacing[1] * spacing[2]  # mm^3
    return float(mask.sum() * one_voxel / 1000)  # 1 ml is 1000 mm^3


def window(image: np.ndarray, center: float, width: float) -> np.ndarray:
    black = center - width / 2
    scaled = (image - black) / width  # 0 at black, 1 at white
    return np.clip(scaled, 0, 1)


def dice(prediction: np.ndarray, label: np.ndarray) -> float:
    overlap = (prediction & label).sum()
    sizes = prediction.sum() + label.sum()
    if sizes == 0:  # both are empty
        return 1.0
    return float(2 * overlap / sizes)


def iou(prediction: np.ndarray, label: np.ndarray) -> float:
    overlap = (prediction & label).sum()
    union = (prediction | label).sum()
    if union == 0:  # both are empty
        return 1.0
    return float(overlap / union)


def otsu_threshold(counts: np.ndarray, centers: np.ndarray) -> float:
    best, threshold = -1.0, float(centers[0])
    for k in range(1, len(counts)):  # the first k bins are dark, the others bright
        dark, bright = counts[:k].sum(), counts[k:].sum()
        dark_mean = (counts[:k] * centers[:k]).sum() / dark
        bright_mean = (counts[k:] * centers[k:]).sum() / bright
        between = dark * bright * (dark_mean - bright_mean) ** 2
        if between > best:
            best, threshold = between, float(centers[k - 1])
    return threshold


def split_by_patient(patients: list[str], share: float, seed: int) -> tuple[list[int], list[int]]:
    names = sorted(set(patients))  # a set alone has another order in every run of Python
    names = list(np.random.default_rng(seed).permutation(names))
    held_out = set(names[: max(1, round(share * len(names)))])
    train = [i for i, patient in enumerate(patients) if patient not in held_out]
    test = [i for i, patient in enumerate(patients) if patient in held_out]
    return train, test
