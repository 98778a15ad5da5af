"""Figures of lesson 02 about a stride: what is lost as it grows, and the tents that enlarge by it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import NullLocator

from medsegedu.show.look import INK, LINES, MARKERS, SERIES, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array


def by_stride(strides: Sequence[int], dice: Mapping[str, Sequence[float]]) -> Picture:
    """A Dice curve for each class over the stride, in the colours of the label maps.

    Args:
        dice: class, without the background and in the classes' order -> one value a stride.
    """
    classes = ["background", *dice]
    with style():
        figure, (ax,) = canvas(size=(6.8, 3.9))
        for k, (name, values) in enumerate(dice.items(), 1):
            look = class_style(k, classes)
            dark = [Stroke(linewidth=3.6, foreground=INK), Normal()]  # yellow alone is not seen on white
            ax.plot(strides, values, color=look.colour, linestyle="-", linewidth=2.2, path_effects=dark, zorder=2)
            ax.plot(
                strides, values, color=look.colour, linestyle="", marker=MARKERS[k], markersize=8, markeredgecolor=INK,
                label=name, zorder=3,
            )  # fmt: skip
        ax.set_xscale("log", base=2)
        ax.set_xticks(strides, [str(stride) for stride in strides])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set(xlabel="pixels per answer, along each axis (the stride)", ylabel="Dice", ylim=(0, 1.03))
        ax.grid(axis="y")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    said = "; ".join(f"{name} from {values[0]:.2f} to {values[-1]:.2f}" for name, values in dice.items())
    return Picture(
        figure, f"Dice of perfect but coarse answers, from stride {strides[0]} to stride {strides[-1]}: {said}."
    )


def tents(kernel: Any, scores: Sequence[float], factor: int) -> Picture:
    """A kernel's first channel in numbers, and along one axis how each score puts up its tent and the tents add up.

    Args:
        kernel: (channels, channels, size, size), made for `factor`.
        scores: of neighbouring coarse pixels.
    """
    square = array(kernel)[0, 0]
    row, size = square.sum(0) / square.sum(0).max() * np.sqrt(square.max()), square.shape[0]
    offset = (size - factor) // 2  # what a tent reaches beyond the pixels of its own score
    with style():
        figure, (left, right) = canvas(1, 2, size=(10.4, 4.0), width_ratios=[1, 2.3])
        left.imshow(square, cmap="Blues", vmin=0, vmax=1.2 * square.max())
        for (i, j), value in np.ndenumerate(square):
            if size <= 5:
                colour = "white" if value > 0.6 * square.max() else INK
                text = f"{value:.4f}".lstrip("0")
                left.text(j, i, text, ha="center", va="center", fontsize=9.5, color=colour)
        left.set(xticks=[], yticks=[], title=f"the kernel: {size} x {size}")
        total = np.zeros(factor * len(scores) + size)
        for k, score in enumerate(scores):
            places = np.arange(size) + k * factor
            total[places] += score * row
            look = k % len(SERIES)
            right.plot(
                places - offset, score * row, color=SERIES[look], linestyle=LINES[look], marker=MARKERS[look],
                markersize=4.5, alpha=0.8, label=f"tent of score {score:g}",
            )  # fmt: skip
        inside = np.arange(offset, offset + factor * len(scores))
        right.plot(inside - offset, total[inside], color=INK, linewidth=2.6, label="sum: the\nenlarged row")
        middles = np.arange(len(scores)) * factor + (factor - 1) / 2  # where the scores lie, in enlarged pixels
        right.plot(
            middles, scores, linestyle="", marker="o", markersize=9, markerfacecolor="none", markeredgecolor=INK,
            markeredgewidth=1.8, label="the scores",
        )  # fmt: skip
        right.set(
            xlabel=f"pixel of the row that was enlarged {factor} times", ylabel="score", title="a tent for every score"
        )
        right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.6)
    return Picture(
        figure,
        f"Left, a kernel of {size} by {size} weights, highest in its middle. Right, {len(scores)} scores as circles, each spread "
        f"as a tent over {size} pixels; their sum is the row enlarged {factor} times.",
    )
