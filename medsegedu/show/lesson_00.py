"""Figures of lesson 00: lesions counted, directions of the head, windows, thresholds, and what a method found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy import ndimage

from medsegedu.show.look import BLUE, INK, ORANGE, SKY, VERMILION, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import PLANES, array, best_index, draw_scan, plane_spacing, scale_bar, take
from medsegedu.show.scans import outline

_RIM: list[patheffects.AbstractPathEffect] = [patheffects.withStroke(linewidth=3, foreground="black")]
_Line = tuple[str, Any, float]
_FOUND: _Line = (VERMILION, "-", 1.9)
_TRUE: _Line = (SKY, (0, (4, 1.5)), 1.6)
Frame = tuple[slice, slice]
Place = tuple[int, int]
WHOLE: Frame = (slice(None), slice(None))
_SIDES = {"axial": ("L", "R", "A", "P"), "coronal": ("L", "R", "S", "I"), "sagittal": ("P", "A", "S", "I")}


def lesions(case: Any, class_: int, channel: int = -1) -> Picture:
    """A slice of a volume, its lesions numbered, and the volume of each lesion of the whole head in ml."""
    image, truth = array(case.image)[channel], array(case.label) == class_  # (x, y, z)
    pieces, count = ndimage.label(truth, np.ones((3, 3, 3)))
    millilitres = np.bincount(pieces.ravel())[1:] * np.prod(case.spacing) / 1000
    order = np.argsort(-millilitres)
    z, mm = best_index(truth, "axial"), plane_spacing(case.spacing, "axial")
    cut, marked = take(image, "axial", z), take(pieces, "axial", z)
    with style():
        figure, (scan, numbered, chart) = canvas(1, 3, size=(10.2, 4.4), width_ratios=[1, 1, 1.15])
        draw_scan(scan, cut, mm)
        scale_bar(scan, mm[1])
        scan.set_title("what the scanner gives")
        draw_scan(numbered, cut, mm)
        outline(numbered, marked > 0, VERMILION, "-", 1.9)
        spots = [(rank, np.argwhere(marked == piece + 1)) for rank, piece in enumerate(order, start=1)]
        here = [(rank, pixels.mean(axis=0)) for rank, pixels in spots if len(pixels)]  # (row, column) each
        for rank, place in here:
            gaps = [place - other for number, other in here if number != rank] or [np.array([-1.0, 0.0])]
            away = min(gaps, key=np.linalg.norm)  # from the nearest other lesion, where there is room
            away = 24 * away / np.linalg.norm(away)
            numbered.annotate(
                str(rank), place[::-1], xytext=(away[1], -away[0]), textcoords="offset points", color="white",
                fontsize=11, weight="bold", ha="center", va="center", path_effects=_RIM,
                arrowprops={"arrowstyle": "-", "color": "white", "linewidth": 1, "shrinkA": 0, "shrinkB": 4},
            )  # fmt: skip
        numbered.set_title("what a segmentation adds")
        in_slice = np.isin(order + 1, marked)
        bars = chart.barh(range(1, count + 1), millilitres[order], color=BLUE, height=0.7)
        for bar, here in zip(bars, in_slice, strict=True):
            bar.set(facecolor=VERMILION if here else BLUE, hatch="" if here else "////", edgecolor="white", linewidth=0)
        chart.bar_label(
            bars, [f"{ml:.2f}" for ml in millilitres[order]], fontsize=7.5, padding=3
        )  # a thin bar is seen too
        chart.set(xlabel="ml", ylabel="lesion", title=f"{count} lesions, {millilitres.sum():.1f} ml in all")
        chart.invert_yaxis()
        chart.set_yticks([n for n in range(1, count + 1) if n == 1 or n % 5 == 0])
        if not in_slice.all():
            chart.text(0.97, 0.05, "hatched: in other slices", transform=chart.transAxes, ha="right", fontsize=10)
    return Picture(
        figure,
        f"Left, a FLAIR slice of a brain with bright spots. Middle, the same slice with each spot outlined and numbered. "
        f"Right, the volume of each of the {count} lesions of the head, from {millilitres.max():.2f} ml down.",
    )


def directions(case: Any, channel: int = 0) -> Picture:
    """The three planes through the middle of a RAS volume, with the letters of the directions."""
    image = array(case.image)[channel]  # (x, y, z)
    x_mm, y_mm, _ = (n * mm for n, mm in zip(image.shape, case.spacing, strict=True))
    with style():
        figure, axes = canvas(1, 3, size=(9.8, 4.1), width_ratios=[x_mm, x_mm, y_mm])
        for ax, (plane, axis) in zip(axes, PLANES.items(), strict=True):
            index, mm = image.shape[axis] // 2, plane_spacing(case.spacing, plane)
            draw_scan(ax, take(image, plane, index), mm)
            left, right, top, bottom = _SIDES[plane]
            for letter, x, y in ((left, 0.04, 0.5), (right, 0.96, 0.5), (top, 0.5, 0.95), (bottom, 0.5, 0.05)):
                ax.text(
                    x, y, letter, transform=ax.transAxes, ha="center", va="center", color="white", fontsize=13,
                    weight="bold", path_effects=_RIM,
                )  # fmt: skip
            ax.set_title(f"{plane}: {'xyz'[axis]} = {index}")
            scale_bar(ax, mm[1])
    return Picture(
        figure,
        "Three planes through a head. Axial: left and right at the sides, anterior at the top. Coronal: left and right at the "
        "sides, superior at the top. Sagittal: posterior at the left, anterior at the right, superior at the top.",
    )


def windowed(scan: Any, shown: Any, center: float, width: float) -> Picture:
    """A scan as a window shows it, and the window as a ramp over the scan's histogram."""
    values = array(scan)
    with style():
        figure, (picture, chart) = canvas(1, 2, size=(8.2, 4.0), width_ratios=[1, 1.5])
        picture.imshow(array(shown), cmap="gray", vmin=0, vmax=1)
        picture.set_axis_off()
        picture.set_title(f"center {center:g}, width {width:g}")
        _histogram(chart, values)
        ramp = chart.twinx()
        low, high = center - width / 2, center + width / 2
        ends = sorted({float(values.min()), low, high, float(values.max())})
        ramp.plot(ends, np.interp(ends, [low, high], [0, 1]), color=VERMILION, label="grey on the screen")
        ramp.set(ylabel="grey on the screen", ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
        ramp.set_yticklabels(["0 black", "0.5", "1 white"])
        ramp.spines["right"].set_visible(True)
    said = f"Left, a brain slice shown with a window from {low:.2f} to {high:.2f}. Right, how often each intensity occurs, "
    return Picture(figure, f"{said}with a ramp from black to white over the window.")


def thresholded(
    scan: Any, thresholds: Sequence[float], found: Any, truth: Any, title: str = "", *, frame: Frame = WHOLE
) -> Picture:
    """The histogram of a scan with its thresholds, and the outlines of what was found and of the truth in a frame."""
    with style():
        figure, (chart, picture) = canvas(1, 2, size=(8.4, 4.3), width_ratios=[1.35, 1])
        _histogram(chart, array(scan))
        for threshold in thresholds:
            chart.axvline(threshold, color=VERMILION, linewidth=2)
            chart.text(
                threshold, 1.01, f"{threshold:.2f}", transform=chart.get_xaxis_transform(), color=VERMILION, ha="center"
            )
        _found(picture, array(scan)[frame], array(found).astype(bool)[frame], array(truth).astype(bool)[frame])
        picture.set_title(title)
        figure.legend(handles=_keys(), loc="outside lower center", ncols=2)
    return Picture(
        figure,
        f"Left, how often each intensity occurs, on a logarithmic axis, with the threshold at "
        f"{' and '.join(f'{t:.2f}' for t in thresholds)}. Right, the pixels found and the true lesions. {title}",
    )


def found(
    scan: Any, masks: Mapping[str, Any], truth: Any, *, seed: Place | None = None, frame: Frame = WHOLE, alt: str
) -> Picture:
    """A panel for each mask (rows, columns): its outline over the scan beside the truth's; `seed` is marked with a cross."""
    rows, columns = array(scan)[frame].shape
    with style():
        size = (2.9 * len(masks), 2.9 * rows / columns + 0.8)
        figure, axes = canvas(1, len(masks), size=size if len(masks) > 1 else (4.4, 4.4 * rows / columns + 0.8))
        for ax, (name, mask) in zip(axes, masks.items(), strict=True):
            _found(ax, array(scan)[frame], array(mask).astype(bool)[frame], array(truth).astype(bool)[frame])
            if seed is not None:
                row, column = (place - (part.start or 0) for place, part in zip(seed, frame, strict=True))
                ax.plot(column, row, "+", color="white", markersize=13, markeredgewidth=2.2, path_effects=_RIM)
            ax.set_title(name, fontsize=11)
        figure.legend(handles=_keys(seed is not None), loc="outside lower center", ncols=3)
    return Picture(figure, alt)


def discs(prediction: Any, label: Any, dice: float, iou: float) -> Picture:
    """Two masks over one another, and where their Dice and IoU lie on the curve that joins the two numbers."""
    with style():
        figure, (picture, chart) = canvas(1, 2, size=(7.6, 3.7))
        picture.imshow(np.full(array(label).shape, 0.25), cmap="gray", vmin=0, vmax=1)
        picture.set_axis_off()
        outline(picture, array(prediction).astype(bool), *_FOUND)
        outline(picture, array(label).astype(bool), *_TRUE)
        picture.set_title(f"Dice {dice:.2f}, IoU {iou:.2f}")
        both = np.linspace(0, 1, 101)
        chart.plot(both, both / (2 - both), color=INK, label="IoU = Dice / (2 - Dice)")
        chart.plot(both, both, color=INK, linewidth=1, linestyle=(0, (2, 2)), label="equal")
        chart.plot(dice, iou, "o", color=VERMILION, markersize=10, markeredgecolor="white")
        chart.set(xlabel="Dice", ylabel="IoU", xlim=(0, 1.02), ylim=(0, 1.02))
        chart.grid()
        chart.legend(loc="upper left")
        figure.legend(handles=_keys(), loc="outside lower center", ncols=2)
    return Picture(figure, f"Two discs that overlap with Dice {dice:.2f} and IoU {iou:.2f}; IoU is never the larger.")


def markers(
    scan: Any, slope: Any, marks: NDArray[np.int_], found_: Any, truth: Any, *, frame: Frame = WHOLE
) -> Picture:
    """Watershed in three panels: the slope as a landscape, the two kinds of markers, and what the water reached."""
    scan, slope, marks, found_, truth = (array(part)[frame] for part in (scan, slope, marks, found_, truth))
    with style():
        figure, (land, marked, result) = canvas(1, 3, size=(8.8, 4.2))
        draw_scan(land, array(slope), None)
        land.set_title("the landscape: slope")
        draw_scan(marked, array(scan), None)
        marked.contourf(marks == 1, levels=[0.5, 1.5], colors=[SKY], alpha=0.45)
        marked.contourf(marks == 2, levels=[0.5, 1.5], colors=[ORANGE], alpha=0.95)
        marked.set_title("springs: outside, lesion")
        _found(result, array(scan), array(found_).astype(bool), array(truth).astype(bool))
        result.set_title("where the waters met")
        figure.legend(handles=_keys(), loc="outside lower center", ncols=2)
    return Picture(
        figure,
        "Left, the slope of the image: edges are bright walls. Middle, the markers: nearly everything is marked outside, the "
        "cores of the lesions are marked lesion. Right, the outlines of the result lie close to those of the truth.",
    )


def _histogram(ax: Axes, values: NDArray[Any]) -> None:
    ax.hist(values.ravel(), bins=120, color=BLUE, log=True)
    ax.set(xlabel="intensity", ylabel="pixels (logarithmic)")


def _found(ax: Axes, scan: NDArray[Any], mask: NDArray[Any], truth: NDArray[Any]) -> None:
    draw_scan(ax, scan, None)
    outline(ax, mask, *_FOUND)
    outline(ax, truth, *_TRUE)


def _keys(seed: bool = False) -> list[Line2D]:
    keys = [
        Line2D([], [], color=colour, linestyle=line, linewidth=width, label=name)
        for name, (colour, line, width) in (("found", _FOUND), ("truth", _TRUE))
    ]
    cross = Line2D([], [], color="white", marker="+", markersize=11, markeredgewidth=2.2, linestyle="", label="click")
    cross.set_path_effects(_RIM)
    return [*keys, cross] if seed else keys
