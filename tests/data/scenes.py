"""Pictures for the tests of leaks."""

import numpy as np
from scipy import ndimage


def scene(random: np.random.Generator, shape: tuple[int, ...], smooth: float = 5.0) -> np.ndarray:
    """Smooth blobs from 0 to 200, as whole grey levels."""
    field = ndimage.gaussian_filter(random.random(shape), smooth)
    return np.rint((field - field.min()) / np.ptp(field) * 200).astype(np.float32)


def cut(field: np.ndarray, rows: int, columns: int) -> list[np.ndarray]:
    return [tile for row in np.split(field, rows, 0) for tile in np.split(row, columns, 1)]
