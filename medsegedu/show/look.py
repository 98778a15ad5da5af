"""One look for every figure: fonts, colours, and how each class is drawn.

The colours are Okabe and Ito's, which people with any common colour blindness can tell apart (Color Universal Design, 2008).
No figure relies on them alone: each class also has its own line, each kind of error its own hatching.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

SKY, ORANGE, YELLOW, VERMILION = "#56B4E9", "#E69F00", "#F0E442", "#D55E00"
GREEN, BLUE, PURPLE, INK, GREY = "#009E73", "#0072B2", "#CC79A7", "#222222", "#9A9A9A"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK)  # on white paper, where yellow is not seen
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 3)), "-")

_RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same figure on every machine
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.9,
    "image.interpolation": "nearest",
    "figure.facecolor": "white",
}


@dataclass(frozen=True)
class ClassStyle:
    """How the outline of one class is drawn over a scan: its colour, its line and the line's width in points."""

    colour: str
    line: Any
    width: float


_TARGET = ClassStyle(VERMILION, "-", 1.9)
_BY_NAME = {
    "CSF": ClassStyle(SKY, (0, (1, 1)), 1.0),
    "grey matter": ClassStyle(ORANGE, (0, (4, 1.5)), 1.0),
    "white matter": ClassStyle(YELLOW, (0, (6, 1.5, 1, 1.5)), 1.0),
    "lesion": _TARGET,
}
_BY_INDEX = (
    _TARGET,
    ClassStyle(SKY, (0, (4, 1.5)), 1.6),
    ClassStyle(YELLOW, (0, (1, 1)), 1.6),
    ClassStyle(PURPLE, (0, (6, 1.5, 1, 1.5)), 1.6),
    ClassStyle(ORANGE, (0, (2, 1)), 1.6),
)


@contextmanager
def style() -> Iterator[None]:
    """The course's look, for a figure of your own: `with show.style(): ...`. Other figures keep theirs."""
    with matplotlib.rc_context(cast(Any, _RC)):
        yield


def canvas(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (6.4, 3.8), **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure outside pyplot and its axes, row by row; `size` in inches, `options` as of `Figure.subplots`."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def class_style(index: int, names: Sequence[str]) -> ClassStyle:
    """The style of class `index` (1 or more): the tissues have their own by name, other classes one by their order."""
    return _BY_NAME.get(names[index]) or _BY_INDEX[(index - 1) % len(_BY_INDEX)]


def plain_log(ax: Axes, axis: str) -> None:
    """A logarithmic x or y axis that says 0.5, 2 and 100, not powers of ten; 0.9, 1.1 and 1.5 where it is that narrow."""
    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    lower, upper = sorted(ax.get_xlim() if axis == "x" else ax.get_ylim())
    scale = ax.xaxis if axis == "x" else ax.yaxis
    if upper / lower < 3:
        scale.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    else:
        scale.set_major_locator(LogLocator(subs=(1, 2, 3, 5) if upper / lower < 100 else (1,)))
    scale.set_minor_locator(NullLocator())
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
