"""Networks drawn from their own code: what they compute on an image, as blocks by resolution and the data between them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, RegularPolygon
from matplotlib.path import Path
from torch import nn

from medsegedu.errors import UserError
from medsegedu.show.family_blocks import Block, Kind, blocks
from medsegedu.show.family_routes import HALF, places, route
from medsegedu.show.family_trace import trace
from medsegedu.show.look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION, canvas, style
from medsegedu.show.picture import Picture

_FILL: dict[Kind, tuple[str, float]] = {
    "image": (GREY, 0.35), "maps": (SKY, 0.45), "scores": (ORANGE, 0.55), "attention": (PURPLE, 0.75),
}  # fmt: skip
_SKIP: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (4, 1.6))}
_ARROWS: dict[str, dict[str, Any]] = {
    "on": {"color": INK, "linewidth": 1.3},
    "down": {"color": VERMILION, "linewidth": 1.8},
    "up": {"color": GREEN, "linewidth": 1.8},
    "skip": {"color": BLUE, **_SKIP},
    "skip down": {"color": VERMILION, **_SKIP},
    "skip up": {"color": GREEN, **_SKIP},
    "gating": {"color": PURPLE, "linewidth": 1.4, "linestyle": (0, (1, 1.2))},
}
_SAID = {
    "down": "halve (pool or stride)", "up": "enlarge", "skip": "skip", "skip down": "skip, made smaller",
    "skip up": "skip, enlarged", "gating": "steers the attention",
}  # fmt: skip


def network(model: nn.Module, size: Sequence[int] | None = None, *, title: str = "") -> Picture:
    """A network as its own code runs it; nothing is computed, so a network of any size is drawn at once.

    Args:
        model: any network that takes images (N, C, *spatial) and returns logits (N, classes, *spatial) or (N, classes).
        size: the image's spatial size; 256 along each axis if not given (64 in 3D).
        title: what the network is called.
    """
    found = _blocks(model, size)
    centres = places(found)
    width, height = centres[:, 0].max() + 1.6, -centres[:, 1].min() + 1.2
    with style():
        figure, (ax,) = canvas(size=(max(5.6, 0.72 * width + 0.6), 0.78 * height + 1.3))
        _draw(ax, found, centres, 9.5)
        ax.set_title(title)
        _legend(figure, [found])
    return Picture(figure, f"{title or type(model).__name__}: {described(found)}")


def networks(models: Mapping[str, tuple[nn.Module, Sequence[int]]], *, columns: int = 3) -> Picture:
    """Several networks side by side, each with its title and an image's spatial size."""
    if not models:
        raise UserError("There is no network to draw; give at least one, as {title: (model, size)}.")
    drawn = {title: _blocks(model, size) for title, (model, size) in models.items()}
    rows = -(-len(drawn) // columns)
    with style():
        figure, axes = canvas(rows, columns, size=(4.3 * columns, 2.75 * rows + 0.5))
        for ax in axes:
            ax.set_axis_off()
        for ax, (title, found) in zip(axes, drawn.items(), strict=False):
            _draw(ax, found, places(found), 0)
            ax.set_title(title)
            ax.set_anchor("N")
        _legend(figure, list(drawn.values()))
    said = " ".join(f"{title}: {described(found)}" for title, found in drawn.items())
    return Picture(figure, f"{len(drawn)} networks drawn as blocks by resolution. {said}")


def described(found: Sequence[Block]) -> str:
    """What a drawing shows, in words."""
    levels = max(block.level for block in found) + 1
    maps = sum(block.kind == "maps" for block in found)
    words = [f"{maps} blocks of convolutions on {levels} level{'s' if levels > 1 else ''} of resolution"]
    skips = sum(kind.startswith("skip") and found[end].kind != "attention" for _, end, kind in _links(found))
    words.append("no skips" if not skips else "1 skip" if skips == 1 else f"{skips} skips")
    if attending := sum(block.kind == "attention" or block.attends for block in found):
        words.append(f"attention at {attending} place{'s' if attending > 1 else ''}")
    if any(block.recurrent for block in found):
        words.append("blocks that repeat with the same weights")
    return ", ".join(words) + "."


def _blocks(model: nn.Module, size: Sequence[int] | None) -> list[Block]:
    dims = next(p.ndim - 2 for p in model.parameters() if p.ndim > 2)
    steps = trace(model, size or ((256,) * 2 if dims == 2 else (64,) * 3))
    return blocks(steps, {steps[-1].channels, getattr(model, "classes", steps[-1].channels)})


def _links(found: Sequence[Block]) -> list[tuple[int, int, str]]:
    """(from, to, kind of arrow): a block's main input is what was made last, the others come over skips."""
    links = []
    for end, block in enumerate(found):
        maps = [i for i in block.inputs if found[i].kind != "attention"]
        main = max(maps or block.inputs, default=None)
        for start in sorted(block.inputs):
            steps = block.level - found[start].level
            if block.kind == "attention" and len(block.inputs) > 1:
                kind = "gating" if steps else "skip"
            elif start == main:
                kind = "down" if steps > 0 else "up" if steps else "on"
            else:
                kind = "skip down" if steps > 0 else "skip up" if steps else "skip"
            links.append((start, end, kind))
    return links


def _draw(ax: Axes, found: Sequence[Block], centres: np.ndarray, fontsize: float) -> None:
    """Draw the blocks and their links; `fontsize` 0 leaves the numbers out."""
    lines: list[np.ndarray] = []
    links = _links(found)
    across = centres[:, 0]
    for start, end, kind in sorted(
        links, key=lambda k: (len(k[2]) if "skip" in k[2] else 0, across[k[1]] - across[k[0]])
    ):
        lines.append(route(start, end, centres, lines))
        if len(lines[-1]) > 1:
            arrow = FancyArrowPatch(path=Path(lines[-1]), arrowstyle="-|>", mutation_scale=8, zorder=1, **_ARROWS[kind])
            ax.add_patch(arrow)
    for block, (x, y) in zip(found, centres, strict=True):
        _box(ax, block, x, y, fontsize)
    top = max(0.0, *(float(line[:, 1].max()) for line in lines if len(line)))
    right, bottom = centres[:, 0].max() + 0.5, centres[:, 1].min() - 0.5
    if fontsize:
        for level in range(int(-centres[:, 1].min()) + 1):
            ax.text(
                -0.55, -level, "1" if not level else f"1/{2**level}", ha="right", va="center", fontsize=9, color=INK
            )
        ax.text(-0.55, 0.5, "size", ha="right", va="center", fontsize=9, color=INK)
    ax.set_xlim(-1.1 if fontsize else -0.5, right)
    ax.set_ylim(bottom, max(top + 0.1, 0.55))
    ax.set_aspect("equal")
    ax.set_axis_off()


def _box(ax: Axes, block: Block, x: float, y: float, fontsize: float) -> None:
    look: dict[str, Any] = {"facecolor": _FILL[block.kind], "edgecolor": INK, "linewidth": 0.9, "zorder": 2}
    if block.kind == "attention":
        ax.add_patch(RegularPolygon((x, y), 4, radius=HALF * 0.95, **look))
        return
    corner = (x - HALF + 0.05, y - HALF + 0.05)
    hatch = {"scores": "////", "image": "...."}.get(block.kind)
    side = 2 * HALF - 0.1
    ax.add_patch(FancyBboxPatch(corner, side, side, boxstyle="round,pad=0.05", hatch=hatch, **look))
    if block.attends:
        ax.add_patch(
            RegularPolygon((x + HALF, y + HALF), 4, radius=0.15, **(look | {"facecolor": PURPLE, "zorder": 3}))
        )
    if block.recurrent:
        place = (x, y - 0.6 * HALF) if fontsize else (x, y)
        ax.text(*place, "↻", ha="center", va="center", fontsize=9, zorder=3, color=INK)
    if fontsize:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85} if hatch else None
        up = 0.25 * HALF if block.recurrent else 0
        ax.text(x, y + up, str(block.channels), ha="center", va="center", fontsize=fontsize, zorder=4, bbox=box)


def _legend(figure: Figure, drawn: Sequence[Sequence[Block]]) -> None:
    """Only what is drawn."""
    every = [block for found in drawn for block in found]
    kinds = {kind for found in drawn for _, _, kind in _links(found)}
    said: dict[Kind, str] = {
        "image": "image", "maps": "convolutions (channels)", "scores": "scores (classes)", "attention": "attention",
    }  # fmt: skip
    present = {block.kind for block in every} | ({"attention"} if any(block.attends for block in every) else set())
    hatches = {"image": "....", "scores": "////"}
    handles: list[Any] = [
        Patch(facecolor=_FILL[kind], edgecolor=INK, hatch=hatches.get(kind), label=said[kind])
        for kind in said
        if kind in present
    ]
    handles += [Line2D([], [], label=_SAID[kind], **_ARROWS[kind]) for kind in _SAID if kind in kinds]
    if any(block.recurrent for block in every):
        handles.append(
            Line2D([], [], color=INK, marker="$↻$", markersize=9, linestyle="none", label="same weights again")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=int(figure.get_figwidth() / 2), fontsize=9)
