"""Lesson 06's own figures: the three kinds of attention, the layers as chains of steps, and the map of a chosen pixel."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from medsegedu.show.look import BLUE, GREY, INK, ORANGE, SKY, VERMILION, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan

SQUEEZES = ("SE", "CBAM", "scSE")
RELATIONS = ("non-local", "criss-cross")
TITLES = (
    "which channels?\nSE", "which places?\nCBAM, scSE, gates", "who listens to whom?\nnon-local",
    "the same, in two steps\ncriss-cross",
)  # fmt: skip


def kinds() -> Picture:
    """The three questions: which channels, which places, and which other places a place listens to (all, or its cross)."""
    asked, size = (2, 4), 7
    places = np.array([[np.exp(-((r - 2) ** 2 + (c - 4) ** 2) / 4) for c in range(size)] for r in range(size)])
    heard = {(0, 1): 1.2, (5, 5): 3.0, (6, 1): 1.6, (3, 0): 0.8, (4, 3): 2.2, (0, 6): 0.8}
    with style():
        figure, axes = canvas(1, 4, size=(10.4, 3.3))
        for k, factor in enumerate((0.9, 0.15, 0.6, 0.3)):
            corner = (0.62 * k, 0.62 * (3 - k))
            axes[0].add_patch(Rectangle(corner, 4, 4, facecolor="white", edgecolor=INK, zorder=2 * k))
            tint = Rectangle(corner, 4, 4, facecolor=(BLUE, factor), edgecolor=INK, zorder=2 * k)
            axes[0].add_patch(tint)
            axes[0].text(
                corner[0] + 3.85, corner[1] + 3.85, f"{factor:g}", ha="right", va="top", fontsize=9, zorder=2 * k + 1
            )
        axes[0].set(xlim=(-0.2, 6.1), ylim=(6.1, -0.2), aspect="equal")
        axes[0].spines[["left", "bottom"]].set_visible(False)
        axes[1].imshow(places, cmap="Blues", vmin=0, vmax=1.1)
        for ax, title in zip(axes, TITLES, strict=True):
            ax.set_title(title, fontsize=11)
            ax.set_xticks([])
            ax.set_yticks([])
        for ax in axes[1:]:
            for line in range(size + 1):
                ax.plot([-0.5, size - 0.5], [line - 0.5] * 2, color=GREY, linewidth=0.6)
                ax.plot([line - 0.5] * 2, [-0.5, size - 0.5], color=GREY, linewidth=0.6)
            ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
        for ax in axes[2:]:
            ax.add_patch(
                Rectangle((asked[1] - 0.5, asked[0] - 0.5), 1, 1, facecolor=VERMILION, edgecolor=INK, zorder=3)
            )
        for (row, column), width in heard.items():
            tips: dict[str, Any] = {
                "arrowstyle": "-|>",
                "mutation_scale": 9,
                "color": BLUE,
                "linewidth": width,
                "shrinkB": 17,
            }
            axes[2].add_patch(FancyArrowPatch((column, row), asked[::-1], **tips))
        for k in range(size):
            for row, column in ((asked[0], k), (k, asked[1])):
                if (row, column) != asked:
                    axes[3].add_patch(
                        Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=(SKY, 0.6), hatch="//", edgecolor=INK)
                    )
    return Picture(
        figure,
        "Four drawings: a stack of maps, each with a factor between 0 and 1; a grid whose pixels are shaded by a factor each; a "
        "grid in which arrows lead from several pixels to one; and a grid in which one pixel's row and column are hatched.",
    )


def chain(rows: Sequence[Sequence[str]], then: Sequence[str], around: str) -> Picture:
    """Steps in boxes from left to right: one row for each input, joined and continued by `then`.

    Args:
        around: what the first input meets at the end, having gone around all steps: "x" times, "+" plus.
    """
    wide = max(map(len, rows))
    columns = [[(wide - len(row) + k, -1.2 * r) for k in range(len(row))] for r, row in enumerate(rows)]
    middle = -1.2 * (len(rows) - 1) / 2
    last = [(wide + k, middle) for k in range(len(then))]
    spots = [
        *zip([spot for row in columns for spot in row], [word for row in rows for word in row], strict=True),
        *zip(last, then, strict=True),
    ]
    with style():
        figure, (ax,) = canvas(size=(1.15 * (wide + len(then)) + 1.0, 1.0 + 1.15 * len(rows) * 0.8))
        for (x, y), word in spots:
            box = FancyBboxPatch(
                (x - 0.38, y - 0.3), 0.76, 0.6, boxstyle="round,pad=0.02", facecolor=(SKY, 0.35), edgecolor=INK
            )
            ax.add_patch(box)
            ax.text(x, y, word, ha="center", va="center", fontsize=9)
        for row in columns:
            for (x0, y0), (x1, y1) in zip([*row], [*row[1:], last[0]], strict=True):
                _arrow(ax, (x0 + 0.4, y0), (x1 - 0.4, y1))
        for (x0, y0), (x1, y1) in pairwise(last):
            _arrow(ax, (x0 + 0.4, y0), (x1 - 0.4, y1))
        end = (last[-1][0] + 0.8, middle)
        _arrow(ax, (last[-1][0] + 0.4, middle), (end[0] - 0.14, middle))
        start = columns[0][0]
        ax.plot([start[0], start[0], end[0], end[0]], [0.32, 0.75, 0.75, middle + 0.16], color=INK, linewidth=1.2)
        ax.text(*end, {"x": "\u00d7", "+": "+"}[around], ha="center", va="center", fontsize=15, bbox={
            "boxstyle": "circle,pad=0.12", "facecolor": (ORANGE, 0.5), "edgecolor": INK,
        })  # fmt: skip
        ax.set(xlim=(-0.5, end[0] + 0.35), ylim=(-1.2 * (len(rows) - 1) - 0.45, 0.9), aspect="equal")
        ax.set_axis_off()
    steps = "; and ".join(", ".join(row) for row in rows)
    word = {"x": "multiplied by", "+": "added to"}[around]
    return Picture(figure, f"Boxes with arrows: {steps}; then {', '.join(then)}; the result is {word} the first input.")


def attention(
    case: Any, maps: Mapping[str, Any], kind: str, row: int, column: int, *, level: int = 0, channel: int = 2
) -> Picture:
    """What one kind of attention does at a chosen pixel of a slice.

    Args:
        maps: of the whole network, from `model.attention_maps(case.image[None])`.
        kind: "SE", "CBAM", "scSE", "gates", "non-local" or "criss-cross".
        level: 0 for full resolution, 1 for half, ...; non-local and criss-cross work on the deepest only.
    """
    image = array(case.image)[channel]  # (H, W)
    found, level = _of_level(maps, kind, level)
    here = f"pixel ({row}, {column})"
    with style():
        if kind == "SE":
            figure, axes = canvas(1, 2, size=(8.4, 3.9), width_ratios=[1, 1.5])
            said = _bars(axes[1], found[:, 0, 0], "every pixel of this slice")
        elif kind in RELATIONS:
            figure, axes = canvas(1, 2, size=(7.2, 4.1))
            stride = 2**level
            weights = _row_of(found, row // stride, column // stride, -(-image.shape[1] // stride))  # (h, w)
            _draw_map(axes[1], weights, stride, image.shape, float(weights.max()))
            rows, columns = weights.shape
            axes[1].set_title(f"where {here} looks\n{rows} x {columns} places")
            said = f"Largest weight of a place: {float(weights.max()):.2f}."
            axes[1].set_xlabel(said)
        else:
            squeeze = kind in SQUEEZES
            figure, axes = canvas(1, 2 + squeeze, size=(9.6 if squeeze else 7.2, 4.1))
            _draw_map(axes[1], found.mean(0), 2**level, image.shape, 1.0)
            axes[1].set_title("factor of each pixel" + ("\n(mean of the channels)" if squeeze else "\n"))
            values = found[:, row // 2**level, column // 2**level]
            if squeeze:
                said = _bars(axes[2], values, here)
            else:
                said = f"The factor of {here} is {float(values[0]):.2f}."
                axes[1].set_xlabel(said)
        draw_scan(axes[0], image, None)
        axes[0].set_title(f"{kind}, level {level}\n")
        for ax in axes[: 1 if kind == "SE" else 2]:
            ax.plot(column, row, "+", color="white", markersize=17, markeredgewidth=4)
            ax.plot(column, row, "+", color=VERMILION, markersize=15, markeredgewidth=2)
    return Picture(figure, f"A slice with {here} marked, and the attention of {kind} at level {level}. {said}")


def _of_level(maps: Mapping[str, Any], kind: str, level: int) -> tuple[NDArray[Any], int]:
    """The map of the decoder's level (or of the only one there is) without the batch, and its level."""
    arrays = {name: array(values)[0] for name, values in maps.items()}
    if kind in RELATIONS:
        (name, values), *_ = arrays.items()
        return values, int(name.split(".")[1]) + 1  # "down.2.attention" is behind three pools
    depth = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith(("up", "gates")))
    place = depth - 1 - level
    return arrays[f"gates.{place}" if kind == "gates" else f"up.{place}.block.attention"], level


