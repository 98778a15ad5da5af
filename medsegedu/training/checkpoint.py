"""Keep a training run on disk, so that a kill or Ctrl-C loses at most a few steps."""

import io
from pathlib import Path
from typing import Any

import torch

from medsegedu.errors import UserError
from medsegedu.files import write_atomically


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and dicts, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, *, run: dict[str, Any]) -> dict[str, Any] | None:
    """The state that `save_checkpoint` wrote, or None where there is none.

    Args:
        run: the settings of this run; a checkpoint of other settings is refused rather than mixed in.

    Raises:
        UserError: the file is broken, or belongs to a run with other settings.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        stored = state["run"]
    except Exception as error:  # a broken pickle raises anything from EOFError to UnpicklingError
        raise UserError(f"The checkpoint {path} can't be read; delete it to start again.") from error
    different = [name for name in run if stored.get(name) != run[name]]
    if different:
        name = different[0]
        raise UserError(
            f"The checkpoint {path} is of a run with {name} = {stored.get(name)}, not {run[name]}; "
            f"delete it or name another file."
        )
    return state
