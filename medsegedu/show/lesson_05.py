"""Lesson 05's own figures: the nested triangle, one level of a pruned network, what networks cost, and how far looks reach."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, Patch

from medsegedu.show.look import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARKERS,
    SERIES,
    VERMILION,
    canvas,
    class_style,
    plain_log,
    style,
)
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan, scale_bar
from medsegedu.show.scans import outline, overlay

__all__ = ["costs", "level", "triangle"]
_RADIUS = 0.3
_WRONG = "#FF3EC8"  # a pink that no class has
_ENCODER, _NODE = "#AAD9F4", "#F2CF80"  # light, so that the numbers can be read
Cost = tuple[float, float, float, float]


def triangle(level: int | None = None, depth: int = 4, *, plain: bool = False) -> Picture:
    """The nodes of a UNet++ and their arrows; those that the head on X(0, level) does not need are grey and dashed.

    Args:
        level: of the head; None for the whole network.
        depth: how often the image is halved.
        plain: a U-Net instead: no nodes between the encoder and the decoder.
    """
    with style():
        figure, (ax,) = canvas(size=(7.4, 5.3))
        _draw_triangle(ax, depth if level is None else level, depth, plain)
        keys: list[Any] = [
            Line2D([], [], color=VERMILION, linewidth=2, label="2x2 max-pool"),
            Line2D([], [], color=GREEN, linewidth=2, label="2x2 up-convolution"),
            Line2D([], [], color=BLUE, linewidth=1.6, linestyle=(0, (4, 2)), label="skip"),
            Patch(facecolor=_ENCODER, edgecolor=INK, label="encoder"),
            Patch(facecolor=_NODE, edgecolor=INK, label="node"),
        ]
        figure.legend(handles=keys, loc="outside lower center", ncols=5)
    if plain:
        return Picture(
            figure, f"A U-Net of depth {depth} as a triangle of which only two sides exist, joined by long skips."
        )
    kept = depth if level is None else level
    return Picture(
        figure,
        f"The triangle of a UNet++ of depth {depth}. Each node has arrows from all nodes to its left and from the one below. "
        f"The head on X(0,{kept}) needs the {(kept + 1) * (kept + 2) // 2} nodes whose two numbers add up to {kept} at most.",
    )


def _draw_triangle(ax: Axes, level: int, depth: int, plain: bool = False) -> None:
    nodes = {(i, j) for i in range(depth + 1) for j in range(depth + 1 - i)}
    if plain:
        nodes = {(i, j) for i, j in nodes if j == 0 or i + j == depth}
    for i, j in sorted(nodes):
        ends: list[tuple[int, int, str]] = []
        if j == 0 and i:
            ends = [(i - 1, 0, VERMILION)]
        elif j:
            ends = [(i, k, BLUE) for k in range(j) if (i, k) in nodes] + [(i + 1, j - 1, GREEN)]
        for from_i, from_j, colour in ends:
            _arrow(ax, (from_i, from_j), (i, j), colour if i + j <= level else "#D8D8D8", skip=colour == BLUE)
    for i, j in nodes:
        kept = i + j <= level
        colour = _ENCODER if j == 0 else _NODE
        edge, line = (INK, "-") if kept else (GREY, (0, (2, 2)))
        ax.add_patch(
            Circle(
                (j + i / 2, -i),
                _RADIUS,
                facecolor=colour if kept else "white",
                edgecolor=edge,
                linestyle=line,
                zorder=3,
            )
        )
        ax.text(j + i / 2, -i, f"{i},{j}", ha="center", va="center", fontsize=10, color=INK if kept else GREY, zorder=4)
    heads = [depth] if plain else range(1, depth + 1)
    for j in heads:
        ax.text(j, 1.0 if not plain else 0.5, f"L{j}", ha="center", fontsize=11, weight="bold" if j == level else "normal",
                color=INK if j <= level else GREY)  # fmt: skip
    ax.text(-0.45, 0, "full size", ha="right", va="center", fontsize=9)
    ax.text(depth / 2 - 0.45, -depth, f"1/{2**depth}", ha="right", va="center", fontsize=9)
    ax.set_xlim(-1.2, depth + 0.5)
    ax.set_ylim(-depth - 0.4, 0.95 if plain else 1.4)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _arrow(ax: Axes, start: tuple[int, int], end: tuple[int, int], colour: Any, *, skip: bool) -> None:
    (a, b), (c, d) = start, end
    bend = -0.1 - 0.085 * (d - b) if skip and d - b > 1 else 0.0  # skips over other nodes go round them, apart
    ax.add_patch(
        FancyArrowPatch(
            (b + a / 2, -a), (d + c / 2, -c), arrowstyle="-|>", mutation_scale=9, color=colour, linewidth=1.4, shrinkA=19,
            shrinkB=19, connectionstyle=f"arc3,rad={bend}", linestyle=(0, (4, 2)) if skip else "-", zorder=2,
        )
    )  # fmt: skip


def level(
    case: Any,
    prediction: Any,
    number: int,
    numbers: Sequence[str],
    classes: Sequence[str],
    *,
    depth: int = 4,
    channel: int = 0,
) -> Picture:
    """One level of a pruned network: what is left of it, what it predicts, and where that is wrong.

    Args:
        number: the level of the head.
        numbers: short texts below the triangle, such as "5,000 parameters".
        channel: the contrast that is drawn.
    """
    image, truth, found = array(case.image)[channel], array(case.label), array(prediction)
    wrong = found != truth
    with style():
        figure, axes = canvas(1, 3, size=(10.6, 4.8), width_ratios=[1.25, 1, 1])
        figure.set_layout_engine("constrained", rect=(0, 0.17, 1, 0.83))  # room for the words below
        _draw_triangle(axes[0], number, depth)
        axes[0].set_title(f"level {number} of {depth}")
        figure.text(0.03, 0.15, "\n".join(numbers), va="top", fontsize=11, linespacing=1.4)
        overlay(image, found, ax=axes[1], classes=classes, spacing=case.spacing, legend=False)
        axes[1].set_title("what it finds")
        draw_scan(axes[2], image, case.spacing)
        tint = np.zeros((*wrong.shape, 4))  # red, green, blue, opacity
        tint[wrong] = to_rgba(_WRONG, 0.85)
        axes[2].imshow(tint, aspect=axes[2].get_aspect())
        outline(axes[2], truth == len(classes) - 1, GREEN, "-", 1.4)
        axes[2].set_title(f"{int(wrong.sum())} pixels are wrong")
        scale_bar(axes[2], float(case.spacing[1]))
        keys: list[Any] = []
        for index, name in list(enumerate(classes))[1:]:
            look = class_style(index, classes)
            keys.append(Line2D([], [], color=look.colour, linestyle=look.line, linewidth=look.width + 0.4, label=name))
        keys += [
            Patch(facecolor=_WRONG, label="wrong pixels"),
            Line2D([], [], color=GREEN, linewidth=1.6, label=f"true {classes[-1]}"),
        ]
        figure.legend(handles=keys, loc="lower right", bbox_to_anchor=(0.99, 0.0), ncols=3)
    return Picture(
        figure,
        f"Level {number} of {depth}: {'; '.join(numbers)}. The prediction's outlines on a slice, and {int(wrong.sum())} "
        "wrong pixels.",
    )


def costs(rows: Mapping[str, Cost], family: Sequence[str] = (), *, unit: str = "Dice") -> Picture:
    """Accuracy against three costs side by side: parameters, operations, and seconds, all logarithmic.

    Args:
        rows: name -> (accuracy, parameters, GFLOP, milliseconds).
        family: names of rows to be joined by a line, in their order: one network at several sizes.
    """
    axes_names = ("thousand parameters", "GFLOP for a slice", "ms for a slice")
    with style():
        figure, axes = canvas(1, 3, size=(10.6, 4.4), sharey=True)
        for column, ax in enumerate(axes):
            scale = 1e-3 if column == 0 else 1.0
            points = {name: (row[column + 1] * scale, row[0]) for name, row in rows.items()}
            line = np.array([points[name] for name in family])
            if len(line):
                ax.plot(line[:, 0], line[:, 1], color=GREY, linewidth=1.2, zorder=1)
            for number, (name, (x, y)) in enumerate(points.items()):
                look = number % len(SERIES)
                ax.plot(x, y, color=SERIES[look], marker=MARKERS[look], markersize=9, linestyle="", label=name,
                        markerfacecolor=SERIES[look] if number < len(SERIES) else "white")  # fmt: skip
            ax.margins(x=0.15, y=0.15)
            plain_log(ax, "x")
            ax.set_xlabel(axes_names[column])
            ax.grid(axis="y")
        axes[0].set_ylabel(unit)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(rows), 4))
    said = "; ".join(
        f"{name} {row[0]:.3f} with {row[1]:,.0f} parameters, {row[2]:.2f} GFLOP" for name, row in rows.items()
    )
    return Picture(figure, f"{unit} against parameters, operations and milliseconds, one point a network: {said}.")
