"""What attempts print is kept apart: only what comes from their thread, and only so much of it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

KEPT = 2_000
"""Characters of the printing that are kept; the rest is counted."""


class Printed:
    """The first `KEPT` characters, and how many there were. A thread that has one as its `printed` is captured.

    Attributes:
        closed: nobody listens any more; whoever still writes is ended.
    """

    def __init__(self) -> None:
        self.kept, self.count, self.closed = "", 0, False

    def add(self, text: str) -> None:
        if self.closed:
            raise SystemExit
        self.kept += text[: KEPT - len(self.kept)]
        self.count += len(text)

    def __str__(self) -> str:
        more = self.count - len(self.kept)
        return self.kept + (f"\n... and {more:,} more characters" if more else "")


class Router:
    """Stands in for `sys.stdout` or `sys.stderr`: keeps what captured threads write, passes on everything else."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        printed = getattr(threading.current_thread(), "printed", None)
        if not isinstance(printed, Printed):
            return self.stream.write(text)
        printed.add(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def captured(while_alive: list[Any]) -> Iterator[None]:
    """Route both streams; beyond the end too as long as a thread of `while_alive` lives, for it may print for ever."""
    streams = [stream.stream if isinstance(stream, Router) else stream for stream in (sys.stdout, sys.stderr)]
    routers = [Router(stream) for stream in streams]
    sys.stdout, sys.stderr = routers
    try:
        yield
    finally:
        while_alive[:] = [thread for thread in while_alive if thread.is_alive()]
        sys.stdout, sys.stderr = routers if while_alive else streams
