"""Folders of images and masks, laid out as people do."""

from pathlib import Path

import numpy as np
from written import png

from medsegedu.data import Dataset

random = np.random.default_rng(0)


def label(shape: tuple[int, ...] = (5, 6, 7), values: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    drawn = np.array(values, np.uint8)[random.integers(0, len(values), shape)]
    drawn.flat[: len(values)] = values  # each is there
    return drawn


def pictures(root: Path, names: dict[str, np.ndarray]) -> Path:
    for name, array in names.items():
        png(root / name, array)
    return root


def grey() -> np.ndarray:
    return random.integers(0, 256, (8, 9)).astype(np.uint8)


def mask(values: tuple[int, ...] = (0, 255)) -> np.ndarray:
    return label((8, 9), values)


def summary(data: Dataset) -> list[tuple[str, str, bool]]:
    return [(case.id, case.patient, case.label is not None) for case in data]