def _row_of(found: NDArray[Any], row: int, column: int, width: int) -> NDArray[Any]:
    """The weights of one place over the whole map, (h, w): of all pairs (P, P), or of the crosses (h, w, h + w)."""
    if found.ndim == 2:
        return found[row * width + column].reshape(-1, width)
    height = found.shape[0]
    weights = np.zeros((height, width))
    weights[:, column] += found[row, column, :height]
    weights[row, :] += found[row, column, height:]
    return weights


def _draw_map(ax: Axes, values: NDArray[Any], stride: int, shape: tuple[int, ...], top: float) -> None:
    """A map of coarse places over the grid of the image; what was padded is cut away."""
    fine = values.repeat(stride, 0).repeat(stride, 1)[: shape[0], : shape[1]]
    drawn = ax.imshow(fine, cmap="viridis", vmin=0, vmax=max(top, 1e-9))
    ax.figure.colorbar(drawn, ax=ax, shrink=0.7)
    ax.set_xticks([])
    ax.set_yticks([])


def _bars(ax: Axes, values: NDArray[Any], whose: str) -> str:
    """One bar a channel, and the sentence that says the same."""
    ax.bar(range(len(values)), values, color=BLUE)
    ax.set(ylim=(0, 1), xlabel="channel", title=f"factors of the channels at\n{whose}")
    return f"The factors of its {len(values)} channels lie between {values.min():.2f} and {values.max():.2f}."


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=INK, shrinkA=0, shrinkB=0))
