"""Scans and their labels: `case`, `overlay`, `gallery`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from medsegedu.errors import UserError
from medsegedu.show.look import canvas, class_style, style
from medsegedu.show.picture import Picture
from medsegedu.show.planes import (
    array,
    best_index,
    centre_of_largest,
    draw_scan,
    grey_range,
    plane_spacing,
    scale_bar,
    take,
)


def case(
    case: Any,
    *,
    contrasts: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    window: tuple[float, float] | None = None,
    unit: str = "mm",
    alt: str | None = None,
) -> Picture:
    """Every contrast of a case side by side, and the first again under the outlines of its label.

    A volume shows three planes through the middle of its largest target (the last class that it holds).

    Args:
        case: image (C, *spatial), label (*spatial) or None, spacing in mm; 2D, or 3D in the order x, y, z.
        contrasts, classes: the names of channels and classes, as `dataset.contrasts` and `dataset.classes`.
        window: (center, width) in the image's own unit; by default each contrast's 0.5 to 99.5 percentiles.
        unit: what the spacing counts: "pixels" for pictures without a known scale.
        alt: the description; by default one made from the names.
    """
    image = array(case.image)  # (C, *spatial)
    label = None if case.label is None else array(case.label).astype(int)  # (*spatial)
    titles = _names(contrasts, len(image), "contrast")
    planes: list[str | None] = [None] if image.ndim == 3 else ["axial", "coronal", "sagittal"]
    columns = len(image) + (label is not None)
    heights = [2.3 * _proportion(image.shape[1:], case.spacing, plane) for plane in planes]  # inches
    with style():
        figure, axes = canvas(
            len(planes), columns, size=(2.3 * columns, min(sum(heights), 9) + 0.8), height_ratios=heights
        )
        centre = None if label is None or label.ndim == 2 else centre_of_largest(label == label.max())
        windows = [_window(whole, window) for whole in image]  # of the whole scan: equal greys in all planes
        for row, plane in enumerate(planes):
            cut, truth, mm = image, label, plane_spacing(case.spacing, plane)
            if plane is not None:
                index = best_index(image[0] > image[0].mean(), plane, centre)
                cut, truth = take(image, plane, index), None if label is None else take(label, plane, index)
            row_axes = axes[row * columns : (row + 1) * columns]
            for channel, title in enumerate(titles):
                draw_scan(row_axes[channel], cut[channel], mm, windows[channel])
                row_axes[channel].set_title(title if row == 0 else "")
            if truth is not None:
                overlay(cut[0], truth, ax=row_axes[-1], classes=classes, spacing=mm, window=windows[0], legend=False)
                row_axes[-1].set_title("label" if row == 0 else "")
            scale_bar(row_axes[0], mm[1], unit)
            if plane is not None:
                row_axes[0].text(
                    -0.06, 0.5, plane, rotation=90, transform=row_axes[0].transAxes, ha="right", va="center"
                )
        if label is not None:
            keys = _legend_lines(label, classes)
            figure.legend(handles=keys, loc="outside lower center", ncols=min(len(keys), 5) or 1)
    where = f"patient {case.patient}" if getattr(case, "patient", None) is not None else "one case"
    outlined = "" if label is None else ", and the outlines of its label"
    return Picture(figure, alt or f"Scans of {where}: {', '.join(titles)}{outlined}.")


def overlay(
    image: Any,
    label: Any,
    *,
    ax: Axes | None = None,
    classes: Sequence[str] | None = None,
    spacing: Sequence[float] | None = None,
    window: tuple[float, float] | None = None,
    legend: bool = True,
    alt: str | None = None,
) -> Picture | Axes:
    """A scan (rows, columns) with each class of `label` outlined in its own colour and line.

    Returns the axes when it draws into `ax`, else a Picture.
    """
    image, label = array(image), array(label).astype(int)
    if image.shape[:2] != label.shape:
        raise UserError(
            f"The image is {image.shape} and the label {label.shape}; overlay wants one plane of each, alike."
        )
    mm = (float(spacing[0]), float(spacing[1])) if spacing is not None else None
    with style():
        figure = None
        if ax is None:
            figure, (ax, *_) = canvas(size=(4.2, 4.4))
        draw_scan(ax, image, mm, window)
        names = _class_names(label, classes)
        for index in _present(label):
            look = class_style(index, names)
            tint = np.zeros((*label.shape, 4))  # red, green, blue, opacity
            tint[label == index] = to_rgba(look.colour, 0.22)
            ax.imshow(tint, aspect=ax.get_aspect())
            outline(ax, label == index, look.colour, look.line, look.width, parts=1)
        if legend:
            keys = _legend_lines(label, classes)
            ax.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=min(2, len(keys)) or 1)
        if figure is None:
            return ax
        if mm is not None:
            scale_bar(ax, mm[1])
    return Picture(
        figure, alt or f"A scan with the outlines of {', '.join(names[i] for i in _present(label)) or 'nothing'}."
    )


def gallery(
    images: Sequence[Any], titles: Sequence[str] | None = None, columns: int = 4, *, alt: str, same_range: bool = False
) -> Picture:
    """Images (rows, columns) or (rows, columns, 3) in a grid, each in its own grey range or all in one (`same_range`)."""
    arrays = [array(image) for image in images]
    if not arrays:
        raise UserError("gallery got no images; give it at least one.")
    if titles is not None and len(titles) != len(arrays):
        raise UserError(f"gallery got {len(arrays)} images and {len(titles)} titles; give one title an image.")
    bounds = (min(float(a.min()) for a in arrays), max(float(a.max()) for a in arrays))
    window = (sum(bounds) / 2, max(bounds[1] - bounds[0], 1e-9)) if same_range else None
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    tallest = max(a.shape[0] / a.shape[1] for a in arrays)
    with style():
        figure, axes = canvas(rows, columns, size=(2.2 * columns, rows * (2.2 * min(tallest, 2) + 0.4)))
        for position, ax in enumerate(axes):
            ax.set_axis_off()
            if position < len(arrays):
                draw_scan(ax, arrays[position], None, window)
                ax.set_title("" if titles is None else titles[position], fontsize=11)
    return Picture(figure, alt)


def outline(axes: Axes, mask: NDArray[Any], colour: str, line: Any, width: float, parts: int = 4) -> None:
    """The border of a mask (rows, columns), along its pixels' edges (parts 4) or smooth (1).

    A thin black rim keeps it visible on bright tissue.
    """
    if not mask.any():
        return
    drawn = axes.contour(*fine(mask, parts), levels=[0.5], colors=[colour], linewidths=width, linestyles=[line])
    drawn.set_path_effects([patheffects.withStroke(linewidth=1.6 * width, foreground="black", alpha=0.5)])


def _proportion(shape: Sequence[int], spacing: Sequence[float], plane: str | None) -> float:
    """The height of a plane in mm over its width."""
    rows, columns = plane_spacing([n * mm for n, mm in zip(shape, spacing, strict=True)], plane)
    return rows / columns


def fine(mask: NDArray[Any], parts: int = 4) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(columns, rows, mask) with each pixel cut into `parts` squared, so that a contour follows the pixels' own edges."""
    padded = np.pad(mask, 1).astype(float)  # (rows, columns) -> (rows + 2, columns + 2): closes outlines at the border
    cut = padded.repeat(parts, 0).repeat(parts, 1)  # -> (parts * (rows + 2), parts * (columns + 2))
    rows, columns = ((np.arange(n) + 0.5) / parts - 1.5 for n in cut.shape)
    return columns, rows, cut


