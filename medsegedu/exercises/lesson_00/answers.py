"""The right answers of lesson 00 that are no part of the core; `ex.NAME.solution()` shows them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Numbers = NDArray[Any]
Split = tuple[list[int], list[int]]


def volume_ml(mask: Mask, spacing: tuple[float, float, float]) -> float:
    voxel = math.prod(spacing)  # mm^3
    return float(mask.sum() * voxel / 1000)  # 1 ml is 1000 mm^3


def otsu_threshold(counts: Numbers, centers: Numbers) -> float:
    best, threshold = -1.0, float(centers[0])
    for k in range(1, len(counts)):  # the first k bins are dark, the others bright
        dark, bright = counts[:k].sum(), counts[k:].sum()
        dark_mean = (counts[:k] * centers[:k]).sum() / dark
        bright_mean = (counts[k:] * centers[k:]).sum() / bright
        between = dark * bright * (dark_mean - bright_mean) ** 2
        if between > best:
            best, threshold = between, float(centers[k - 1])
    return threshold


def split_by_patient(patients: list[str], share: float, seed: int) -> Split:
    names = sorted(set(patients))  # a set alone has another order in every run of Python
    names = list(np.random.default_rng(seed).permutation(names))
    held_out = set(names[: max(1, round(share * len(names)))])
    train = [i for i, patient in enumerate(patients) if patient not in held_out]
    test = [i for i, patient in enumerate(patients) if patient in held_out]
    return train, test
