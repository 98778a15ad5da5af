"""Plain charts: curves over steps, bars, and dots with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from medsegedu.errors import UserError
from medsegedu.show.look import BLUE, INK, LINES, MARKERS, SERIES, canvas, plain_log, style
from medsegedu.show.picture import Picture

Row = tuple[str, float, float, float]


def curves(
    series: Mapping[str, Any],
    xlabel: str,
    ylabel: str,
    log: bool | str = False,
    *,
    alt: str,
    title: str = "",
) -> Picture:
    """One line a series, each with its own colour, dashes and marker, and its name at its end.

    Args:
        series: name -> values, or name -> (x, y) when x is not 0, 1, 2, ...
        log: True or "y" for a logarithmic y axis, "x" for x, "xy" for both.
    """
    if not series:
        raise UserError("curves got no series; give it at least one name with its values.")
    scales = ("y" if log else "") if isinstance(log, bool) else log
    with style():
        figure, (ax,) = canvas(size=(6.8, 3.9))
        for number, (name, values) in enumerate(series.items()):
            x, y = _points(values)
            look = number % len(SERIES)
            every = max(1, len(x) // 8)
            ax.plot(
                x, y, color=SERIES[look], linestyle=LINES[look], marker=MARKERS[look], markevery=every, markersize=5.5,
                markeredgecolor="white", label=name,
            )  # fmt: skip
        if "y" in scales:
            plain_log(ax, "y")
        if "x" in scales:
            plain_log(ax, "x")
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.grid(axis="y")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.4)
    return Picture(figure, alt)


def bars(values: Mapping[str, float], xlabel: str, *, alt: str, digits: int = 2, log: bool = False) -> Picture:
    """Horizontal bars, the names on the left and each value written at its bar's end."""
    names, numbers = list(values), [float(value) for value in values.values()]
    with style():
        figure, (ax,) = canvas(size=(6.8, 0.9 + 0.42 * len(names)))
        drawn = ax.barh(range(len(names)), numbers, color=BLUE, height=0.62)
        if log:
            plain_log(ax, "x")
        ax.bar_label(drawn, labels=[f"{number:,.{digits}f}" for number in numbers], padding=4)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xlabel(xlabel)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.14)
    return Picture(figure, alt)


def intervals(
    rows: Sequence[Row], xlabel: str, *, alt: str, reference: float | None = None, digits: int = 2
) -> Picture:
    """A dot with its interval for each row, the names on the left, the numbers on the right.

    Args:
        rows: (name, value, low, high) each.
        reference: where a dashed line stands, e.g. 0 for "no difference".
    """
    for name, value, low, high in rows:
        if not low <= value <= high:
            raise UserError(
                f"Row '{name}': {value} is not within its interval {low} to {high}; rows are (name, value, low, high)."
            )
    with style():
        figure, (ax,) = canvas(size=(6.8, 1.0 + 0.42 * len(rows)))
        places = np.arange(len(rows))
        table = np.array([row[1:] for row in rows], dtype=float)  # (rows, 3)
        ax.errorbar(
            table[:, 0], places, xerr=np.stack([table[:, 0] - table[:, 1], table[:, 2] - table[:, 0]]), fmt="o", color=BLUE,
            markersize=7, capsize=4, elinewidth=1.8, markeredgecolor="white",
        )  # fmt: skip
        if reference is not None:
            ax.axvline(reference, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_yticks(places, [row[0] for row in rows])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        right = ax.secondary_yaxis("right")
        right.set_yticks(
            places,
            [f"{v:.{digits}f}  ({a:.{digits}f} to {b:.{digits}f})" for v, a, b in table.tolist()],
        )
        for side in (ax, right):
            side.tick_params(axis="y", length=0)
            side.spines["left"].set_visible(False)
        right.spines["right"].set_visible(False)
        ax.grid(axis="y")
        ax.locator_params(axis="x", nbins=5)  # more labels than that run into each other
        ax.set_xlabel(xlabel)
    return Picture(figure, alt)


def _points(values: Any) -> tuple[Any, Any]:
    """(x, y) of one series; a tuple of two sequences is already that."""
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1:
        return np.asarray(values[0]), np.asarray(values[1])
    y = np.asarray(values, dtype=float)
    return np.arange(len(y)), y
