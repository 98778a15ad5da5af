"""Lesson 03's own figures: the U to scale, the cut between a skip and what it is joined with, and people side by side."""

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import FancyArrowPatch, Rectangle

from medsegedu.show.look import INK, ORANGE, SKY, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, scale_bar
from medsegedu.show.scans import overlay
from medsegedu.show.u_drawing import u

__all__ = ["cut", "people", "u"]


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
        figure, axes = canvas(2, count, size=(3.1 * count, 4.9))
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
    return Picture(
        figure, f"Slices with the outlines of the label above and of the prediction below. {'; '.join(titles)}."
    )
