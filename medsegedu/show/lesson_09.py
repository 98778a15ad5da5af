"""Lesson 09's own figures: pairs as they come out of a generator, a mixed batch, nearest neighbours, and the sweep of ratios."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from scipy import stats

from medsegedu.errors import UserError
from medsegedu.show.look import BLUE, GREEN, INK, LINES, MARKERS, SERIES, VERMILION, canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array

__all__ = ["batch", "neighbours", "ratios", "strip"]

Pairs = tuple[Any, Any]


def strip(
    rows: Mapping[str, Pairs], classes: Sequence[str], *,
    alt: str, channel: int = 0, columns: int = 8, same_masks: bool = False,
) -> Picture:  # fmt: skip
    """Pairs of image and label, a row for each name: every image with its label, as coloured areas, below it.

    Args:
        rows: name -> images (N, C, rows, columns) and labels (N, rows, columns); the first `columns` are drawn.
        channel: the contrast that is drawn, all rows in one grey range.
        same_masks: all rows have the masks of the last one; they are drawn once, at the bottom.
    """
    if not rows:
        raise UserError("strip got no rows; give it at least one name with its pairs.")
    shown = {
        name: (array(image)[:columns, channel], array(label)[:columns].astype(int))
        for name, (image, label) in rows.items()
    }
    grey = np.concatenate([image.ravel() for image, _ in shown.values()])
    low, high = np.percentile(grey, (0.5, 99.5))
    with style():
        count = len(shown) + 1 if same_masks else 2 * len(shown)
        figure, axes = canvas(count, columns, size=(1.05 * columns + 0.6, 1.075 * count + 0.5))
        for ax in axes:
            _bare(ax)
        for row, (name, (images, labels)) in enumerate(shown.items()):
            place = row if same_masks else 2 * row
            for column, (image, label) in enumerate(zip(images, labels, strict=True)):
                axes[place * columns + column].imshow(image, cmap="gray", vmin=low, vmax=high)
                if not same_masks or row == len(shown) - 1:
                    axes[(place + 1) * columns + column].imshow(_coloured(label, classes))
            axes[place * columns].set_ylabel(name)
        if same_masks:
            axes[len(shown) * columns].set_ylabel("mask of all")
        keys = [Patch(color=_colour(k, classes), label=name) for k, name in enumerate(classes)]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    return Picture(figure, alt)


def neighbours(made: Any, real: Any, distances: Any, *, alt: str, channel: int = 0) -> Picture:
    """Made images (N, C, rows, columns) above, the nearest real one of each below, and the distance between them."""
    made, real, distances = array(made)[:, channel], array(real)[:, channel], array(distances)
    low, high = np.percentile(real, (0.5, 99.5))
    with style():
        figure, axes = canvas(2, len(made), size=(1.05 * len(made) + 0.6, 2.7))
        for column in range(len(made)):
            above, below = axes[column], axes[len(made) + column]
            above.imshow(made[column], cmap="gray", vmin=low, vmax=high)
            below.imshow(real[column], cmap="gray", vmin=low, vmax=high)
            above.set_title(f"{distances[column]:.2f}", fontsize=10)
        for ax in axes:
            _bare(ax)
        axes[0].set_ylabel("made")
        axes[len(made)].set_ylabel("nearest")
    return Picture(figure, alt)


def batch(
    image: Any, label: Any, made: int, values: Mapping[float, float], chosen: float, classes: Sequence[str], *,
    channel: int = 0, most: int = 16,
) -> Picture:  # fmt: skip
    """A batch whose last `made` pairs are made (dashed frames), beside the Dice of a network for each share.

    Args:
        image, label: (N, C, rows, columns) and (N, rows, columns).
        values: share -> Dice; the one of `chosen` is marked.
    """
    images, labels = array(image)[:most, channel], array(label)[:most].astype(int)
    first_made = len(array(image)) - made
    low, high = np.percentile(images, (0.5, 99.5))
    with style():
        figure, axes = canvas(1, 2, size=(8.4, 3.9), width_ratios=[1.25, 1])
        grid, chart = axes
        side = int(np.ceil(len(images) ** 0.5))
        size = images.shape[1] + 3
        _bare(grid)
        for k, scan in enumerate(images):
            x, y = k % side * size, k // side * size
            extent = (x, x + images.shape[2], y + images.shape[1], y)
            grid.imshow(scan, cmap="gray", vmin=low, vmax=high, extent=extent)
            is_made = k >= first_made
            edge, line = (VERMILION, (0, (2, 1.5))) if is_made else (BLUE, "-")
            frame = Rectangle(
                (x, y), images.shape[2], images.shape[1], fill=False, edgecolor=edge, linestyle=line, linewidth=2
            )
            grid.add_patch(frame)
            held = [index for index in np.unique(labels[k]).tolist() if index == len(classes) - 1]
            for index in held:
                grid.contour(labels[k] == index, [0.5], colors=[GREEN], linewidths=1.4, extent=extent, origin="upper")
        grid.set(xlim=(-2, side * size), ylim=(int(np.ceil(len(images) / side)) * size, -2))
        looks: dict[str, tuple[str, Any]] = {"real": (BLUE, "-"), "made": (VERMILION, "--"), classes[-1]: (GREEN, "-")}
        keys = [Line2D([], [], color=colour, linestyle=line, label=name) for name, (colour, line) in looks.items()]
        grid.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3)
        shares = sorted(values)
        chart.plot([100 * s for s in shares], [values[s] for s in shares], color=INK, marker="o", markersize=6)
        star: dict[str, Any] = {"marker": "*", "markersize": 18, "linestyle": "none", "color": VERMILION}
        chart.plot([100 * chosen], [values[chosen]], label="trained on such batches", **star)
        chart.legend(loc="lower center", bbox_to_anchor=(0.5, 1))  # above the curve, never over it
        chart.set(xlabel="% of each batch that is made", ylabel="Dice on real images")
        chart.grid(axis="y")
    return Picture(
        figure,
        f"A batch of {len(array(image))} pairs, {made} of them made, and the Dice of networks trained with shares of "
        f"{', '.join(f'{100 * s:.0f} %' for s in shares)}: {', '.join(f'{values[s]:.2f}' for s in shares)}.",
    )


def ratios(results: Mapping[int, Mapping[str, Any] | None], arms: Sequence[str]) -> Picture:
    """Dice over the share of generated pairs, a line for each number of patients: mean and 95 % t interval over seeds.

    Args:
        results: number of patients -> the result of its claim; those not measured (None) are left out.
        arms: the arms along the x axis, in order.

    Raises:
        UserError: nothing has been measured.
    """
    measured = {count: result for count, result in results.items() if result is not None}
    if not measured:
        raise UserError("None of these claims has been measured; run `medsegedu claims run`.")
    told = []
    with style():
        figure, (ax,) = canvas(size=(7.6, 4.2))
        for number, (count, result) in enumerate(measured.items()):
            table = np.array([[seed["values"][arm] for arm in arms] for seed in result["values"]])  # (seeds, arms)
            mean = table.mean(0)
            half = stats.t.ppf(0.975, len(table) - 1) * table.std(0, ddof=1) / len(table) ** 0.5
            place = np.arange(len(arms)) + 0.07 * (number - (len(measured) - 1) / 2)
            # The last arm is no ratio: it stands apart, without a line to it.
            ax.plot(place[:-1], mean[:-1], color=SERIES[number], linestyle=LINES[number])
            ax.errorbar(
                place, mean, half, fmt=MARKERS[number], color=SERIES[number], capsize=3, markersize=7, label=f"{count} patients"
            )  # fmt: skip
            told.append(f"{count} patients: " + ", ".join(f"{a} {m:.3f}" for a, m in zip(arms, mean, strict=True)))
        ax.set_xticks(range(len(arms)), arms)
        ax.set(xlabel="share of generated pairs in each batch", ylabel="Dice, mean of four structures")
        ax.grid(axis="y")
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return Picture(figure, f"Dice by the share of generated pairs, with intervals over seeds. {'; '.join(told)}.")


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _colour(index: int, classes: Sequence[str]) -> Any:
    return to_rgb(class_style(index, classes).colour) if index else (0.1, 0.1, 0.1)


def _coloured(label: Any, classes: Sequence[str]) -> Any:
    """(rows, columns) -> (rows, columns, 3)."""
    return np.array([_colour(k, classes) for k in range(len(classes))])[label]
