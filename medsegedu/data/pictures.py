"""PNG, TIFF and JPEG, with every bit that they hold."""

import io
import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from medsegedu.data.grid import Grid
from medsegedu.data.pixels import Pixels, reading
from medsegedu.errors import UserError

TIFF = (".tif", ".tiff")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", *TIFF)
_COLOURS = ("red", "green", "blue")
_PNG = b"\x89PNG\r\n\x1a\n"


def read_picture(path: Path) -> NDArray[Any]:
    """A PNG, TIFF or JPEG -> array (H, W) or (H, W, channels), in the file's own data type; a stack (Z, H, W).

    Raises:
        UserError: no such file, not a readable picture, or one that can't be read without loss.
    """
    with reading(path, "an image"):
        return _tiff(path)[0] if path.suffix.lower() in TIFF else _picture(path, palette=False).copy()


def read_picture_pixels(path: Path, *, label: bool = False) -> Pixels:
    """A picture as (C, H, W), a stack of pictures as (1, X, Y, Z): columns, rows, pages, as volumes have their axes.

    An opaque alpha channel is dropped and noted, a transparent one refused: no one can tell what lies beneath. No pixel size is
    read, for the resolution that pictures carry is most often the screen's; the spacing is 1.

    Args:
        label: whether a palette's numbers are wanted, rather than its colours.
    """
    notes: list[str] = []
    with reading(path, "an image"):
        array, volume = _tiff(path) if path.suffix.lower() in TIFF else (_picture(path, label), False)
        if volume:
            stack = array.transpose(2, 1, 0)[None]  # (pages, rows, columns) -> (1, X, Y, Z)
            return Pixels(stack, Grid(stack.shape[1:], np.eye(4)), ("image",), ("no voxel size is recorded",))
        if array.ndim == 2:
            array = array[..., None]  # (H, W, 1)
        if array.shape[2] in (2, 4):
            alpha = array[..., -1]
            if (alpha != np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else alpha < 1).any():
                raise UserError(
                    f"{int((alpha != alpha.max()).sum())} of its pixels are transparent; flatten it in the program that made it."
                )
            array = array[..., :-1]
            notes.append("an opaque alpha channel was left out")
        if label and array.shape[2] == 3 and (array == array[..., :1]).all():
            array = array[..., :1]
        channels = np.ascontiguousarray(np.moveaxis(array, 2, 0))  # (C, H, W)
    names = _COLOURS if len(channels) == 3 else tuple(f"channel {c}" for c in range(len(channels)))
    return Pixels(
        channels, Grid(channels.shape[1:], np.eye(3)), names if len(channels) > 1 else ("image",), tuple(notes)
    )


def _picture(path: Path, palette: bool) -> NDArray[Any]:
    content = path.read_bytes()
    if content.startswith(_PNG):
        _check_png(content)
    with Image.open(io.BytesIO(content)) as image:
        if image.mode == "P" and not palette:
            return np.asarray(image.convert("RGBA" if "transparency" in image.info else "RGB"))
        if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
            return np.asarray(image.convert("RGB"))
        return np.asarray(image.convert("L")) // 255 if image.mode == "1" else np.asarray(image)


def _check_png(content: bytes) -> None:
    """Each piece of a PNG carries a checksum, which the reader of the pixels does not look at."""
    place, kind = len(_PNG), b""
    while kind != b"IEND":
        if place + 12 > len(content):
            raise ValueError("the file ends too early")
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, end = content[place + 4 : place + 8], place + 8 + length
        if end + 4 > len(content):
            raise ValueError("the file ends too early")
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            raise ValueError("its checksum is wrong: a byte has changed")
        if kind == b"IHDR" and content[place + 16] == 16 and content[place + 17] in (2, 4, 6):
            raise UserError("it has 16 bits in each of several channels, half of which would be lost; save it as TIFF.")
        place = end + 4


@contextmanager
def _complaints_are_errors() -> Iterator[None]:
    """tifffile logs what is broken and goes on with what it could guess."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR or "corrupted" in record.getMessage():
                said.append(record.getMessage())

    handler, logger = Listener(), logging.getLogger("tifffile")
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates
    if said:
        raise ValueError(said[0])


def _tiff(path: Path) -> tuple[NDArray[Any], bool]:
    """(H, W), (H, W, channels) or (Z, H, W), and whether it is a stack."""
    with _complaints_are_errors(), tifffile.TiffFile(path) as file:
        len(file.pages)  # follows the chain of pages to its end
        if len(file.series) != 1:
            raise UserError(f"it holds {len(file.series)} separate images; save each in a file of its own.")
        series = file.series[0]
        held = sum(sum(page.databytecounts) for page in series.pages if page is not None)
        ends = [
            o + n for p in series.pages if p is not None for o, n in zip(p.dataoffsets, p.databytecounts, strict=True)
        ]
        if not held or max(ends) > file.filehandle.size:
            raise ValueError("the file ends too early")
        array, axes = series.asarray(), series.axes
    kept = [n > 1 or axis in "YX" for n, axis in zip(array.shape, axes, strict=True)]
    array = array.reshape([n for n, keep in zip(array.shape, kept, strict=True) if keep])
    axes = "".join(axis for axis, keep in zip(axes, kept, strict=True) if keep)
    if array.dtype.kind not in "uifb" or min(array.shape) < 1:
        raise ValueError(f"it holds {array.shape} values of type {array.dtype}")
    if axes == "YX":
        return array, False
    if axes in ("YXS", "YXC"):
        return array, False
    if axes in ("CYX", "SYX"):
        return np.moveaxis(array, 0, 2), False
    if len(axes) == 3 and axes.endswith("YX") and axes[0] in "ZIQ":
        return array, True
    raise UserError(f"its axes are {axes} {array.shape}; save one picture, or one stack of grey pictures.")
