"""Paired results: what each seed or patient gives in two arms, and what the differences add up to."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from medsegedu.errors import UserError
from medsegedu.show.look import BLUE, GREY, INK, VERMILION, canvas, plain_log, style
from medsegedu.show.picture import Picture


def paired(values: Mapping[str, Sequence[float]], ylabel: str, *, alt: str, title: str = "") -> Picture:
    """Two arms joined pair by pair, and beside them the differences with their mean and 95 % t interval.

    Args:
        values: arm -> one value a pair, in the same order in both; the difference is the second minus the first.
    """
    names, numbers = list(values), [np.asarray(arm, dtype=float) for arm in values.values()]
    if len(names) != 2 or len(numbers[0]) != len(numbers[1]) or len(numbers[0]) < 2:
        sizes = {name: len(arm) for name, arm in zip(names, numbers, strict=True)}
        raise UserError(f"paired wants two arms with the same number of values, two or more; it got {sizes}.")
    differences = numbers[1] - numbers[0]
    mean, error = float(differences.mean()), float(stats.sem(differences))
    low, high = stats.t.interval(0.95, len(differences) - 1, loc=mean, scale=error) if error else (mean, mean)
    with style():
        figure, (left, right) = canvas(1, 2, size=(7.4, 4.0), width_ratios=[1.5, 1])
        _arms(left, names, np.stack(numbers, axis=1), ylabel)
        _differences(right, differences, (mean, float(low), float(high)), f"{names[1]} minus {names[0]}")
        figure.suptitle(title, fontsize=12)
    return Picture(figure, alt)


def claim(
    result: Mapping[str, Any],
    this_seed: Mapping[str, float] | None = None,
    *,
    this_difference: float | None = None,
    alt: str | None = None,
) -> Picture:
    """A lesson's closing figure: every seed of a claim's result, the effect with its interval, and the verdict.

    If all arms have names such as "2, none" and "2, half", lines join only those that are alike before the comma.

    Args:
        result: what `medsegedu.claims.result(key)` or `claims.run` gives.
        this_seed: the values that the reader's own run measured, one an arm; drawn as a star.
        this_difference: their difference, needed only for a claim with a difference of its own.
    """
    arms, pair, ratio = list(result["arms"]), result["compared"], result["scale"] == "log"
    table = np.array([[seed["values"][arm] for arm in arms] for seed in result["values"]], dtype=float)  # (seeds, arms)
    differences = np.array([seed["difference"] for seed in result["values"]], dtype=float)
    own = None if this_seed is None else [float(this_seed[arm]) for arm in arms]
    if own is not None and this_difference is None and pair:
        first, second = own[arms.index(pair[0])], own[arms.index(pair[1])]
        this_difference = second / first if ratio else second - first
    change = f"{pair[1]} {'divided by' if ratio else 'minus'} {pair[0]}" if pair else "ratio" if ratio else "difference"
    with style():
        figure, (left, right) = canvas(
            1, 2, size=(max(8.4, 3.4 + 1.1 * len(arms)), 4.6), width_ratios=[max(1.5, 0.4 * len(arms)), 1]
        )
        _arms(left, arms, table, result["measured_in"], own, each="a seed")
        effect = (result["effect"], result["low"], result["high"])
        _differences(right, differences, effect, change, this_difference, neutral=1.0 if ratio else 0.0)
        if ratio:
            plain_log(left, "y")
            plain_log(right, "y")
        _bounds(right, result)
        said = textwrap.fill(result["sentence"], 92)
        figure.suptitle(f"{said}\n{verdict_line(result)}", fontsize=11.5, linespacing=1.4)
    return Picture(figure, alt or f"Claim: {result['sentence']} {verdict_line(result)}")


def verdict_line(result: Mapping[str, Any]) -> str:
    """The verdict in words, with its numbers: "Holds: +0.05 Dice (95 % interval +0.03 to +0.07, 5 seeds)."."""
    sign = "" if result["scale"] == "log" else "+"
    effect, low, high = (f"{result[name]:{sign}.3g}" for name in ("effect", "low", "high"))
    count = f"{round(100 * result['level'])} % interval {low} to {high}, {len(result['seeds'])} seeds"
    return f"{result['verdict'].capitalize()}: {effect} {result['unit']} ({count})."


def _bounds(ax: Axes, result: Mapping[str, Any]) -> None:
    """The rule's line: what a gain must reach, or the band that sameness must stay in."""
    needed, allowed = result["at_least"], result["at_most"]
    if needed is not None:
        lines, text, place = [needed], f"needed: {needed:g}", needed
    else:
        lines, text, place = [1 / allowed if result["scale"] == "log" else -allowed, allowed], "allowed", allowed
    for line in lines:
        ax.axhline(line, color=VERMILION, linewidth=1.3, linestyle=(0, (4, 2)))
    ax.annotate(
        text, (1, place), xycoords=("axes fraction", "data"), ha="right", xytext=(0, 3), textcoords="offset points",
        color=VERMILION, fontsize=9.5,
    )  # fmt: skip


