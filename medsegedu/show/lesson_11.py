"""Lesson 11's own figure: what a plan decided, drawn over the scan, and the levels of its network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from medsegedu.show.look import BLUE, INK, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, best_index, centre_of_largest, draw_scan, plane_spacing, scale_bar, take

__all__ = ["planned"]

_GLOW: list[patheffects.AbstractPathEffect] = [patheffects.withStroke(linewidth=4.5, foreground="black")]


def planned(case: Any, patch: Sequence[int], depth: int, batch: int, *, width: int, target: int = 1) -> Picture:
    """The patch over one plane of a picture or two of a volume, and the network that halves it, as a funnel.

    Args:
        case: on the plan's grid: image (C, *spatial), label (*spatial) or None.
        patch: voxels along each axis.
        depth: how often the patch is halved. batch: how many patches a step holds; the others are dashed.
        width: channels of the first level.
        target: the class around whose largest object the patch lies.
    """
    image = array(case.image)[0]  # (*spatial)
    mask = np.zeros(image.shape, bool) if case.label is None else array(case.label) == target
    inside = centre_of_largest(mask) or tuple(n // 2 for n in image.shape)
    planes: list[str | None] = [None] if image.ndim == 2 else ["axial", "coronal"]
    with style():
        figure, axes = canvas(1, len(planes) + 1, size=(3.3 * len(planes) + 3.6, 3.7))
        for ax, plane in zip(axes, planes, strict=False):
            _plane(ax, image, case.spacing, plane, inside, patch, batch)
        _funnel(axes[-1], patch, depth, batch, width)
    size = " x ".join(map(str, patch))
    return Picture(
        figure,
        f"A patch of {size} voxels as a frame over the scan, {batch} of them in a step, and the levels of a network that halves "
        f"it {depth} times.",
    )


def _plane(
    ax: Axes, image: NDArray[Any], spacing: Sequence[float], plane: str | None, inside: Sequence[int], patch: Sequence[int],
    batch: int,
) -> None:  # fmt: skip
    """One plane with the patch around `inside`, moved so that it lies in the image, and the others of the batch dashed."""
    if plane is None:
        cut, (row_axis, column_axis) = image, (0, 1)
    else:
        row_axis, column_axis = {"axial": (1, 0), "coronal": (2, 0)}[plane]
        cut = take(image, plane, best_index(image > 0, plane, tuple(inside)))
    mm = plane_spacing(spacing, plane)
    draw_scan(ax, cut, mm)
    rows, columns = cut.shape
    high, wide = patch[row_axis], patch[column_axis]
    random = np.random.default_rng(0)
    for number in range(min(batch, 6)):
        chosen = inside if number == 0 else [int(random.integers(n)) for n in image.shape]
        top = _start(chosen[row_axis], high, rows)
        if plane is not None:
            top = rows - top - high  # the last index of a volume's axis is drawn at the top
        left = _start(chosen[column_axis], wide, columns)
        look: dict[str, Any] = {"linewidth": 2.4} if number == 0 else {"linewidth": 1.2, "linestyle": (0, (3, 3))}
        frame = Rectangle((left - 0.5, top - 0.5), wide, high, fill=False, edgecolor="#ffd24d", **look)
        if number == 0:
            frame.set_path_effects(_GLOW)
        ax.add_patch(frame)
    margin = 0.03 * max(rows, columns)
    ax.set_xlim(min(-0.5, columns / 2 - wide / 2) - margin, max(columns - 0.5, columns / 2 + wide / 2) + margin)
    ax.set_ylim(max(rows - 0.5, rows / 2 + high / 2) + margin, min(-0.5, rows / 2 - high / 2) - margin)
    if plane != "coronal":  # whose lower edge is the patch's in most heads
        scale_bar(ax, mm[1])
    ax.set_title(plane or "one patch, and others of its batch", fontsize=11)


def _start(middle: int, size: int, image: int) -> int:
    """Where a patch of `size` begins that lies around `middle`, within the image if it fits."""
    if size >= image:
        return (image - size) // 2
    return min(max(middle - size // 2, 0), image - size)


def _funnel(ax: Axes, patch: Sequence[int], depth: int, batch: int, width: int) -> None:
    """A bar a level, as wide as the patch is long there; the voxels and the channels are written on it."""
    for level in range(depth + 1):
        share = 0.5**level
        ax.barh(
            level, share, left=(1 - share) / 2, height=0.7, color=BLUE, alpha=0.25 + 0.1 * min(level, 4), edgecolor=INK
        )
        sides = " x ".join(f"{n / 2**level:g}" for n in patch)
        ax.text(0.5, level, f"{sides}\n{width * 2**level} channels", ha="center", va="center", fontsize=9, color=INK)
    ax.set(xlim=(-0.05, 1.05), ylim=(max(depth, 2) + 0.6, -0.6))
    ax.set_title(f"depth {depth}, batch {batch}", fontsize=11)
    ax.set_axis_off()
