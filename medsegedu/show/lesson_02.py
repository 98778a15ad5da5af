"""Figures of lesson 02: a layer that fits once, answers on a grid, and a drawing at a coarse stride."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from medsegedu.show.look import BLUE, GREY, INK, MARKERS, ORANGE, VERMILION, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan, plane_spacing, scale_bar
from medsegedu.show.scans import overlay
from medsegedu.show.strides import by_stride, tents

__all__ = ["answers", "by_stride", "coarse", "fits", "tents"]


def fits(kernel: tuple[int, int] = (4, 4), larger: tuple[int, int] = (6, 9)) -> Picture:
    """A kernel as large as the map, which fits once; and the same kernel on a larger map, which fits many times."""
    fitting = (larger[0] - kernel[0] + 1, larger[1] - kernel[1] + 1)
    with style():
        figure, axes = canvas(1, 2, size=(9.4, 3.4), width_ratios=[kernel[1] + 4, larger[1] + fitting[1] + 3])
        for ax, size, places in zip(axes, (kernel, larger), ((1, 1), fitting), strict=True):
            _grid(ax, 0, 0, size, "white")
            ax.add_patch(
                Rectangle((0, 0), kernel[1], kernel[0], facecolor="none", edgecolor=BLUE, hatch="///", linewidth=2.4)
            )
            start = size[1] + 2.4
            top = (size[0] - places[0]) / 2
            _grid(ax, start, top, places, "white")
            ax.add_patch(
                Rectangle((start, top), 1, 1, facecolor=(BLUE, 0.45), edgecolor=BLUE, hatch="///", linewidth=2)
            )
            if places != (1, 1):  # the last place, too
                low, right = size[0] - kernel[0], size[1] - kernel[1]
                look: dict[str, Any] = {"edgecolor": VERMILION, "hatch": "\\\\\\", "linewidth": 2.4}
                ax.add_patch(Rectangle((right, low), kernel[1], kernel[0], facecolor="none", **look))
                ax.add_patch(
                    Rectangle((start + places[1] - 1, top + places[0] - 1), 1, 1, facecolor=(ORANGE, 0.45), **look)
                )
            arrow = FancyArrowPatch(
                (size[1] + 0.4, size[0] / 2), (start - 0.3, size[0] / 2), arrowstyle="-|>", mutation_scale=14
            )
            ax.add_patch(arrow)
            ax.set(xlim=(-0.3, start + places[1] + 0.3), ylim=(larger[0] + 0.3, -0.3), aspect="equal")
            ax.set_axis_off()
            ax.set_title(
                f"{size[0]} x {size[1]} map: {places[0]} x {places[1]} answer{'s' if places != (1, 1) else ''}"
            )
    return Picture(
        figure,
        f"A kernel of {kernel[0]} by {kernel[1]} on a map of the same size fits once and gives one answer. On a map of "
        f"{larger[0]} by {larger[1]} the same kernel fits at {fitting[0]} by {fitting[1]} places; the first and last are marked.",
    )


def _grid(ax: Axes, left: float, top: float, size: tuple[int, int], colour: str) -> None:
    for row in range(size[0]):
        for column in range(size[1]):
            ax.add_patch(Rectangle((left + column, top + row), 1, 1, facecolor=colour, edgecolor=GREY, linewidth=0.9))


def answers(case: Any, drawn: Mapping[str, tuple[Any, int]], *, classes: Sequence[str], channel: int = 0) -> Picture:
    """Which pixels got an answer: a marker at each for a coarse grid, outlines where every pixel has one.

    Args:
        drawn: title -> (label map, stride); answer (i, j) belongs to pixel (i * stride, j * stride).
    """
    image, mm = array(case.image)[channel], plane_spacing(case.spacing, None)
    counts = []
    with style():
        figure, axes = canvas(1, len(drawn), size=(4.1 * len(drawn), 5.1))
        for ax, (name, (label, stride)) in zip(axes, drawn.items(), strict=True):
            label = array(label).astype(int)
            counts.append(f"{name}: {label.size:,} answers")
            if stride == 1:
                overlay(image, label, ax=ax, classes=classes, spacing=mm, legend=False)
            else:
                draw_scan(ax, image, mm)
                for k in range(1, len(classes)):
                    rows, columns = np.nonzero(label == k)
                    look: dict[str, Any] = {
                        "color": class_style(k, classes).colour,
                        "marker": MARKERS[k],
                        "markeredgecolor": INK,
                    }
                    ax.plot(columns * stride, rows * stride, linestyle="", markersize=4.6, markeredgewidth=0.5, **look)
            scale_bar(ax, mm[1])
            ax.set_title(f"{name}\n{label.size:,} answers")
        keys = [
            Line2D(
                [],
                [],
                color=s.colour,
                linestyle=s.line,
                marker=MARKERS[k],
                markeredgecolor=INK,
                markersize=6,
                label=classes[k],
            )
            for k, s in ((k, class_style(k, classes)) for k in range(1, len(classes)))
        ]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), handlelength=3)
    return Picture(figure, f"The same slice with the classifier's answers. {'; '.join(counts)}.")


def coarse(
    case: Any,
    small: Any,
    large: Any,
    stride: int,
    scores: Mapping[str, float],
    *,
    classes: Sequence[str],
    channel: int = 0,
) -> Picture:
    """The truth, the same on a coarse grid, and the coarse grid enlarged again, with what that costs.

    Args:
        small, large: label maps, of the coarse grid and of the image's size.
        scores: name -> Dice, for the title.
    """
    image, mm = array(case.image)[channel], plane_spacing(case.spacing, None)
    small, large, truth = (array(part).astype(int) for part in (small, large, case.label))
    said = ", ".join(f"{name} Dice {value:.2f}" for name, value in scores.items())
    blocks = small.repeat(stride, 0).repeat(stride, 1)[: truth.shape[0], : truth.shape[1]]
    titles = ("truth", f"{small.shape[0]} x {small.shape[1]} coarse answers", f"enlarged {stride} times")
    with style():
        figure, axes = canvas(1, 3, size=(9.6, 4.6))
        for ax, label, title in zip(axes, (truth, blocks, large), titles, strict=True):
            _paint(ax, image, label, mm, classes)
            ax.set_title(title)
        scale_bar(axes[0], mm[1])
        keys = [
            Patch(
                facecolor=class_style(k, classes).colour, edgecolor=INK, hatch=_HATCHES[k % len(_HATCHES)], label=name
            )
            for k, name in list(enumerate(classes))[1:]
        ]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), handleheight=1.2, handlelength=2.2)
        figure.suptitle(f"Perfect answers, enlarged {stride} times: {said}", fontsize=13)
    return Picture(
        figure,
        f"A slice's true label map, the same on a grid of {small.shape[0]} by {small.shape[1]}, and that grid enlarged {stride} "
        f"times: {said}.",
    )


_HATCHES = ("", "....", "", "", "////")


def _paint(ax: Axes, image: Any, label: Any, mm: tuple[float, float], classes: Sequence[str]) -> None:
    """A scan under flat colours, with lesions hatched."""
    draw_scan(ax, image, mm)
    for k in range(1, len(classes)):
        if not (label == k).any():
            continue
        paint = np.zeros((*label.shape, 4))
        paint[label == k] = to_rgba(class_style(k, classes).colour, 0.8)
        ax.imshow(paint, aspect=ax.get_aspect())
        if hatch := _HATCHES[k % len(_HATCHES)]:
            ax.contourf(label == k, levels=[0.5, 1.5], colors="none", hatches=[hatch])
