"""Lesson 04's own figures: the landscape of every loss, recall by diameter, two outlines' distances, and the luck of a run."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from matplotlib.patches import Circle
from torch import Tensor

from medsegedu.losses import (
    cross_entropy,
    dice_loss,
    focal_loss,
    focal_tversky_loss,
    generalized_dice_loss,
    lovasz_softmax_loss,
    tversky_loss,
)
from medsegedu.metrics import hausdorff95, surface_distances
from medsegedu.show.lesson_04_runs import RUNS
from medsegedu.show.look import BLUE, INK, LINES, MARKERS, SERIES, VERMILION, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array

__all__ = ["LOSSES", "distances", "landscape", "luck", "recall"]

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": cross_entropy,
    "focal": focal_loss,
    "Dice": dice_loss,
    "Tversky": tversky_loss,
    "focal Tversky": focal_tversky_loss,
    "generalized Dice": generalized_dice_loss,
    "Lovasz": lovasz_softmax_loss,
}
FIELD = 64  # mm, and pixels of 1 mm, along each side
AXES = {"shift": np.linspace(0, 24, 25), "size": np.linspace(0, 3, 25)}


def landscape(diameter: float, size: float, shift: float, along: str, loss: str) -> Picture:
    """A lesion, a claim that is shifted and too small or too large, and what every loss says along one of the two.

    Args:
        diameter: of the true lesion, in mm.
        size: diameter of the claim, in true diameters.
        shift: of the claim's centre, in mm.
        along: "shift" or "size", the one that the curves run along.
        loss: the one that is drawn boldly and read off.
    """
    places = AXES[along]
    here = shift if along == "shift" else size
    other = size if along == "shift" else shift
    with style():
        figure, (left, right) = canvas(1, 2, size=(10.4, 4.4), width_ratios=(1, 1.5))
        left.add_patch(Circle((0, 0), diameter / 2, facecolor=(BLUE, 0.3), edgecolor=BLUE, linewidth=2))
        claim = Circle(
            (shift, 0), size * diameter / 2, fill=False, edgecolor=VERMILION, linewidth=2, linestyle=LINES[1]
        )
        left.add_patch(claim)
        left.set(xlim=(-22, 42), ylim=(-32, 32), aspect="equal", xlabel="mm", ylabel="mm")
        left.set_title("true (filled) and claimed (dashed)")
        for number, name in enumerate(LOSSES):
            values, nothing = _along(name, along, diameter, other)
            bold = name == loss
            right.plot(
                places, values / nothing, color=SERIES[number], linestyle=LINES[number], alpha=1.0 if bold else 0.75,
                marker=MARKERS[number], markevery=(number % 4, 4), markersize=8 if bold else 5,
                linewidth=3.6 if bold else 1.1, zorder=3 if bold else 2, label=name,
            )  # fmt: skip
        values, nothing = _along(loss, along, diameter, other)
        now = float(np.interp(here, places, values))
        right.axvline(here, color=INK, linewidth=1)
        right.axhline(1, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        right.text(places[-1], 1.02, "claiming nothing", ha="right", va="bottom", fontsize=10)
        right.set(xlabel=f"{along}, {'mm' if along == 'shift' else 'true diameters'}", ylim=(0, 3.05))
        right.set_ylabel("loss, as a multiple of claiming nothing")
        right.set_title(f"{loss}: {now:.4f} here, {nothing:.4f} for claiming nothing")
        right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.4)
    return Picture(
        figure,
        f"A lesion of {diameter:g} mm and a claim {size:g} times as wide, {shift:g} mm aside. Beside it, every loss along the "
        f"{along}, as a multiple of its value for claiming nothing; {loss} is {now:.4f} here and {nothing:.4f} there.",
    )


@lru_cache(maxsize=512)
def _along(loss: str, along: str, diameter: float, other: float) -> tuple[np.ndarray, float]:
    """The loss at each place of an axis, and for a claim of nothing."""
    truth = (_scores(diameter, 0)[1] > 0).long()[None]  # (1, FIELD, FIELD)
    pairs = [(other, place) if along == "shift" else (place, other) for place in AXES[along].tolist()]
    logits = [_scores(size * diameter, shift)[None] for size, shift in pairs]
    nothing = torch.stack([torch.zeros(FIELD, FIELD), torch.full((FIELD, FIELD), -6.0)])[None]
    values = [float(LOSSES[loss](each, truth)) for each in (*logits, nothing)]
    return np.array(values[:-1]), values[-1]


def _scores(diameter: float, shift: float) -> Tensor:
    """Scores (2, FIELD, FIELD) of a disc with a soft edge: the network is as sure as it ever is 2 mm from the edge."""
    centres = torch.arange(FIELD) - FIELD / 2 + 0.5  # mm
    away = torch.hypot(centres[:, None], centres[None] + 10 - shift)  # the lesion lies 10 mm left of the middle
    sure = (3 * (diameter / 2 - away)).clamp(-6, 6) if diameter > 0 else torch.full((FIELD, FIELD), -6.0)
    return torch.stack([torch.zeros_like(sure), sure])


def recall(
    lesions: Mapping[str, Sequence[tuple[str, float, bool]]],
    edges: Sequence[float],
    *,
    unit: str = "mm",
    ylabel: str = "recall: part of the lesions found",
) -> Picture:
    """The part of the lesions that is found, by diameter: a dot and a 95 % interval over patients for each method.

    Args:
        lesions: method -> (patient, diameter, found) of each lesion.
        edges: borders of the groups of diameters; the last may be infinite.
    """
    groups = list(pairwise(edges))
    names = [f"{a:g} to {b:g} {unit}" if np.isfinite(b) else f"{a:g} {unit} and more" for a, b in groups]
    said = []
    with style():
        figure, (ax,) = canvas(size=(8.6, 4.2))
        for number, (method, rows) in enumerate(lesions.items()):
            patients, diameters, found = (np.array(column) for column in zip(*rows, strict=True))
            look, offset = number % len(SERIES), (number - (len(lesions) - 1) / 2) * 0.11
            middle, low, high = np.array(
                [_ratio(patients, found, (diameters >= a) & (diameters < b)) for a, b in groups]
            ).T
            ax.errorbar(
                np.arange(len(groups)) + offset, middle, yerr=[middle - low, high - middle], fmt=MARKERS[look],
                color=SERIES[look], markersize=6.5, capsize=3, elinewidth=1.6, markeredgecolor="white", label=method,
            )  # fmt: skip
            said.append(f"{method} {', '.join(f'{value:.2f}' for value in middle)}")
        diameters = np.array([row[1] for row in next(iter(lesions.values()))])
        counts = [int(((diameters >= a) & (diameters < b)).sum()) for a, b in groups]
        ax.set_xticks(range(len(groups)), [f"{name}\n({count})" for name, count in zip(names, counts, strict=True)])
        ax.set(ylim=(-0.04, 1.04), xlim=(-0.5, len(groups) - 0.5), ylabel=ylabel)
        ax.set_xlabel("diameter in the slice (how many there are)")
        ax.grid(axis="y")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, f"Recall with intervals for {', '.join(names)}: {'; '.join(said)}.")


def _ratio(
    patients: np.ndarray, found: np.ndarray, chosen: np.ndarray, draws: int = 1000
) -> tuple[float, float, float]:
    """(part found, low, high); whole patients are drawn anew, since the lesions of one are alike. An empty group is nan."""
    everyone = np.unique(patients)
    hits = np.array([found[chosen & (patients == one)].sum() for one in everyone], float)
    all_ = np.array([(chosen & (patients == one)).sum() for one in everyone], float)
    if not all_.sum():
        return np.nan, np.nan, np.nan
    drawn = np.random.default_rng(0).integers(0, len(everyone), (draws, len(everyone)))
    totals = all_[drawn].sum(1)
    ratios = hits[drawn].sum(1)[totals > 0] / totals[totals > 0]
    middle = float(hits.sum() / all_.sum())
    low, high = np.quantile(ratios, [0.025, 0.975])
    return middle, min(middle, float(low)), max(middle, float(high))


def luck(yours: Mapping[str, tuple[float, float]]) -> Picture:
    """Beside the reader's own run of section 3, three that were made before: Dice and precision of all pixels.

    Args:
        yours: loss -> (Dice, precision).
    """
    names = list(RUNS)
    with style():
        figure, axes = canvas(1, 2, size=(8.8, 4.2), sharey=True)
        for column, (ax, title) in enumerate(zip(axes, ("Dice of all pixels", "precision"), strict=True)):
            for row, name in enumerate(names):
                before = [run[column] for run in RUNS[name]]
                ax.scatter(
                    before, row + np.linspace(-0.3, 0.3, len(before)), s=34, color=BLUE, edgecolors="white", zorder=2,
                    label=None if row else "made before",
                )  # fmt: skip
                ax.scatter(
                    [yours[name][column]], [row], s=130, marker="*", color=VERMILION, edgecolors="white", zorder=3,
                    label=None if row else "your run",
                )  # fmt: skip
            ax.set(xlim=(-0.04, 1.04), xlabel=title)
            ax.grid(axis="both")
        axes[0].set_yticks(range(len(names)), names)
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    said = "; ".join(f"{name} {', '.join(f'{run[0]:.2f}' for run in RUNS[name])}" for name in names)
    return Picture(figure, f"Dice and precision of each loss in three runs and in yours. Dice of the three: {said}.")


def distances(prediction: Any, label: Any, spacing: Sequence[float]) -> Picture:
    """The outlines of two masks (rows, columns), each of their pixels coloured by how far the other outline is."""
    masks = array(prediction).astype(bool), array(label).astype(bool)
    found = surface_distances(*masks, spacing)
    top = max(found.hausdorff(), 1e-6)
    with style():
        figure, (ax,) = canvas(size=(6.4, 5.6))
        for mask, far, marker, name in (
            (masks[0], found.from_prediction, "o", "claimed outline"),
            (masks[1], found.from_label, "s", "true outline"),
        ):
            inner = np.pad(mask, 1)
            core = inner[2:, 1:-1] & inner[:-2, 1:-1] & inner[1:-1, 2:] & inner[1:-1, :-2]
            rows, columns = np.nonzero(mask & ~core)
            dots = ax.scatter(
                columns * spacing[1], rows * spacing[0], c=far, marker=marker, cmap="viridis", vmin=0, vmax=top, s=46,
                edgecolors=INK, linewidths=0.6, label=name,
            )  # fmt: skip
        ax.set(aspect="equal", xlabel="mm", ylabel="mm")
        ax.invert_yaxis()
        ax.legend(loc="upper right")
        figure.colorbar(dots, ax=ax, label="mm to the other outline", shrink=0.85)
        ax.set_title(f"HD95 {hausdorff95(*masks, spacing):.1f} mm, largest {top:.1f} mm")
    return Picture(
        figure,
        f"The outlines of a claimed and a true mask; each pixel is coloured by its distance to the other outline, at most "
        f"{top:.1f} mm. HD95 is {hausdorff95(*masks, spacing):.1f} mm.",
    )