def _arms(
    ax: Axes, names: Sequence[str], table: Any, ylabel: str, own: Sequence[float] | None = None, each: str = "a pair"
) -> None:
    """Grey lines, one for `each`, over the arms; the arms' means as bars; the reader's own pair as stars."""
    places = np.arange(len(names))
    for number, values in enumerate(table):
        ax.plot(
            *_in_groups(names, values), color=GREY, linewidth=1.1, marker="o", markersize=5, markeredgecolor="white", zorder=2,
            label=each if number == 0 else None,
        )  # fmt: skip
    ax.scatter(places, table.mean(axis=0), marker="_", s=900, color=INK, linewidths=2.2, zorder=3, label="mean")
    if own is not None:
        ax.plot(
            *_in_groups(names, own), color=VERMILION, linestyle=(0, (1, 1.2)), marker="*", markersize=14, markeredgecolor="white",
            zorder=4, label="your run",
        )  # fmt: skip
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, markerscale=0.6)  # beside the data, never over them
    words = [textwrap.fill(name, max(9, 30 // len(names)), break_long_words=False) for name in names]
    ax.set_xticks(places, words, fontsize=9 if len(names) < 4 else 8)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylabel(ylabel)
    ax.grid(axis="y")


def _in_groups(names: Sequence[str], values: Any) -> tuple[list[float], list[float]]:
    """Places and values of the arms, with a gap behind each group of names that are alike before their comma."""
    groups = [name.split(",")[0] if all("," in n for n in names) else "" for name in names]
    x: list[float] = []
    y: list[float] = []
    for k, value in enumerate(values):
        if k > 0 and groups[k] != groups[k - 1]:
            x.append(k - 0.5)
            y.append(np.nan)
        x.append(k)
        y.append(float(value))
    return x, y


def _differences(
    ax: Axes,
    differences: Any,
    interval: tuple[float, float, float],
    title: str,
    own: float | None = None,
    neutral: float = 0.0,
) -> None:
    """The differences as dots, spread a little sideways, and their mean with its interval beside them."""
    mean, low, high = interval
    spread = np.linspace(-0.12, 0.12, len(differences)) if len(differences) > 1 else np.zeros(1)
    ax.axhline(neutral, color=INK, linewidth=1)
    ax.scatter(spread, differences, s=34, color=GREY, edgecolors="white", zorder=2)
    ax.errorbar(0.45, mean, [[mean - low], [high - mean]], fmt="D", color=BLUE, markersize=7, capsize=5, zorder=3)
    if own is not None:
        ax.scatter([0], [own], marker="*", s=190, color=VERMILION, edgecolors="white", zorder=4)
    ax.set_xlim(-0.35, 1.2)
    ax.set_xticks([0, 0.45], ["each", "mean and\n95 % interval"])
    ax.set_title(textwrap.fill(title, 32), fontsize=10.5)
    ax.grid(axis="y")
