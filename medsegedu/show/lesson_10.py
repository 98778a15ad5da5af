"""Lesson 10's own figures: Dice against the number of labelled patients, and label maps with pixels that nobody has labelled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from scipy import stats

from medsegedu.errors import UserError
from medsegedu.show.look import GREY, INK, LINES, MARKERS, SERIES, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array

__all__ = ["label_curves", "maps"]


def label_curves(
    values: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    alt: str,
    at: int | None = None,
    ceiling: float | None = None,
    rival: str | None = None,
) -> Picture:
    """Dice against the number of labelled patients: the mean over seeds, with its 95 % t interval.

    Args:
        values: method -> number of labelled patients -> one value a seed.
        at: a number of patients to point out.
        ceiling: the Dice with all patients labelled, a dashed line.
        rival: a method that all others are compared with: what they gain over it, seed by seed.
    """
    if not values or not all(values.values()):
        raise UserError("label_curves got no values; give it at least one method with one number of patients.")
    looks = {name: number % len(SERIES) for number, name in enumerate(values)}  # the same with and without a rival
    if rival is not None:
        values = _gains(values, rival)
    with style():
        figure, (ax,) = canvas(size=(7.6, 4.3))
        budgets = sorted({budget for found in values.values() for budget in found})
        if at is not None:
            ax.axvspan(budgets.index(at) - 0.35, budgets.index(at) + 0.35, color="#E8E8E8", zorder=0)
        for number, (name, found) in enumerate(values.items()):
            shift = 0.1 * (number - (len(values) - 1) / 2)  # intervals beside, not over each other
            x = [budgets.index(budget) + shift for budget in found]
            means = np.array([np.mean(seeds) for seeds in found.values()])
            reach = np.array([_half(seeds) for seeds in found.values()])
            look = looks[name]
            ax.errorbar(
                x, means, yerr=reach, color=SERIES[look], linestyle=LINES[look], marker=MARKERS[look], markersize=6.5,
                markeredgecolor="white", capsize=3, elinewidth=1.2, label=name,
            )  # fmt: skip
        if rival is not None:
            ax.axhline(0.0, color=INK, linewidth=1, linestyle=(0, (4, 3)), label=rival)
        if ceiling is not None:
            ax.axhline(ceiling, color=INK, linewidth=1, linestyle=(0, (4, 3)), label="all labelled")
        ax.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
        ax.set_xlim(-0.6, len(budgets) - 0.4)
        measured = "Dice" if rival is None else f"Dice gained over {rival}"
        ax.set(xlabel="labelled patients", ylabel=f"{measured},\nmean and 95 % interval over seeds")
        ax.grid(axis="y")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.4)
    return Picture(figure, alt)


def maps(
    labels: Sequence[Any], titles: Sequence[str], classes: Sequence[str], *, alt: str, columns: int = 4
) -> Picture:
    """Label maps side by side, each class in its colour with a line around it; -1, "I don't know", is hatched."""
    arrays = [array(label).astype(int) for label in labels]
    if not arrays or len(arrays) != len(titles):
        raise UserError(f"maps got {len(arrays)} label maps and {len(titles)} titles; give one title a map.")
    colours = np.array(
        [to_rgb("#F4F4F4"), *(to_rgb(class_style(k, classes).colour) for k in range(1, len(classes))), (1.0, 1.0, 1.0)]
    )  # the last is that of -1
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    tall = arrays[0].shape[0] / arrays[0].shape[1]
    with style():
        figure, axes = canvas(rows, columns, size=(2.4 * columns, rows * (2.4 * tall + 0.4) + 0.5))
        for position, ax in enumerate(axes):
            ax.set_axis_off()
            if position >= len(arrays):
                continue
            label = arrays[position]
            ax.imshow(colours[label])
            for k in range(1, len(classes)):
                if (label == k).any():
                    ax.contour(label == k, levels=[0.5], colors=[INK], linewidths=0.4)
            if (label == -1).any():
                ax.contourf(label == -1, levels=[0.5, 1.5], colors="none", hatches=["////"])
            ax.set_title(titles[position], fontsize=11)
        signs = [Patch(facecolor=colours[k], edgecolor=INK, label=classes[k]) for k in range(1, len(classes))]
        if any((label == -1).any() for label in arrays):
            signs.append(Patch(facecolor="white", edgecolor=GREY, hatch="////", label="not sure: ignored"))
        figure.legend(handles=signs, loc="outside lower center", ncols=len(signs) if columns > 2 else 3, fontsize=9.5)
    return Picture(figure, alt)


def _gains(values: Mapping[str, Mapping[int, Sequence[float]]], rival: str) -> dict[str, dict[int, Sequence[float]]]:
    """Every method's values less the rival's of the same seed, where both were measured."""
    if rival not in values:
        raise UserError(f"{rival!r} is not among the methods; it is one of {', '.join(values)}.")
    base = values[rival]
    return {
        name: {budget: np.subtract(seeds, base[budget]).tolist() for budget, seeds in found.items() if budget in base}
        for name, found in values.items()
        if name != rival
    }


def _half(seeds: Sequence[float]) -> float:
    """Half the width of the 95 % t interval of the mean; 0 for a single value."""
    if len(seeds) < 2:
        return 0.0
    return float(stats.t.ppf(0.975, len(seeds) - 1) * stats.sem(seeds))
