"""What this computer has: memory, and folders that exist. Standard library only."""

import os
from pathlib import Path

_LIMITS = {  # what a container may take, and what it takes: cgroup version 2, then 1
    "/sys/fs/cgroup/memory.max": "/sys/fs/cgroup/memory.current",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "/sys/fs/cgroup/memory/memory.usage_in_bytes",
}


def memory_gb(system: Path = Path("/")) -> tuple[float | None, float | None]:
    """(total, free) in GB, of the container where there is one, else of the machine; None where the system doesn't say.

    Args:
        system: where /proc and /sys are looked for.
    """
    total = _physical()
    free = _available(system / "proc/meminfo")
    for limit_file, used_file in _LIMITS.items():
        limit, used = (_number(system / name.lstrip("/")) for name in (limit_file, used_file))
        if limit is not None and (total is None or limit < total):  # "max" and huge numbers mean no limit
            total = limit
            if used is not None:
                free = max(0, min(limit - used, limit if free is None else free))
            break
    return (None if total is None else total / 1e9), (None if free is None else free / 1e9)


def existing(folder: Path) -> Path:
    """`folder` itself, or the nearest folder above it that exists."""
    folder = folder.expanduser().absolute()
    return next((place for place in (folder, *folder.parents) if place.exists()), Path.cwd())


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def _available(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
