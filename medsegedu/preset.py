"""How much work a lesson does: `smoke` (a few steps, for tests), `quick` (a laptop) or `full` (a GPU)."""

import os
from typing import TypeVar

from medsegedu.errors import UserError

PRESETS = ("smoke", "quick", "full")
T = TypeVar("T")


def preset() -> str:
    """The preset named by `MEDSEGEDU_PRESET`; `quick` when it is unset.

    Raises:
        UserError: the variable names no preset.
    """
    name = os.environ.get("MEDSEGEDU_PRESET") or "quick"
    if name not in PRESETS:
        raise UserError(f"MEDSEGEDU_PRESET is '{name}'; set it to one of {', '.join(PRESETS)}, or unset it.")
    return name


def choose(*, smoke: T, quick: T, full: T) -> T:
    """The value that belongs to the current preset, e.g. `choose(smoke=3, quick=300, full=5000)` steps."""
    return {"smoke": smoke, "quick": quick, "full": full}[preset()]
