"""Grading, checking, hints and the solution, on the toy exercise of conftest.py."""

import functools
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.exercises import all_exercises, progress
from medsegedu.exercises.engine import Exercise, NotRight

from .conftest import centre_crop


def right(image: Tensor, rows: int) -> Tensor:
    top = (image.shape[-2] - rows) // 2
    return image[..., top : top + rows, :]


def wrong(image: Tensor, rows: int) -> Tensor:
    return image[..., -rows:, :]


def stub(image: Tensor, rows: int) -> Tensor:
    """Cut the middle."""
    ...


def test_right_answer_stays_right(toy: Exercise) -> None:
    assert toy.check(right) is right
    assert toy.check(right) is right


def test_wrong_answer_gets_the_reference_and_a_second_run_of_the_cell_does_not_pass(toy: Exercise) -> None:
    bound = toy.check(wrong)
    assert bound is centre_crop
    assert toy.grade(bound).status == "not started"
    assert "your own function again" in toy.grade(bound).message


@pytest.mark.parametrize(
    "wrap", [functools.partial, lambda function: functools.wraps(function)(lambda *a: function(*a))]
)
def test_wrapped_reference_is_refused(toy: Exercise, wrap: Callable[..., Any]) -> None:
    assert toy.grade(wrap(centre_crop)).status == "not started"


def test_stubs(toy: Exercise) -> None:
    def passing(image, rows):
        pass

    def undone(image, rows):
        """With a docstring."""
        raise NotImplementedError("your turn")

    def begun(image, rows):
        top = rows // 2  # noqa: F841
        ...

    def blank(image, rows):
        top = ...
        return image[..., top : top + rows, :]

    for attempt in (stub, passing, undone, begun, blank):
        assert toy.grade(attempt).status == "not started", attempt
    assert "line" in toy.grade(blank).message


