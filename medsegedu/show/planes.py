"""From a case to planes that can be drawn: arrays, slices, windows, the scale bar."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy import ndimage

from medsegedu.errors import UserError

PLANES = {"axial": 2, "coronal": 1, "sagittal": 0}  # the axis of (x, y, z) that a plane stands on


def array(values: Any) -> NDArray[Any]:
    """A tensor (on any device, with or without gradients) or an array as a NumPy array."""
    return values.detach().cpu().float().numpy() if hasattr(values, "detach") else np.asarray(values)


def take(volume: NDArray[Any], plane: str, index: int) -> NDArray[Any]:
    """One plane of a volume (..., x, y, z), upright: axial with the front up, coronal and sagittal with the head up.

    The columns of an axial or coronal plane run with x, from the patient's left to the right where volumes are RAS.
    """
    cut = np.take(volume, index, axis=volume.ndim - 3 + PLANES[plane])  # (..., x, y, z) -> (..., a, b)
    return np.flip(np.swapaxes(cut, -1, -2), axis=-2)  # (..., a, b) -> (..., rows from b's end, columns a)


def plane_spacing(spacing: Sequence[float], plane: str | None) -> tuple[float, float]:
    """(mm a row, mm a column) of a plane of a volume, or of a 2D image (plane None)."""
    kept = [float(mm) for axis, mm in enumerate(spacing) if plane is None or axis != PLANES[plane]]
    return (kept[0], kept[1]) if plane is None else (kept[1], kept[0])


def best_index(mask: NDArray[Any], plane: str, inside: tuple[int, ...] | None = None) -> int:
    """The index of `plane` through voxel `inside`, else the one that holds most of `mask` (the middle if it is empty)."""
    axis = PLANES[plane]
    if inside is not None:
        return int(inside[axis])
    counts = mask.sum(axis=tuple(other for other in range(3) if other != axis))
    return int(counts.argmax()) if counts.any() else mask.shape[axis] // 2


def centre_of_largest(mask: NDArray[Any]) -> tuple[int, ...] | None:
    """The voxel in the middle of the mask's largest connected piece; None when the mask is empty."""
    pieces, count = ndimage.label(mask)
    if not count:
        return None
    largest = 1 + int(np.bincount(pieces.ravel())[1:].argmax())
    inside = np.argwhere(pieces == largest)  # (voxels, axes)
    nearest = np.abs(inside - inside.mean(axis=0)).sum(axis=1).argmin()  # a crescent's mean may lie outside it
    return tuple(int(i) for i in inside[nearest])


def grey_range(image: NDArray[Any], window: tuple[float, float] | None = None) -> tuple[float, float]:
    """(black, white) of an image: from a window (center, width), else its 0.5 and 99.5 percentiles."""
    if window is not None:
        center, width = window
        if width <= 0:
            raise UserError(f"The window's width is {width}; it must be above 0.")
        return center - width / 2, center + width / 2
    low, high = np.percentile(image, (0.5, 99.5))
    return float(low), float(high) if high > low else float(low) + 1.0


def draw_scan(
    axes: Axes, image: NDArray[Any], spacing: tuple[float, float] | None, window: tuple[float, float] | None = None
) -> None:
    """A scan (rows, columns) in grey, or (rows, columns, 3) in colour, in true proportions and without ticks."""
    low, high = grey_range(image, window)
    aspect = spacing[0] / spacing[1] if spacing else 1.0
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, aspect=aspect, interpolation="nearest")
    axes.set_axis_off()


def scale_bar(axes: Axes, mm_per_column: float, unit: str = "mm") -> None:
    """A bar of a round length, about a fifth of the view, in the lower left corner. Call it after setting the limits."""
    left, right = sorted(axes.get_xlim())
    bottom, top = axes.get_ylim()  # an image's rows run down: bottom > top
    width = (right - left) * mm_per_column
    steps = [step * 10.0**power for power in range(-6, 4) for step in (1, 2, 5)]
    length = min(steps, key=lambda mm: abs(mm - 0.22 * width))
    start, row = left + 0.05 * (right - left), bottom + 0.05 * (top - bottom)
    outline = [patheffects.withStroke(linewidth=4.5, foreground="black")]
    end = start + length / mm_per_column
    axes.add_line(Line2D([start, end], [row, row], color="white", linewidth=2.5, path_effects=outline))
    axes.annotate(
        f"{length:g} {unit}",
        ((start + end) / 2, row),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color="white",
        fontsize=9,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground="black")],
    )
