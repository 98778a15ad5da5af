"""Keep what was read from many small files in one large one, which is read ten times as fast."""

import contextlib
import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.errors import UserError
from medsegedu.files import cache_folder

Arrays = Mapping[str, NDArray[Any]]
_KEY = "key"


def stored(name: str, key: tuple[object, ...], make: Callable[[], Arrays]) -> Arrays:
    """The arrays that `make` returns, read from the cache when they were made before with the same key.

    They are written and read as they are, a .npz file without pickles, so that memory holds them once. There is one file of a
    name, so that what is out of date is replaced. Where the cache can't be written, or the file is broken, they are made anew.

    Args:
        key: everything that the result depends on, such as `stamp` of each file that was read.
    """
    path = cache_folder() / "arrays" / f"{name}.npz"
    digest = np.frombuffer(hashlib.sha256(repr(key).encode()).digest(), np.uint8)
    try:
        with np.load(path, allow_pickle=False) as file:
            if np.array_equal(file[_KEY], digest):
                return {name: file[name] for name in file.files if name != _KEY}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        pass
    arrays = make()
    with contextlib.suppress(OSError):
        _save(path, {_KEY: digest, **arrays})
    return arrays


def stamp(path: Path) -> tuple[str, int, int]:
    """What changes when a file does: its place, size and time.

    Raises:
        UserError: there is no such file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"There is no file {path} ({error.strerror}); copy the set again from its source.") from None
    return str(path), found.st_size, found.st_mtime_ns


def _save(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