@pytest.mark.parametrize("body", ["...", "pass", "raise NotImplementedError", "'''Only words.'''", "return ..."])
def test_stub_without_source(toy: Exercise, body: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def attempt(image, rows):\n    {body}\ndef started(image, rows):\n    return image", scope)
    assert toy.grade(scope["attempt"]).status == "not started"
    assert toy.grade(scope["started"]).status == "wrong"


def test_explicit_none_is_an_attempt(toy: Exercise) -> None:
    def nothing(image, rows):
        return None

    outcome = toy.grade(nothing)
    assert outcome.status == "wrong"
    assert "`return` missing" in outcome.message


def test_finished_code_with_a_forgotten_ellipsis_passes(toy: Exercise) -> None:
    def finished(image, rows):
        ...
        return right(image, rows)

    assert toy.grade(finished).status == "right"


def test_mistakes_by_name(toy: Exercise) -> None:
    for name in ("first_rows", "two_rows", "raises"):
        outcome = toy.grade(toy.mistakes[name])
        assert (outcome.status, outcome.mistake, outcome.message) == ("wrong", name, toy.sentences[name])


def test_mistake_beside_other_trouble_is_not_named(toy: Exercise) -> None:
    def first_rows_and_more(image, rows):
        return image[..., :rows, :] * (1 if rows == 4 else 2)

    outcome = toy.grade(first_rows_and_more)
    assert (outcome.status, outcome.mistake) == ("wrong", None)


def test_exception_shows_the_students_line(toy: Exercise) -> None:
    def helper(image):
        return image.reshape(7, 7, 7)

    def failing(image, rows):
        return helper(image)

    outcome = toy.grade(failing)
    assert outcome.status == "error"
    assert "RuntimeError" in outcome.message
    assert f"line {helper.__code__.co_firstlineno + 1} of your code" in outcome.message
    assert "`return image.reshape(7, 7, 7)`" in outcome.message
    assert "image 2x9x5 and rows 4" in outcome.message


def test_long_exception_is_cut(toy: Exercise) -> None:
    def failing(image, rows):
        raise KeyError("long " * 500)

    assert len(toy.grade(failing).message) < 500


@pytest.mark.parametrize(
    ("error", "text"),
    [(SystemExit, "sys.exit()"), (KeyboardInterrupt, "KeyboardInterrupt"), (RecursionError, "calls itself")],
)
def test_unusual_exceptions(toy: Exercise, error: type[BaseException], text: str) -> None:
    def failing(image, rows):
        raise error

    outcome = toy.grade(failing)
    assert outcome.status == "error"
    assert text in outcome.message


def test_endless_recursion(toy: Exercise) -> None:
    def deeper(image, rows):
        return deeper(image, rows)

    assert "calls itself" in toy.grade(deeper).message


def test_exception_that_cannot_be_printed(toy: Exercise) -> None:
    class NastyError(Exception):
        def __str__(self):
            raise SystemExit

    def failing(image, rows):
        raise NastyError

    assert toy.grade(failing).status == "error"


@pytest.mark.parametrize("attempt", [3, None, torch.zeros(2, 3), "right"])
def test_not_a_function(toy: Exercise, attempt: Any) -> None:
    outcome = toy.grade(attempt)
    assert outcome.status == "wrong"
    assert "function itself" in outcome.message


def test_wrong_parameters(toy: Exercise) -> None:
    def lonely(image):
        return image

    outcome = toy.grade(lonely)
    assert outcome.status == "wrong"
    assert "takes `(image)`; it must take `(image, rows)`" in outcome.message


def test_in_place(toy: Exercise) -> None:
    def scribbling(image, rows):
        kept = right(image, rows).clone()
        image *= 0
        return kept

    outcome = toy.grade(scribbling)
    assert outcome.status == "wrong"
    assert "changes its input `image` in place" in outcome.message
    assert "`image = image.clone()`" in outcome.message
    assert toy.grade(right).status == "right"  # its inputs are not damaged


def test_nothing_flows_back(toy: Exercise) -> None:
    def detached(image, rows):
        return right(image, rows).detach()

    outcome = toy.grade(detached)
    assert outcome.status == "wrong"
    assert "nothing flows back to `image`" in outcome.message


def test_wrong_gradient(toy: Exercise) -> None:
    def doubled(image, rows):
        half = right(image, rows)
        return 2 * half - half.detach()

    assert "the gradient is not" in toy.grade(doubled).message


def test_behaviour_sentence_and_behaviour_that_fails(toy: Exercise) -> None:
    @toy.behaviour
    def whole(attempt):
        return None if attempt(torch.ones(1, 4, 4), 4).sum() == 16 else "Something is lost when all rows are asked for."

    def lossy(image, rows):
        return right(image, rows) * (0 if image.shape[-1] == 4 else 1)

    def odd(image, rows):
        return "text" if image.shape[-1] == 4 else right(image, rows)

    assert toy.grade(right).status == "right"
    assert toy.grade(lossy).message == "Something is lost when all rows are asked for."
    assert toy.grade(odd).status == "wrong"
    assert "The check 'whole'" in toy.grade(odd).message


def test_reference_that_raises_demands_the_exception() -> None:
    def root(value: float) -> float:
        if value < 0:
            raise UserError("no root")
        return value**0.5

    exercise = Exercise("99.root", reference=root, title="Root", minutes=1, difficulty=1, hints=("a", "b"))
    exercise.case(lambda random: (4.0,))

    @exercise.case
    def negative(random):
        return (-4.0,)

    def raising(value):
        if value < 0:
            raise ValueError("cannot")
        return value**0.5

    assert exercise.grade(raising).status == "right"
    assert "should raise ValueError" in exercise.grade(lambda value: abs(value) ** 0.5).message
    assert exercise.grade(lambda value: value["x"]).status == "error"


def test_state_is_left_as_it_was(toy: Exercise) -> None:
    def turning(image, rows):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        sys.setrecursionlimit(5000)
        return right(image, rows)

    def state() -> tuple[Any, ...]:
        numbers = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        deterministic = torch.are_deterministic_algorithms_enabled()
        return (*numbers, torch.get_default_dtype(), torch.is_grad_enabled(), deterministic, sys.getrecursionlimit())

    before = state()
    toy.grade(turning)  # wrong, without gradients: the mistakes run after it
    assert state() == before
    toy.judge.gradients = False
    toy.judge.forget()
    assert toy.grade(turning).status == "right"
    assert state() == before
    toy.judge.gradients = True
    toy.judge.forget()
    assert toy.grade(right).status == "right"  # gradients still flow in the worker


def test_every_call_has_the_same_seed() -> None:
    def noise(count: int) -> Tensor:
        return torch.randn(count)

    exercise = Exercise("99.noise", reference=noise, title="Noise", minutes=1, difficulty=1, hints=("a", "b"))
    exercise.case(lambda random: (7,))
    assert exercise.grade(lambda count: torch.randn(count)).status == "right"
    torch.set_default_dtype(torch.float64)  # a cell of the student's may do this
    try:
        assert exercise.grade(lambda count: torch.randn(count)).status == "right"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_hints_in_order(toy: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(4):
        toy.hint()
    shown = capsys.readouterr().out
    places = [shown.index(text) for text in toy.hints]
    assert places == sorted(places)
    assert shown.count(toy.hints[2]) == 2
    assert "Hint 3 of 3" in shown


def test_solution_after_three_wrong_tries(toy: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    for attempt in (stub, wrong, stub, wrong):
        toy.check(attempt)
    capsys.readouterr()
    toy.solution()
    assert "after 1 more try" in capsys.readouterr().out
    toy.check(wrong)
    toy.solution()
    assert "def centre_crop" in capsys.readouterr().out


def test_solution_after_a_pass(toy: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    toy.check(right)
    toy.solution()
    assert "def centre_crop" in capsys.readouterr().out


def test_solution_shows_the_students_way(capsys: pytest.CaptureFixture[str]) -> None:
    parts: dict[str, Any] = {"title": "Crop", "minutes": 1, "difficulty": 1, "hints": ("a", "b")}
    exercise = Exercise("99.centre_crop", reference=centre_crop, shown=right, **parts)
    exercise.case(lambda random: (random.tensor(1, 9, 2), 4))
    for attempt in (wrong, wrong, wrong):
        assert exercise.check(attempt) is centre_crop
    exercise.solution()
    shown = capsys.readouterr().out
    assert "def right" in shown
    assert "def centre_crop" not in shown


@pytest.mark.parametrize(("mode", "passes"), [("1", right), ("right", right), ("not started", stub)])
def test_strict_modes(toy: Exercise, monkeypatch: pytest.MonkeyPatch, mode: str, passes: Any) -> None:
    monkeypatch.setenv("MEDSEGEDU_STRICT", mode)
    toy.check(passes)
    for attempt in {right, wrong, stub} - {passes}:
        with pytest.raises(NotRight, match=r"99\.centre_crop is"):
            toy.check(attempt)
    assert progress() == {}


def test_unknown_strict_mode(toy: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_STRICT", "yes")
    with pytest.raises(UserError, match="MEDSEGEDU_STRICT is 'yes'"):
        toy.check(right)


def test_progress(toy: Exercise, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for attempt in (stub, wrong, right, wrong):
        toy.check(attempt)
    entry = progress()["99.centre_crop"]
    assert (entry["status"], entry["tries"]) == ("right", 3)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MEDSEGEDU_RESULTS", str(tmp_path / "file"))
    assert toy.check(right) is right
    assert progress() == {}


def test_grade_leaves_no_record(toy: Exercise) -> None:
    toy.grade(wrong)
    assert progress() == {}


def test_authors_errors() -> None:
    parts: dict[str, Any] = {"reference": right, "title": "t", "minutes": 1, "difficulty": 1}
    with pytest.raises(ValueError, match="must be a lesson and a name"):
        Exercise("crop", hints=("a", "b"), **parts)
    with pytest.raises(ValueError, match="tuple of sentences"):
        Exercise("99.crop", hints="a", **parts)  # type: ignore[arg-type]
    exercise = Exercise("99.crop", hints=("a", "b"), **parts)
    exercise.mistake("A sentence.")(wrong)
    with pytest.raises(ValueError, match="two parts called 'wrong'"):
        exercise.mistake("Another sentence.")(wrong)
    exercise = Exercise("99.crop", hints=("a", "b"), **{**parts, "reference": lambda image: lambda: image})
    exercise.case(lambda random: (random.tensor(2),))
    with pytest.raises(TypeError, match="cannot be compared"):
        exercise.grade(lambda image: image)


def test_all_exercises_are_sorted() -> None:
    keys = [exercise.key for exercise in all_exercises()]
    assert keys == sorted(keys)
