"""Lesson 07's own figures: a volume in three planes with its patch grid, one plane as a flat case, maps with a scale."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from medsegedu.inference.sliding_window import Box, window_boxes
from medsegedu.show.lesson_03 import people
from medsegedu.show.look import INK, ORANGE, SKY, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import PLANES, array, draw_scan, plane_spacing, scale_bar, take
from medsegedu.show.scans import _legend_lines, overlay

__all__ = ["flat", "laid_over", "people", "planes", "tiles", "weights"]


def planes(
    case: Any,
    x: int,
    y: int,
    z: int,
    patch: int | None = None,
    overlap: float = 0.5,
    *,
    channel: int = 0,
    classes: Sequence[str] | None = None,
    outlines: bool = True,
) -> Picture:
    """A volume in its three planes through voxel (x, y, z), with the outlines of its label.

    Args:
        patch, overlap: the windows of this size that a prediction would stitch together are drawn in thin lines, those that
            hold the voxel in thick dashed ones; None: no windows.
    """
    image = array(case.image)[channel]
    size, at = image.shape, (x, y, z)
    boxes = [] if patch is None else window_boxes(size, [min(patch, n) for n in size], overlap)
    hit = [box for box in boxes if all(part.start <= place < part.stop for part, place in zip(box, at, strict=True))]
    with style():
        widths = [size[0], size[0], size[1]]
        figure, axes = canvas(1, 3, size=(10.4, 4.8), width_ratios=widths)
        for ax, plane in zip(axes, PLANES, strict=True):
            axis = PLANES[plane]
            shown, mm = take(image, plane, at[axis]), plane_spacing(case.spacing, plane)
            if outlines and case.label is not None:
                label = take(array(case.label).astype(int), plane, at[axis])
                overlay(shown, label, ax=ax, classes=classes, spacing=mm, legend=False)
            else:
                draw_scan(ax, shown, mm)
            _windows(ax, [box for box in boxes if box[axis].start <= at[axis] < box[axis].stop], plane, size, hit)
            _cross(ax, at, plane, size)
            ax.set_title(f"{plane}, {'xyz'[axis]} = {at[axis]}")
            scale_bar(ax, mm[1])
        covered = "" if patch is None else _said(boxes, hit, size)
        if outlines and case.label is not None:
            _legend(figure, case.label, classes)
        figure.suptitle(covered, fontsize=11)
    drawn = "" if patch is None else f" Frames show the windows of {patch} voxels. {covered}"
    return Picture(figure, f"Axial, coronal and sagittal plane of a volume through voxel {at}.{drawn}")


def flat(case: Any, plane: str, index: int, label: Any = None) -> Any:
    """One plane of a volume as a case of its own, upright; with `label` (*spatial) in place of the case's."""
    label = case.label if label is None else label
    image = np.ascontiguousarray(take(case.image.numpy(), plane, index))  # (C, rows, columns)
    truth = None if label is None else torch.from_numpy(np.ascontiguousarray(take(label.numpy(), plane, index)))
    spacing = plane_spacing(case.spacing, plane)
    return replace(case, image=torch.from_numpy(image), label=truth, spacing=spacing, affine=None)


def _said(boxes: Sequence[Box], hit: Sequence[Box], size: Sequence[int]) -> str:
    work = sum(np.prod([part.stop - part.start for part in box]) for box in boxes) / np.prod(size)
    return (
        f"{len(boxes)} windows, {len(hit)} of them over the cross; {work:.1f} times the work of the volume as a whole."
    )


def _windows(ax: Axes, boxes: Sequence[Box], plane: str, size: Sequence[int], hit: Sequence[Box]) -> None:
    """Each window's frame once: thick and dashed if one of the windows behind it holds the cross."""
    frames: dict[tuple[int, int, int, int], bool] = {}
    for box in boxes:
        frame = _frame(box, plane, size)
        frames[frame] = frames.get(frame, False) or box in hit
    for (left, top, width, height), here in sorted(frames.items(), key=lambda pair: pair[1]):
        look: dict[str, Any] = (
            {"edgecolor": ORANGE, "linewidth": 2.2, "linestyle": (0, (4, 2))} if here
            else {"edgecolor": SKY, "linewidth": 0.7}
        )  # fmt: skip
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, **look))


def _frame(box: Box, plane: str, size: Sequence[int]) -> tuple[int, int, int, int]:
    """(left, top, width, height) of a window as `take` shows the plane: rows run down the second axis that is left."""
    across, up = (axis for axis in range(3) if axis != PLANES[plane])
    top = size[up] - box[up].stop
    return box[across].start, top, box[across].stop - box[across].start, box[up].stop - box[up].start


def _cross(ax: Axes, at: Sequence[int], plane: str, size: Sequence[int]) -> None:
    across, up = (axis for axis in range(3) if axis != PLANES[plane])
    for colour, width in ((INK, 2.4), ("white", 1.0)):
        ax.axvline(at[across], color=colour, linewidth=width, alpha=0.8)
        ax.axhline(size[up] - 1 - at[up], color=colour, linewidth=width, alpha=0.8)


def laid_over(case: Any, labels: Mapping[str, Any], plane: str, index: int, classes: Sequence[str]) -> Picture:
    """One plane of a volume under the outlines of each label (*spatial), side by side."""
    with style():
        figure, axes = canvas(1, len(labels), size=(3.6 * len(labels), 4.5))
        for ax, (title, label) in zip(axes, labels.items(), strict=True):
            cut = flat(case, plane, index, label)
            overlay(cut.image[-1], cut.label, ax=ax, classes=classes, spacing=cut.spacing, legend=False)
            ax.set_title(title)
            scale_bar(ax, cut.spacing[1])
        _legend(figure, next(iter(labels.values())), classes)
    return Picture(figure, f"The {plane} plane of a volume with outlines: {'; '.join(labels)}.")


def tiles(scan: Any, label: Any, off: Any, classes: Sequence[str], *, alt: str) -> Picture:
    """A plane of the scan under the classes of tiles (rows, columns), and how far their scores are off, with a scale."""
    with style():
        figure, (left, right) = canvas(1, 2, size=(7.6, 4.4), width_ratios=(1, 1.22))
        overlay(scan, label, ax=left, classes=classes, legend=False)
        left.set_title("classes from tiles")
        _scaled(right, off, "scores, summed over the classes")
        right.set_title("difference to the whole")
        _legend(figure, label, classes)
    return Picture(figure, alt)


def weights(window: Any, total: Any, *, alt: str) -> Picture:
    """One window's weights (rows, columns) as powers of ten, and the sum of all windows' weights, each with a scale."""
    with style():
        figure, (left, right) = canvas(1, 2, size=(7.6, 3.6))
        _scaled(left, array(window).clip(1e-12), "weight", log=True)
        left.set_title("one window")
        _scaled(right, total, "sum of the weights")
        right.set_title("all windows added up")
    return Picture(figure, alt)


def _scaled(ax: Axes, image: Any, unit: str, *, log: bool = False) -> None:
    drawn = ax.imshow(array(image), cmap="gray", norm="log" if log else None)
    ax.set_axis_off()
    ax.figure.colorbar(drawn, ax=ax, shrink=0.85, label=unit)


def _legend(figure: Figure, label: Any, classes: Sequence[str] | None) -> None:
    keys = _legend_lines(array(label).astype(int), classes)
    figure.legend(handles=keys, loc="outside lower center", ncols=min(len(keys), 5) or 1)
