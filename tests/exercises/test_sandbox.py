"""The worker: limits, interrupts and what an attempt prints."""
# ruff: noqa: T201 - printing is what is tested

import _thread
import signal
import sys
import threading
import time
from typing import Any

import pytest
import torch

from medsegedu.exercises import sandbox
from medsegedu.exercises.capture import Router
from medsegedu.exercises.engine import Exercise

from .test_engine import right


@pytest.fixture
def hurried(toy: Exercise, monkeypatch: pytest.MonkeyPatch) -> Exercise:
    toy.grade(right)  # the reference's own run is not under the short limit
    monkeypatch.setattr(toy.judge, "seconds", 0.3)
    return toy


def test_endless_loop(hurried: Exercise) -> None:
    def endless(image, rows):
        while True:
            pass

    outcome = hurried.grade(endless)
    assert outcome.status == "error"
    assert outcome.message == "Your code ran longer than 0.3 s; does a loop never end?"
    assert hurried.grade(right).status == "right"


def test_endless_loop_that_catches_everything(hurried: Exercise) -> None:
    def stubborn(image, rows):
        while True:
            try:
                sum(range(1000))
            except:  # noqa: E722
                continue

    worker = sandbox._worker
    assert worker
    assert "ran longer" in hurried.grade(stubborn).message
    worker.join(5)
    assert not worker.is_alive()  # stopped, not left behind
    assert hurried.grade(right).status == "right"


def test_code_that_cannot_be_stopped_is_left_behind_and_silenced(
    hurried: Exercise, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    over = threading.Event()
    wrote = []

    def asleep(image, rows):
        try:
            time.sleep(1.5)  # one call in C: no exception gets in
        finally:
            try:
                print("from the grave")
                wrote.append(True)
            finally:
                over.set()

    assert "ran longer" in hurried.grade(asleep).message
    assert hurried.grade(right).status == "right"
    assert over.wait(5)
    print("the notebook itself")
    assert capsys.readouterr().out == "the notebook itself\n"
    assert not wrote
    deadline = time.monotonic() + 5
    while any(worker.is_alive() for worker in sandbox._abandoned) and time.monotonic() < deadline:
        time.sleep(0.05)
    hurried.grade(right)
    assert not isinstance(sys.stdout, Router)


def test_endless_printer(hurried: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    def printer(image, rows):
        while True:
            print("line")

    assert "ran longer" in hurried.grade(printer).message
    assert capsys.readouterr().out == ""


def test_printing_is_kept_and_counted(toy: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    def chatty(image, rows):
        print("shape", tuple(image.shape))
        sys.stderr.write("a warning\n")
        return right(image, rows)

    outcome = toy.grade(chatty)
    assert outcome.status == "right"
    assert outcome.printed.startswith("shape (2, 9, 5)\na warning\n")
    assert capsys.readouterr() == ("", "")
    toy.check(chatty)
    assert "Your function printed" in capsys.readouterr().out


def test_a_megabyte_of_printing_is_wrong(toy: Exercise) -> None:
    def flooding(image, rows):
        print("x" * 1_000_000)
        return right(image, rows)

    outcome = toy.grade(flooding)
    assert outcome.status == "wrong"
    assert "printed 3,000,003 characters" in outcome.message
    assert len(outcome.printed) < 2_100


def test_only_the_workers_output_is_captured(capsys: pytest.CaptureFixture[str]) -> None:
    inside, written = threading.Event(), threading.Event()

    def neighbour() -> None:
        inside.wait(5)
        print("outside")
        written.set()

    thread = threading.Thread(target=neighbour)
    thread.start()

    def job() -> None:
        inside.set()
        written.wait(5)
        print("inside")

    _, printed = sandbox.run(job, 10)
    thread.join()
    assert str(printed) == "inside\n"
    assert capsys.readouterr().out == "outside\n"


def test_one_worker_for_all(toy: Exercise) -> None:
    threads = set()

    def noting(image, rows):
        threads.add(threading.get_ident())
        if rows == 7:
            raise SystemExit
        return right(image, rows)

    for _ in range(2):
        toy.grade(noting)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_interrupt_stops_the_worker(toy: Exercise) -> None:
    running, ended = threading.Event(), threading.Event()

    def endless(image, rows):
        running.set()
        try:
            while True:
                pass
        finally:
            ended.set()

    def press() -> None:
        running.wait(10)
        _thread.interrupt_main(signal.SIGINT)

    toy.grade(right)
    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        toy.grade(endless)
    thread.join()
    assert ended.wait(5)
    assert toy.grade(right).status == "right"


def test_output_bound_to_a_stream_of_its_own_is_restored(hurried: Exercise) -> None:
    def rebinding(image, rows):
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115
        return right(image, rows)

    before: Any = sys.stdout
    assert hurried.grade(rebinding).status == "right"
    assert sys.stdout is before


def test_torch_state_of_the_worker_does_not_leak() -> None:
    sandbox.run(lambda: torch.zeros(1), 10)
    assert torch.is_grad_enabled()
