"""Lesson 01's own figures: the window on a slice, what two windows share, where patches were drawn, and who reads whom."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from torch import nn

from medsegedu.data import Case, Dataset, extract_patch
from medsegedu.show.look import BLUE, GREY, INK, MARKERS, VERMILION, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan, plane_spacing, scale_bar

_RIM = [patheffects.withStroke(linewidth=3.4, foreground="black")]


def window(
    case: Case, row: int, column: int, size: int, classifier: nn.Module | None = None, *, dataset: Dataset, contrast: str
) -> Picture:  # fmt: skip
    """The window's place on a slice, the patch that the classifier sees, and its answer for the pixel in the centre.

    Args:
        case: a labelled 2D case of `dataset`, which names the classes and the contrasts.
        classifier: patches (1, C, size, size) -> logits (1, classes); None before there is one.
        contrast: the one that is drawn; the classifier sees them all.
    """
    assert case.label is not None
    channel, classes = dataset.contrasts.index(contrast), dataset.classes
    patch = extract_patch(case.image, row, column, size)  # (C, size, size)
    image, truth = array(case.image)[channel], int(case.label[row, column])
    mm = plane_spacing(case.spacing, None)
    said = f"truth: {classes[truth]}"
    with style():
        widths = [1.25, 1, 1.1] if classifier else [1.25, 1]
        figure, axes = canvas(1, len(widths), size=(3.2 * len(widths), 3.9), width_ratios=widths)
        draw_scan(axes[0], image, mm)
        _frame(axes[0], row, column, size)
        axes[0].set_xlim(min(-0.5, column - size / 2 - 1), max(image.shape[1] - 0.5, column + size / 2 + 1))
        axes[0].set_ylim(max(image.shape[0] - 0.5, row + size / 2 + 1), min(-0.5, row - size / 2 - 1))
        scale_bar(axes[0], mm[1])
        axes[0].set_title(f"{contrast}, window at\nrow {row}, column {column}")
        limits = np.percentile(image, (0.5, 99.5))
        draw_scan(axes[1], array(patch)[channel], mm, (float(limits.mean()), float(np.ptp(limits))))
        _frame(axes[1], size // 2, size // 2, 1)
        axes[1].set_title(f"what the classifier sees:\n{size} x {size} pixels")
        if classifier:
            with torch.inference_mode():
                chances = array(classifier(patch[None]).softmax(1)[0])  # (classes,)
            said = f"answer: {classes[int(chances.argmax())]}, {said}"
            _answers(axes[2], chances, truth, classes)
        else:
            axes[1].text(0.5, -0.06, said, transform=axes[1].transAxes, ha="center", va="top")
    return Picture(
        figure,
        f"A {contrast} slice with a window of {size} by {size} pixels around row {row}, column {column}, the window's content "
        f"enlarged, and what stands at its centre: {said}.",
    )


def _answers(ax: Axes, chances: Any, truth: int, classes: Sequence[str]) -> None:
    colours = [BLUE if k == truth else GREY for k in range(len(classes))]
    bars = ax.barh(range(len(classes)), chances, color=colours, height=0.6)
    bars[truth].set_hatch("///")
    bars[truth].set_edgecolor("white")
    ax.bar_label(bars, labels=[f"{chance:.2f}" for chance in chances], padding=3)
    ax.set_yticks(range(len(classes)), [f"{name}\n(truth)" if k == truth else name for k, name in enumerate(classes)])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.22)
    ax.set_xticks([0, 0.5, 1])
    ax.set_title(f"its answer:\n{classes[int(chances.argmax())]}")
    ax.tick_params(axis="y", length=0)


def _frame(ax: Axes, row: int, column: int, size: int) -> None:
    corner = (column - size / 2, row - size / 2)
    ax.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=VERMILION, linewidth=1.8, path_effects=_RIM))
    if size > 1:
        ax.plot(column, row, marker="+", color=VERMILION, markersize=7, markeredgewidth=1.8, path_effects=_RIM)


def shared(size: int, step: int = 1) -> Picture:
    """Two windows, `step` pixels apart: what both of them read."""
    both = size * max(0, size - step)
    share = both / size**2
    with style():
        figure, (ax,) = canvas(size=(5.6, 4.6))
        for number, (left, colour, hatch) in enumerate(((0, BLUE, "//"), (step, VERMILION, "\\\\"))):
            ax.add_patch(Rectangle((left, 0), size, size, facecolor="none", edgecolor=colour, hatch=hatch, linewidth=0))
            ax.add_patch(Rectangle((left, 0), size, size, fill=False, edgecolor=colour, linewidth=2.2))
            ax.plot(left + size / 2, size / 2, marker="os"[number], color=colour, markersize=9, markeredgecolor="white")
        ax.set_xticks(range(size + step + 1), minor=True)
        ax.set_yticks(range(size + 1), minor=True)
        ax.grid(which="minor", color="#DDDDDD", linewidth=0.6)
        ax.set(xlim=(-0.5, size + step + 0.5), ylim=(size + 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
        ax.tick_params(which="both", length=0)
        ax.set_frame_on(False)
        ax.set_title(f"{both} of {size**2} pixels are read again: {share:.0%}")
        keys = [Patch(facecolor="none", edgecolor=c, hatch=h, label=n)
                for n, c, h in (("this window", BLUE, "///"), ("the next one", VERMILION, "\\\\\\"))]  # fmt: skip
        figure.legend(handles=keys, loc="outside lower center", ncols=2, handleheight=1.2, handlelength=2.4)
    return Picture(
        figure,
        f"Two windows of {size} by {size} pixels, {step} apart. Of the second window's {size**2} pixels the first has read "
        f"{both} already, {share:.0%}.",
    )


def draws(case: Case, groups: Mapping[str, Any], *, dataset: Dataset, contrast: str) -> Picture:
    """Where patches were drawn: a slice for each group of positions (n, 2), with a marker for each class."""
    image, label = array(case.image)[dataset.contrasts.index(contrast)], array(case.label).astype(int)
    classes = dataset.classes
    mm = plane_spacing(case.spacing, None)
    counted = {}
    with style():
        figure, axes = canvas(1, len(groups), size=(3.6 * len(groups), 5.4))
        for ax, (name, positions) in zip(axes, groups.items(), strict=True):
            draw_scan(ax, image, mm)
            where = array(positions).astype(int)
            drawn = label[where[:, 0], where[:, 1]]
            for k in range(len(classes)):
                rows, columns = where[drawn == k].T
                ax.plot(columns, rows, **_marker(k, classes))
            counted[name] = ", ".join(f"{classes[k]} {int((drawn == k).sum())}" for k in range(len(classes)))
            ax.set_title(f"{name}\n{classes[-1]}: {int((drawn == len(classes) - 1).sum())} of {len(drawn)}")
        keys = [Line2D([], [], label=name, **_marker(k, classes)) for k, name in enumerate(classes)]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(classes), handletextpad=0.2)
    said = "; ".join(f"{name}: {counts}" for name, counts in counted.items())
    return Picture(figure, f"The centres of the patches that were drawn from one slice. {said}.")


def _marker(index: int, classes: Sequence[str]) -> dict[str, Any]:
    colour = "white" if index == 0 else class_style(index, classes).colour
    marker = MARKERS[index % len(MARKERS)]
    return {"linestyle": "", "marker": marker, "color": colour, "markersize": 6, "markeredgecolor": INK}


def found_and_right(measured: Mapping[str, tuple[float, float]]) -> Picture:
    """Two bars for each way: how much of what is there was found, and how much of what was claimed is right."""
    looks = (("found (sensitivity)", BLUE, "//"), ("right (precision)", VERMILION, ".."))
    with style():
        figure, (ax,) = canvas(size=(7.2, 1.6 + 0.75 * len(measured)))
        for k, (name, colour, hatch) in enumerate(looks):
            values = [pair[k] for pair in measured.values()]
            places = np.arange(len(measured)) + 0.36 * (k - 0.5)
            bars = ax.barh(places, values, height=0.32, color=colour, hatch=hatch, edgecolor="white", label=name)
            ax.bar_label(bars, labels=[f"{value:.2f}" for value in values], padding=4)
        ax.set_yticks(range(len(measured)), list(measured))
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
        ax.set_xlim(0, 1.12)
        for between in np.arange(1, len(measured)) - 0.5:
            ax.axhline(between, color=GREY, linewidth=0.8)
        ax.set_xlabel("found: share of the true lesion's pixels\nright: share of the pixels that were called lesion")
        figure.legend(loc="outside lower center", ncols=2, handleheight=1.2, handlelength=2.4)
    said = "; ".join(f"{name}: {a:.2f} found, {b:.2f} right" for name, (a, b) in measured.items())
    return Picture(figure, f"How many of the lesion's pixels are found, and how many claimed ones are right. {said}.")


def pyramid(layers: Sequence[tuple[int, int, int]], field: int | None = None, *, counted: bool = True) -> Picture:
    """The values, layer by layer and along one axis, that one output depends on, down to the pixels.

    Args:
        layers: (kernel, stride, dilation) of each, the first layer first.
        field: the receptive field that a function computed, written beside what the figure counts.
        counted: whether the title tells the count.
    """
    read = [{0}]  # of each level, from the output down: the indices that the output depends on
    for kernel, stride, dilation in reversed(layers):
        read.append({i * stride + k * dilation for i in read[-1] for k in range(kernel)})
    read.reverse()
    place = [(0.0, 1)]  # of each level: where value 0 lies and how far apart neighbours are, in pixels
    for kernel, stride, dilation in layers:
        start, jump = place[-1]
        place.append((start + dilation * (kernel - 1) * jump / 2, jump * stride))
    seen = max(read[0]) + 1
    with style():
        figure, (ax,) = canvas(size=(8.2, 0.9 + 0.85 * len(place)))
        for level, (start, jump) in enumerate(place):
            around = [start + i * jump for i in range(-seen - 9, 2 * seen + 9)]
            idle = [x for x in around if -3 <= x <= seen + 2]
            ax.plot(idle, [level] * len(idle), "o", color="white", markeredgecolor=GREY, markersize=8)
            chosen = sorted(read[level])
            x = [start + i * jump for i in chosen]
            ax.plot(x, [level] * len(x), "s", color=BLUE, markeredgecolor="white", markersize=9)
            if level:
                kernel, stride, dilation = layers[level - 1]
                below, step = place[level - 1]
                for i in chosen:
                    for k in range(kernel):
                        ends = (start + i * jump, below + (i * stride + k * dilation) * step)
                        ax.plot(ends, (level, level - 1), color=BLUE, linewidth=0.7, alpha=0.6, zorder=0)
        names = [f"kernel {k}, stride {s}" + (f", dilation {d}" if d > 1 else "") for k, s, d in layers]
        ax.set_yticks(range(len(place)), ["pixels", *names])
        ax.tick_params(length=0)
        ax.set_xticks([])
        ax.set_frame_on(False)
        ax.set_ylim(-0.5, len(place) - 0.6)
        gaps = f" ({len(read[0])} of them are read)" if len(read[0]) < seen else ""
        said = f"one output spans {seen} pixels{gaps}" + ("" if field is None else f"; receptive_field says {field}")
        if not counted:
            said = "how many pixels does one output span?"
        ax.set_title(said)
    return Picture(
        figure, f"Values of {len(layers)} layers, {'; '.join(names)}, drawn above the pixels: {said.rstrip('?')}."
    )
