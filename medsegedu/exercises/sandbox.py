"""One worker thread in which attempts run, with a time limit.

A thread and not a process, because an attempt is a function of the notebook, with all that it refers to. The thread is reused,
since torch makes a pool of OpenMP threads for every thread that computes. Code that does not end is stopped by an
exception raised inside it; code that cannot be stopped (a long call in C, an `except:` in a loop) is left behind and
silenced, and the next grading gets a new worker.
"""

import ctypes
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from medsegedu.exercises.capture import Printed, captured

GRACE = 2.0
"""Seconds that code gets to end after it was told to."""
GENTLE = 5
"""How often it is told gently."""


class Stopped(SystemExit):
    """Raised inside code that ran too long. A SystemExit, because threads end on it without a word on stderr."""


class _StoppedAgain(Stopped):
    """For code that swallowed `Stopped` several times, like `while True:` around `try: ... except: pass`.

    There it is always the `try` that is hit. But swallowing makes an object of the class, and that interrupts the next
    line as well: one outside the `try`. Only a second means, because it cuts a `finally:` short.
    """

    def __init__(self) -> None:
        super().__init__()
        frame = sys._getframe(1) if isinstance(threading.current_thread(), _Worker) else None
        while frame is not None and frame.f_code is not _Worker.run.__code__:
            frame.f_trace = _interrupt_line
            sys.settrace(_interrupt_line)
            frame = frame.f_back


def _interrupt_line(frame: FrameType, event: str, argument: Any) -> Any:
    if event == "line":
        _interrupt(threading.get_ident(), _StoppedAgain)
    return _interrupt_line


def _interrupt(thread: int, kind: type[Stopped]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


class TimedOut(Exception):
    """The job did not end in time."""


@dataclass
class _Job:
    function: Callable[[], Any]
    done: threading.Event
    result: Any = None
    error: BaseException | None = None


class _Worker(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="medsegedu attempts", daemon=True)
        self.jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.printed = Printed()
        self.abandoned = False

    def run(self) -> None:
        while not self.abandoned:
            job = self.jobs.get()
            try:
                job.result = job.function()
            except BaseException as error:
                sys.settrace(None)
                job.error = error
            finally:
                job.done.set()
            del job

    def stop(self, done: threading.Event) -> None:
        """Raise `Stopped` in the thread until it ends or `GRACE` is over; then a last time, for when it wakes up."""
        self.abandoned = self.printed.closed = True
        start, times = time.monotonic(), 0
        while not done.is_set() and self.is_alive() and time.monotonic() < start + GRACE:
            _interrupt(self.ident or 0, Stopped if times < GENTLE else _StoppedAgain)
            done.wait(0.05)
            times += 1
        if not done.is_set():
            _interrupt(self.ident or 0, Stopped)


_worker: _Worker | None = None
_abandoned: list[_Worker] = []


def run(function: Callable[[], Any], seconds: float) -> tuple[Any, Printed]:
    """Call `function` in the worker.

    Returns:
        what it returned, and what it printed.

    Raises:
        TimedOut: it took longer than `seconds`.
        BaseException: what it raised; KeyboardInterrupt (from the keyboard) also stops the worker.
    """
    global _worker
    if _worker is None or not _worker.is_alive() or _worker.abandoned:
        _worker = _Worker()
        _worker.start()
    worker, job = _worker, _Job(function, threading.Event())
    worker.printed = Printed()
    with captured(while_alive=_abandoned):
        worker.jobs.put(job)
        try:
            finished = _wait(job.done, seconds)
        except BaseException:
            _leave(worker, job)
            raise
        if not finished:
            _leave(worker, job)
            raise TimedOut
    if job.error is not None:
        raise job.error
    return job.result, worker.printed


def _wait(done: threading.Event, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done.wait(min(0.2, max(0.0, end - time.monotonic()))):  # short waits: on Windows Ctrl-C waits for them
        if time.monotonic() >= end:
            return False
    return True


def _leave(worker: _Worker, job: _Job) -> None:
    worker.stop(job.done)
    if not job.done.is_set():
        _abandoned.append(worker)