def _present(label: NDArray[Any]) -> list[int]:
    """The classes of a label map, without the background."""
    return [int(index) for index in np.unique(label) if index > 0]


def _class_names(label: NDArray[Any], classes: Sequence[str] | None) -> Sequence[str]:
    largest = int(label.max(initial=0))
    return _names(classes, largest + 1, "class", at_least=True, start=0)


def _names(
    names: Sequence[str] | None, count: int, kind: str, *, at_least: bool = False, start: int = 1
) -> Sequence[str]:
    if names is None:
        return [f"{kind} {number + start}" for number in range(count)]
    if len(names) != count and not (at_least and len(names) > count):
        raise UserError(
            f"There are {count} {kind}{'es' if kind == 'class' else 's'} but {len(names)} names {tuple(names)}; give one each."
        )
    return names


def _legend_lines(label: NDArray[Any], classes: Sequence[str] | None) -> list[Line2D]:
    names = _class_names(label, classes)
    looks = [(names[index], class_style(index, names)) for index in _present(label)]
    rim = [patheffects.withStroke(linewidth=3.2, foreground="#555555")]  # yellow on white paper needs an edge
    return [Line2D([], [], color=s.colour, linestyle=s.line, linewidth=2, label=n, path_effects=rim) for n, s in looks]


def _window(image: NDArray[Any], window: tuple[float, float] | None) -> tuple[float, float]:
    """(center, width) of the greys, as given or as the image asks for."""
    low, high = grey_range(image, window)
    return (low + high) / 2, high - low
