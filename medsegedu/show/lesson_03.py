"""Lesson 03's own figures: what a level sees, the U to scale, how a skip is cut, and people side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from medsegedu.show.look import INK, ORANGE, SKY, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan, scale_bar
from medsegedu.show.scans import overlay
from medsegedu.show.u_drawing import u

__all__ = ["cut", "level", "people", "u"]


def cut(skip: int = 64, up: int = 56) -> Picture:
    """A skip with the centre that is cut out of it, the decoder's map of that size, and both joined."""
    margin = (skip - up) // 2
    with style():
        figure, (ax,) = canvas(size=(8.6, 3.3))
        for x, size, colour, name in (
            (0, skip, SKY, f"skip: {skip} x {skip}"),
            (1.45 * skip, up, ORANGE, f"up: {up} x {up}"),
            (2.85 * skip, up, ORANGE, f"joined: {up} x {up},\nthe skip's channels in front"),
        ):
            ax.add_patch(Rectangle((x, -size / 2), size, size, facecolor=(colour, 0.35), edgecolor=INK))
            ax.text(x + size / 2, -skip / 2 - 0.1 * skip, name, ha="center", va="top")
        for x, y in ((margin, -up / 2), (2.85 * skip + 0.12 * skip, -up / 2 + 0.12 * skip)):
            ax.add_patch(Rectangle((x, y), up, up, facecolor=(SKY, 0.8), edgecolor=INK, hatch="////", linewidth=1.5))
        for x, y in (
            (margin / 2, 0),
            (skip - margin / 2, 0),
            (skip / 2, (skip + up) / 4),
            (skip / 2, -(skip + up) / 4),
        ):
            ax.text(x, y, str(margin), ha="center", va="center", fontsize=9)
        ax.text(skip / 2, 0, "the centre", ha="center", va="center", bbox={"facecolor": "white", "edgecolor": "none"})
        ax.text(1.23 * skip, 0, "and", ha="center", va="center")
        arrow = FancyArrowPatch((2.45 * skip, 0), (2.78 * skip, 0), arrowstyle="-|>", mutation_scale=12, color=INK)
        ax.add_patch(arrow)
        ax.set_xlim(-2, 3.95 * skip)
        ax.set_ylim(-0.8 * skip, 0.6 * skip)
        ax.set_aspect("equal")
        ax.set_axis_off()
    return Picture(
        figure,
        f"Two maps to scale: a skip of {skip} x {skip} pixels with its centre of {up} x {up} hatched, {margin} pixels from each "
        f"border; and the decoder's map of {up} x {up}. Joined, they lie behind each other as channels.",
    )


def people(cases: Sequence[Any], predictions: Sequence[Any], titles: Sequence[str], classes: Sequence[str]) -> Picture:
    """One column a person: the slice with the outlines of its label above, with those of the prediction below."""
    count = len(cases)
    with style():
        figure, axes = canvas(2, count, size=(3.1 * count, 5.0))
        for column, (case, prediction, title) in enumerate(zip(cases, predictions, titles, strict=True)):
            image = array(case.image)[0]
            for row, label in enumerate((case.label, prediction)):
                ax = axes[row * count + column]
                overlay(image, label, ax=ax, classes=classes, spacing=case.spacing, legend=False)
                if column == 0:
                    name = ("label", "prediction")[row]
                    ax.text(-0.05, 0.5, name, rotation=90, transform=ax.transAxes, ha="right", va="center")
            axes[column].set_title(title)
            scale_bar(axes[column], float(case.spacing[1]))
        looks = [(name, class_style(index, classes)) for index, name in enumerate(classes) if index]
        keys = [Line2D([], [], color=look.colour, linestyle=look.line, linewidth=2, label=name) for name, look in looks]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    return Picture(
        figure, f"Slices with the outlines of the label above and of the prediction below. {'; '.join(titles)}."
    )


def level(case: Any, row: int, column: int, stride: int, sees: int, *, channel: int = 2) -> Picture:
    """What one value of a map that was halved to `stride` pixels sees of a slice, and how finely that map knows where.

    Args:
        row, column: the pixel that is looked at.
        stride: pixels of the image per value of the map, along each axis.
        sees: the width of the window that the value depends on, in pixels.
    """
    image, mm = array(case.image)[channel], float(case.spacing[1])
    height, width = image.shape
    start = [place // stride * stride + stride // 2 - sees // 2 for place in (row, column)]
    window = np.pad(image, sees)[start[0] + sees :, start[1] + sees :][:sees, :sees]  # (sees, sees), black outside
    coarse = image[: height // stride * stride, : width // stride * stride]
    coarse = coarse.reshape(height // stride, stride, width // stride, stride).max((1, 3))  # (H / stride, W / stride)
    panels = {
        f"a window of {sees} pixels, {sees * mm:.0f} mm": image,
        "what it sees in there": window,
        f"where: {coarse.shape[0]} x {coarse.shape[1]} places": coarse,
    }
    with style():
        figure, axes = canvas(1, 3, size=(9.6, 4.4))
        for ax, (title, shown) in zip(axes, panels.items(), strict=True):
            draw_scan(ax, shown, None, (0.5, 1.0))
            ax.set_title(title)
        frame: dict[str, Any] = {"fill": False, "edgecolor": ORANGE, "linewidth": 2}
        axes[0].add_patch(Rectangle((start[1] - 0.5, start[0] - 0.5), sees, sees, **frame))
        axes[0].set_xlim(-0.5, width - 0.5)
        axes[0].set_ylim(height - 0.5, -0.5)
        axes[2].add_patch(Rectangle((column // stride - 0.5, row // stride - 0.5), 1, 1, **frame))
        scale_bar(axes[0], mm)
    return Picture(
        figure,
        f"A slice with a window of {sees} pixels; the window's content; and the slice after it was halved until one place "
        f"stands for {stride} x {stride} pixels, with the place of the window's centre marked.",
    )
