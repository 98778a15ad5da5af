"""Lesson 06's maps beside a slice: what a gate lets through, and whom a pixel asks."""

from typing import Any

import numpy as np

from medsegedu.show.look import VERMILION, canvas, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import array, draw_scan


def passed(scan: Any, skip: Any, through: Any) -> Picture:
    """A slice (H, W); how strong the features of a skip (C, H, W) are; and what of them passed, and what was held back."""
    whole, part = (np.linalg.norm(array(features), axis=0) for features in (skip, through))  # (H, W)
    back = np.linalg.norm(array(skip) - array(through), axis=0)
    with style():
        figure, axes = canvas(1, 4, size=(10.4, 3.4))
        draw_scan(axes[0], array(scan), None)
        for ax, values in zip(axes[1:], (whole, part, back), strict=True):
            drawn = ax.imshow(values, cmap="gray", vmin=0, vmax=float(whole.max()))
            ax.set_axis_off()
        for ax, title in zip(axes, ("FLAIR", "the skip", "passed", "held back"), strict=True):
            ax.set_title(title, fontsize=11)
        figure.colorbar(drawn, ax=axes[1:], shrink=0.75, label="strength of the features")
    return Picture(
        figure,
        f"A slice; how strong the skip's features are at each pixel, {whole.mean():.2f} on average; what passed, "
        f"{part.mean():.2f}; and what was held back, {back.mean():.2f}. All three share one scale.",
    )


def asked(scan: Any, weights: Any, row: int, column: int) -> Picture:
    """A slice (H, W) with a cross on the pixel that asks, and beside it the weights (H, W) with which it asks all others."""
    with style():
        figure, axes = canvas(1, 2, size=(7.0, 4.0))
        draw_scan(axes[0], array(scan), None)
        drawn = axes[1].imshow(array(weights), cmap="viridis", vmin=0)
        figure.colorbar(drawn, ax=axes[1], shrink=0.75, label="weight")
        axes[1].set_axis_off()
        for ax, title in zip(axes, ("FLAIR, the pixel that asks", "whom it asks"), strict=True):
            ax.set_title(title, fontsize=11)
            ax.plot(column, row, "+", color="white", markersize=17, markeredgewidth=4)
            ax.plot(column, row, "+", color=VERMILION, markersize=15, markeredgewidth=2)
    largest = float(array(weights).max())
    return Picture(
        figure,
        f"FLAIR with pixel ({row}, {column}) marked, and the weights with which it asks all others, up to {largest:.3f}.",
    )
