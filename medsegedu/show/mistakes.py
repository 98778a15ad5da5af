"""Where a segmentation is wrong: hits, misses and false alarms, each with its own colour, hatching and line."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from medsegedu.errors import UserError
from medsegedu.show.look import GREEN, INK, ORANGE, SKY, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, best_index, draw_scan, plane_spacing, scale_bar, take
from medsegedu.show.scans import fine, outline


class _Kind(NamedTuple):
    name: str
    colour: str
    hatch: str
    line: Any


_KINDS = (
    _Kind("hit", GREEN, "", "-"),
    _Kind("missed", SKY, "////", (0, (4, 1.5))),
    _Kind("false alarm", ORANGE, "xxxx", (0, (1, 1))),
)


def compare(
    case: Any,
    predictions: Mapping[str, Any],
    class_: int,
    *,
    class_name: str | None = None,
    channel: int = 0,
    zoom: bool = True,
    unit: str = "mm",
    alt: str | None = None,
) -> Picture:
    """The truth, and each prediction with its hits, misses and false alarms of one class.

    A volume shows the axial plane that holds most of the class; the Dice in the titles is that of the whole case.

    Args:
        case: image (C, *spatial), label (*spatial), spacing in mm.
        predictions: name -> label map (*spatial).
        class_: the class that is compared.
        channel: the contrast drawn below; FLAIR shows lesions best.
        zoom: predictions show only the frame around what was found or missed.
        unit: what the spacing counts: "pixels" for pictures without a known scale.
    """
    if case.label is None:
        raise UserError(f"Case {getattr(case, 'id', '')} has no label, so there is nothing to compare with.")
    image, truth = array(case.image)[channel], array(case.label) == class_  # (*spatial)
    masks = {name: array(prediction) == class_ for name, prediction in predictions.items()}
    for name, mask in masks.items():
        if mask.shape != truth.shape:
            raise UserError(f"The prediction '{name}' is {mask.shape} and the truth {truth.shape}; they must be alike.")
    scores = {name: _dice(mask, truth) for name, mask in masks.items()}
    plane = "axial" if truth.ndim == 3 else None
    mm = plane_spacing(case.spacing, plane)
    if plane is not None:
        index = best_index(truth, plane)
        image, truth = take(image, plane, index), take(truth, plane, index)
        masks = {name: take(mask, plane, index) for name, mask in masks.items()}
    top, bottom, left, right = _frame([truth, *masks.values()]) if zoom else (0, truth.shape[0], 0, truth.shape[1])
    wanted = class_name or f"class {class_}"
    with style():
        width, height = 2.8, 2.8 * image.shape[0] * mm[0] / (image.shape[1] * mm[1])
        figure, axes = canvas(1, 1 + len(masks), size=(width * (1 + len(masks)), min(height, 4) + 1.1))
        draw_scan(axes[0], image, mm)
        outline(axes[0], truth, GREEN, "-", 1.6)
        enlarged = (bottom - top, right - left) != truth.shape
        axes[0].set_title(f"truth: {wanted}\n{'dashed: enlarged' if enlarged else ''}", linespacing=1.3)
        scale_bar(axes[0], mm[1], unit)
        if enlarged:
            corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)
            axes[0].add_patch(
                Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=1, linestyle=(0, (4, 3)))
            )
        for ax, (name, mask) in zip(axes[1:], masks.items(), strict=True):
            draw_scan(ax, image, mm)
            _draw_kinds(ax, mask, truth)
            ax.set_xlim(left - 0.5, right - 0.5)
            ax.set_ylim(bottom - 0.5, top - 0.5)
            ax.set_title(f"{name}\nDice {scores[name]:.2f}", linespacing=1.3)
            scale_bar(ax, mm[1], unit)
        keys = [Patch(facecolor=(k.colour, 0.45), edgecolor="black", hatch=k.hatch, label=k.name) for k in _KINDS]
        figure.legend(handles=keys, loc="outside lower center", ncols=3, handleheight=1.2, handlelength=2.4)
    said = "; ".join(f"{name}, Dice {score:.2f}" for name, score in scores.items())
    return Picture(
        figure, alt or f"The true outline of {wanted}, and where each prediction hits, misses or errs: {said}."
    )


def _draw_kinds(ax: Axes, mask: NDArray[Any], truth: NDArray[Any]) -> None:
    for kind, area in zip(_KINDS, (mask & truth, truth & ~mask, mask & ~truth), strict=True):
        if not area.any():
            continue
        ax.contourf(*fine(area), levels=[0.5, 1.5], colors=[kind.colour], alpha=0.35)
        if kind.hatch:
            hatched = ax.contourf(*fine(area), levels=[0.5, 1.5], colors="none", hatches=[kind.hatch])
            hatched.set_edgecolor((*to_rgb(INK), 0.75))
            hatched.set_linewidth(0)
        outline(ax, area, kind.colour, kind.line, 1.4)


def _frame(masks: Sequence[NDArray[Any]], smallest: int = 24, margin: int = 5) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) around all masks: in the image's proportions, so that the panels are alike, and inside it."""
    joint = np.logical_or.reduce(masks)
    shape = joint.shape
    if not joint.any():
        return 0, shape[0], 0, shape[1]
    spans = [np.flatnonzero(joint.any(axis=1 - axis))[[0, -1]] for axis in (0, 1)]
    needed = [max(smallest, int(last - first) + 1 + 2 * margin) for first, last in spans]
    share = min(1.0, max(side / length for side, length in zip(needed, shape, strict=True)))
    frame: list[int] = []
    for (first, last), length in zip(spans, shape, strict=True):
        side = round(share * length)
        start = min(max(0, int(first + last + 1 - side) // 2), length - side)
        frame += [start, start + side]
    return frame[0], frame[1], frame[2], frame[3]


def _dice(mask: NDArray[Any], truth: NDArray[Any]) -> float:
    """Dice of two masks for a title; 1 when both are empty."""
    total = int(mask.sum()) + int(truth.sum())
    return 2 * int((mask & truth).sum()) / total if total else 1.0
