"""The U drawn to scale (lesson 03)."""

from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from medsegedu.show.look import BLUE, GREEN, INK, ORANGE, SKY, VERMILION, canvas, style
from medsegedu.show.picture import Picture

Kind = Literal["map", "joined", "stuck"]
_HATCH = "////"
_GAP = 0.13  # between two maps, in widths of the image


@dataclass(frozen=True)
class _Map:
    """A feature map of the drawing: its size in pixels, its channels, its level (0 at the top), and what it is."""

    size: int
    channels: int
    level: int
    kind: Kind = "map"


def u(
    size: int = 572, depth: int = 4, width: int = 64, *, padding: Literal["valid", "same"] = "valid", classes: int = 2
) -> Picture:
    """A U-Net for images of `size` pixels, drawn to scale: a box's height is its map's size, its width the root of the channels.

    Where the size does not fit, the drawing ends at the pool that meets an odd map, and says so.
    """
    left, right, trouble = _maps(size, depth, width, 2 if padding == "valid" else 0, classes)
    middles = _middles(size, depth)
    with style():
        figure, (ax,) = canvas(size=(10.4, 6.2))
        x, ends, before = 0.0, {}, None
        for box in left:
            x = _step(ax, before, box, x, middles, size)
            before, ends[box.level] = box, (x, box.channels)
        for box in right:
            if box.kind == "joined":
                _skip(ax, *ends[box.level], x, middles[box.level], box, size)
            x = _step(ax, before, box, x, middles, size)
            before = box
        if trouble:
            ax.text(x + 0.05 * size, middles[left[-1].level], trouble, color=VERMILION, va="center", fontsize=12)
        else:
            ax.text(x + 0.03 * size, middles[0], f"{classes} scores\na pixel", va="center", fontsize=10)
        ax.set_xlim(-0.06 * size, max(x, 4.9 * size) + 0.4 * size)
        ax.set_ylim(middles[depth] - 0.25 * size, 0.16 * size)
        ax.set_aspect("equal")
        ax.set_axis_off()
        _legend(figure)
        name = "without padding" if padding == "valid" else "with padding"
        ax.set_title(f"A U-Net of depth {depth} {name}, to scale: channels above each map, pixels below", fontsize=12)
    found = trouble.replace("\n", " ") or f"{right[-1].size} x {right[-1].size} pixels get their scores"
    said = ", ".join(f"{box.channels} channels of {box.size} pixels" for box in left[2::3])
    return Picture(
        figure,
        f"A U-shaped network drawn to scale. {size} x {size} pixels go in at the upper left. The levels of the way down: {said}. "
        f"Each level of the way up is joined with the centre of the map of the same level. The end: {found}.",
    )


def _maps(size: int, depth: int, width: int, loss: int, classes: int) -> tuple[list[_Map], list[_Map], str]:
    """The maps on the way down and up; and, where the size does not fit, a sentence instead of the way up."""
    left = [_Map(size, 1, 0)]
    for level in range(depth + 1):
        if level:
            size, channels = left[-1].size, left[-1].channels
            if size % 2:
                left[-1] = _Map(size, channels, level - 1, "stuck")
                return left, [], f"{size} is odd:\nno pool can halve it"
            left.append(_Map(size // 2, channels, level))
        for _ in range(2):
            left.append(_Map(left[-1].size - loss, width * 2**level, level))
            if left[-1].size <= 0:
                left[-1] = _Map(1, width * 2**level, level, "stuck")
                return left, [], "nothing is left"
    right: list[_Map] = []
    for level in reversed(range(depth)):
        size = 2 * (right or left)[-1].size
        right.append(_Map(size, 2 * width * 2**level, level, "joined"))
        for _ in range(2):
            right.append(_Map(right[-1].size - loss, width * 2**level, level))
            if right[-1].size <= 0:
                return left, [], "nothing is left\non the way up"
    right.append(_Map(right[-1].size, classes, 0))
    return left, right, ""


def _middles(size: int, depth: int) -> list[float]:
    """The height of each level's middle; the top of the first is 0."""
    middles, top = [], 0.0
    for level in range(depth + 1):
        middles.append(top - size / 2**level / 2)
        top -= size / 2**level + 0.24 * size
    return middles


def _step(ax: Axes, before: _Map | None, box: _Map, x: float, middles: list[float], unit: int) -> float:
    """Draw a map to the right of x, and the arrow that leads to it from the map before; returns its right edge."""
    start = x + (_GAP * unit if before else 0)
    wide, middle = _wide(box.channels, unit), middles[box.level]
    low, high = middle - box.size / 2, middle + box.size / 2
    look: dict[str, Any] = {"edgecolor": INK, "linewidth": 0.8}
    if box.kind == "joined":
        ax.add_patch(Rectangle((start, low), wide / 2, box.size, facecolor=(SKY, 0.8), hatch=_HATCH, **look))
        ax.add_patch(Rectangle((start + wide / 2, low), wide / 2, box.size, facecolor=(ORANGE, 0.8), **look))
    elif box.kind == "stuck":
        ax.add_patch(Rectangle((start, low), wide, box.size, facecolor=(VERMILION, 0.5), hatch="xxx", **look))
    else:
        ax.add_patch(Rectangle((start, low), wide, box.size, facecolor=(BLUE, 0.6), **look))
    centre, room = start + wide / 2, 0.085 * unit
    small: dict[str, Any] = {"ha": "center", "fontsize": 8}
    ax.text(centre, high + 0.015 * unit, str(box.channels), va="bottom", **small)
    ax.text(centre, low - 0.015 * unit, str(box.size), va="top", color=BLUE, **small)
    if before is not None:
        here = (x, middles[before.level])
        if box.level > before.level:
            ax.add_patch(_arrow(here, (centre, high + room), VERMILION, "angle,angleA=0,angleB=90"))
        elif box.level < before.level:
            ax.add_patch(_arrow(here, (start + 0.75 * wide, low - room), GREEN, "angle,angleA=0,angleB=90"))
        else:
            ax.add_patch(_arrow(here, (start, middle), INK))
    return start + wide


def _skip(ax: Axes, end: float, channels: int, x: float, middle: float, box: _Map, unit: int) -> None:
    """Hatch the part of the encoder's map (its right edge is `end`) that is cut out, and lead it to the map at x."""
    wide = _wide(channels, unit)
    place = (end - wide, middle - box.size / 2)
    ax.add_patch(Rectangle(place, wide, box.size, facecolor=(SKY, 0.8), edgecolor=INK, hatch=_HATCH, linewidth=0.8))
    ax.add_patch(_arrow((end, middle + 0.1 * box.size), (x + _GAP * unit, middle + 0.1 * box.size), SKY, width=2.2))


def _wide(channels: int, unit: int) -> float:
    return 0.0035 * unit * channels**0.5


def _arrow(
    start: tuple[float, float], end: tuple[float, float], colour: str, path: str = "arc3", width: float = 1.3
) -> FancyArrowPatch:
    return FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=9, color=colour, linewidth=width, shrinkA=1, shrinkB=1,
        connectionstyle=path,
    )  # fmt: skip


def _legend(figure: Figure) -> None:
    lines = {
        "3x3 convolution + ReLU": INK, "2x2 max-pool": VERMILION, "2x2 up-convolution": GREEN, "skip": SKY,
    }  # fmt: skip
    handles: list[Any] = [Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in lines.items()]
    handles.append(Patch(facecolor=(SKY, 0.8), edgecolor=INK, hatch=_HATCH, label="what the skip carries"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
