"""Where files go, and how they are written: whole or not at all."""

import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from medsegedu.errors import UserError


def write_atomically(path: Path | str, content: bytes | str) -> Path:
    """Write `content` to `path` so that a reader, a full disk or a kill never meets half a file.

    The bytes go to a temporary file beside the target, which then takes the target's name.

    Raises:
        UserError: the folder is read-only or the disk is full; an existing file at `path` is left as it was.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"Cannot write {path}: {error.strerror or error}. Free some space or choose another folder "
            f"(results: MEDSEGEDU_RESULTS, cache: MEDSEGEDU_CACHE)."
        ) from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
    return path


def results_folder() -> Path:
    """The folder for ledgers, reports and checkpoints: `MEDSEGEDU_RESULTS`, else `results` beside the notebook."""
    return Path(os.environ.get("MEDSEGEDU_RESULTS") or "results")


def cache_folder() -> Path:
    """The folder for downloads and made patients: `MEDSEGEDU_CACHE`, else the platform's user cache."""
    return Path(os.environ.get("MEDSEGEDU_CACHE") or user_cache_path("medsegedu"))
