"""Lesson 08's own figures: a table of Dice as a map, and what two contrasts say of each tissue."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from medsegedu.errors import UserError
from medsegedu.show.look import INK, MARKERS, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array

__all__ = ["clouds", "matrix"]


def matrix(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], *, alt: str, down: str = "trained on",
    across: str = "tested on (Dice)", own: Sequence[tuple[int, int]] = (),
) -> Picture:  # fmt: skip
    """A table of numbers from 0 to 1, each written in its field; dark is high.

    Args:
        values: one sequence a row.
        rows, columns: their names: trained on, tested on.
        down: what the rows are.
        across: what the columns are.
        own: (row, column) of the fields with a frame: where both are the same.
    """
    table = np.asarray(values, dtype=float)  # (rows, columns)
    if table.shape != (len(rows), len(columns)):
        raise UserError(f"The table is {table.shape}, but there are {len(rows)} row and {len(columns)} column names.")
    with style():
        figure, (ax,) = canvas(size=(2.6 + 1.25 * len(columns), 1.1 + 0.62 * len(rows)))
        ax.imshow(table, cmap="Blues", vmin=0, vmax=1.1, aspect="auto")
        for (row, column), value in np.ndenumerate(table):
            colour = "white" if value > 0.6 else INK
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=13)
        for row, column in own:
            frame = Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, fill=False, edgecolor=INK, linewidth=2)
            ax.add_patch(frame)
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.xaxis.set_ticks_position("top")
        ax.xaxis.set_label_position("top")
        ax.set(xlabel=across, ylabel=down)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return Picture(figure, alt)


def clouds(
    case: Any, across: int, up: int, contrasts: Sequence[str], classes: Sequence[str], most: int = 250
) -> Picture:
    """Each pixel of a slice by what two contrasts show there, and beside the axes what each of them alone can tell.

    Args:
        across, up: the channels along the x and the y axis.
        most: how many pixels of each class are drawn, picked evenly.
    """
    image, label = array(case.image), array(case.label)
    with style():
        figure, (top, nothing, main, side) = canvas(
            2, 2, size=(6.6, 5.4), width_ratios=[3, 1], height_ratios=[1, 3], sharex="col", sharey="row"
        )
        nothing.set_axis_off()
        for index in range(1, len(classes)):
            x, y = image[across][label == index], image[up][label == index]
            if not len(x):
                continue
            pick = np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int)
            colour = class_style(index, classes).colour
            marker = MARKERS[(index - 1) % len(MARKERS)]
            main.scatter(
                x[pick], y[pick], s=17, color=colour, marker=marker, edgecolors=INK, linewidths=0.3, label=classes[index]
            )  # fmt: skip
            for ax, values, channel in ((top, x, across), (side, y, up)):
                _hill(ax, values, image[channel][label > 0], index, classes, horizontal=ax is top)
        main.set(xlabel=contrasts[across], ylabel=contrasts[up])
        top.set_axis_off()
        side.set_axis_off()
        figure.legend(*main.get_legend_handles_labels(), loc="outside lower center", ncols=4, markerscale=1.8)
    return Picture(
        figure,
        f"Pixels of one slice, {contrasts[across]} across and {contrasts[up]} up, one sign a tissue, with a histogram of each "
        f"tissue along both axes: hills that lie over each other in one contrast may be apart in the other.",
    )


def _hill(ax: Axes, values: Any, everything: Any, index: int, classes: Sequence[str], *, horizontal: bool) -> None:
    """The histogram of one class as an outline, over the range of everything; all classes get the same area."""
    counts, edges = np.histogram(values, bins=22, range=(everything.min(), everything.max()), density=True)
    middles = (edges[1:] + edges[:-1]) / 2
    look = class_style(index, classes)
    x, y = (middles, counts) if horizontal else (counts, middles)
    rim = [patheffects.withStroke(linewidth=2.8, foreground="#777777")]  # yellow on white paper needs an edge
    ax.plot(x, y, color=look.colour, linestyle=look.line, linewidth=1.8, path_effects=rim)
