"""A small picture of a case with the outline of its label, as HTML."""

import base64
import io
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from medsegedu.data.case import Case

_LONGEST = 192  # pixels
_COLOURS = ((213, 94, 0), (86, 180, 233), (240, 228, 66), (204, 121, 167), (230, 159, 0))  # Okabe and Ito's


def figure(case: Case) -> str:
    """`<figure>` with a description: a picture, or the axial slice of a volume that holds most of its label (else the middle)."""
    image = case.image.numpy()  # (C, *spatial)
    label = np.zeros(image.shape[1:], np.int64) if case.label is None else case.label.numpy()
    spacing, where = case.spacing, ""
    if case.dims == 3:
        counts = (label > 0).sum((0, 1))
        z = int(counts.argmax()) if counts.any() else label.shape[2] // 2
        # (C, X, Y, Z) -> (C, rows from the front, columns from the left)
        image, label = image[..., z].swapaxes(1, 2)[:, ::-1], label[..., z].T[::-1]
        spacing, where = (spacing[1], spacing[0]), f", slice {z} of {case.image.shape[3]}"
    colours = image if len(image) == 3 and case.dims == 2 else image[:1].repeat(3, 0)
    rows, columns = _places(label.shape, spacing)
    picture = np.stack([_grey(channel[rows[:, None], columns]) for channel in colours], axis=2)  # (rows, columns, 3)
    values = [int(value) for value in np.unique(label) if value > 0]
    drawn = label[rows[:, None], columns]
    for value in values:
        _outline(picture, drawn == value, value - 1)  # a class has one colour in all pictures
    outlined = f" with the outlines of {len(values)} label values" if values else " without a label"
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png")
    data = base64.b64encode(buffer.getvalue()).decode()
    name = escape(case.id, quote=True)
    return (
        f'<figure><img alt="{name}{where}{outlined}" src="data:image/png;base64,{data}">'
        f"<figcaption>{name}{where}</figcaption></figure>"
    )


def _places(shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows and columns to show, so that proportions are true and the longer side has `_LONGEST` pixels."""
    length = np.multiply(shape, spacing)  # mm
    size = np.maximum(np.round(length / length.max() * _LONGEST), 1).astype(int)
    rows, columns = ((np.arange(n) * m // n) for n, m in zip(size, shape, strict=True))
    return rows, columns


def _grey(channel: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = np.percentile(channel, (0.5, 99.5))
    return (255 * np.clip((channel - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)


def _outline(picture: NDArray[np.uint8], mask: NDArray[np.bool_], order: int) -> None:
    """The border of a mask in its own colour, and dashed from the second on: colour alone is not enough."""
    border = mask & ~ndimage.binary_erosion(mask)
    if order:
        border &= np.add.outer(*(np.arange(n) for n in mask.shape)) % (3 + order % 5) > 0
    picture[border] = _COLOURS[order % len(_COLOURS)]
