"""What happens in another process: measure one seed, on one thread, so that processes do not fight for the cores."""

import importlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import Any


def measure(module: str, key: str, seed: int, preset: str) -> dict[str, Any]:
    """One seed of the claim `key` that `module` defines: its seed, values and seconds. The same numbers in any process."""
    from medsegedu.claims.registry import get

    importlib.import_module(module)
    claim = get(key)
    with _one_thread(), _preset(preset):
        start = time.perf_counter()
        values = claim.measure(seed)
        claim.difference(values)  # a ratio of values that are not positive fails here, with its seed
        return {"seed": seed, "values": values, "seconds": round(time.perf_counter() - start, 3)}


def prepare_process() -> None:
    """Leave Ctrl-C to the parent, which then ends this process; and end with a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on how many threads share them, so one thread gives the same digits everywhere."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _preset(name: str) -> Iterator[None]:
    before = os.environ.get("MEDSEGEDU_PRESET")
    os.environ["MEDSEGEDU_PRESET"] = name  # a worker on another machine has its own environment
    try:
        yield
    finally:
        os.environ.pop("MEDSEGEDU_PRESET")
        if before is not None:
            os.environ["MEDSEGEDU_PRESET"] = before
