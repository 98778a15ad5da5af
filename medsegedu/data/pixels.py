"""What every reader of image files returns, and how their many errors become one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray

from medsegedu.data.grid import Grid
from medsegedu.errors import UserError


@dataclass(frozen=True, eq=False)
class Pixels:
    """The content of one image file, nothing scaled and nothing lost.

    Args:
        array: (C, *grid.shape), in the file's own type (or with its rescaling applied).
        grid: where the voxels lie; volumes are turned to RAS.
        contrasts: the name of each channel.
        stored: the grid as the file has it, before it was turned; a prediction returns to this one.
        notes: sentences about what a reader should know: dropped opaque alpha, a header that contradicts itself.
    """

    array: NDArray[Any]
    grid: Grid
    contrasts: tuple[str, ...] = ("image",)
    notes: tuple[str, ...] = ()
    stored: Grid | None = None


def turned(pixels: Pixels) -> Pixels:
    """The same volume in RAS order; a view, without a copy. A picture stays as it is."""
    if pixels.grid.dims != 3:
        return pixels
    turns = io_orientation(pixels.grid.affine)
    array = np.moveaxis(apply_orientation(np.moveaxis(pixels.array, 0, 3), turns), 3, 0)
    return Pixels(array, pixels.grid.canonical(), pixels.contrasts, pixels.notes, pixels.grid)


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a UserError that names the file; the readers below raise what they like."""
    try:
        yield
    except UserError as error:
        if str(path) in str(error):
            raise
        raise UserError(f"{path}: {error}") from error
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(
                f"{path} is too long a name for this computer; shorten the file's or its folders'."
            ) from error
        if isinstance(error, PermissionError):
            raise UserError(f"{path} may not be read by you; ask its owner, or change its permissions.") from error
        raise UserError(_unreadable(path, kind, error)) from error
    except MemoryError as error:
        raise UserError(f"{path} does not fit into memory; read patches of it with LazyVolume.") from error
    except Exception as error:
        raise UserError(_unreadable(path, kind, error)) from error


def _unreadable(path: Path, kind: str, error: Exception) -> str:
    return f"{path} can't be read as {kind} ({short(error)}); copy it again from its source."


def short(error: BaseException) -> str:
    """The first words of an error's message, in one line."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split())[:120] or type(error).__name__
