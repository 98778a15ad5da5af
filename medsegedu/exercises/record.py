"""Progress, kept in `progress.json` of the results folder: a convenience that never stands in a lesson's way."""

import contextlib
import datetime
import json
from typing import Any

from medsegedu.errors import UserError
from medsegedu.exercises.outcome import NOT_STARTED, RIGHT
from medsegedu.files import results_folder, write_atomically


def read() -> dict[str, dict[str, Any]]:
    """Exercise key -> `status`, `tries`, `date`; empty if there is no readable record."""
    try:
        content = json.loads((results_folder() / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return (
        {key: entry for key, entry in content.items() if isinstance(entry, dict)} if isinstance(content, dict) else {}
    )


def note(key: str, status: str) -> None:
    """Merge one check into the record. Once right stays right; a stub is not a try; failure to write is ignored."""
    entries = read()
    entry = entries.get(key, {})
    tries = entry.get("tries", 0)
    entries[key] = {
        "status": RIGHT if RIGHT in (entry.get("status"), status) else status,
        "tries": (tries if isinstance(tries, int) else 0) + (status != NOT_STARTED),
        "date": datetime.date.today().isoformat(),
    }
    with contextlib.suppress(OSError, UserError):
        write_atomically(results_folder() / "progress.json", json.dumps(entries, indent=1, sort_keys=True) + "\n")
