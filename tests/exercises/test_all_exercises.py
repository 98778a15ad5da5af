"""Every exercise of the course rejects its mistakes, and calls each by its name.

A lesson file that cannot be imported fails the collection of this file; a course without lesson files is fine.
"""

import inspect
from collections.abc import Callable
from itertools import combinations
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from medsegedu.exercises import all_exercises
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.signature import same

EXERCISES = all_exercises()
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
each_mistake = pytest.mark.parametrize(
    ("exercise", "name"), [pytest.param(e, name, id=f"{e.key}-{name}") for e in EXERCISES for name in e.mistakes]
)


def copy_of(reference: Any) -> Callable[..., Any]:
    """The reference's answer as a student's own object."""
    if isinstance(reference, type):
        return type(reference.__name__, (reference,), {})
    if isinstance(reference, FunctionType):
        code, names = reference.__code__, reference.__globals__
        copy = FunctionType(code, names, reference.__name__, reference.__defaults__, reference.__closure__)
        copy.__kwdefaults__ = reference.__kwdefaults__
        return copy
    return lambda *arguments: reference(*arguments)


def zeros_like(value: Any) -> Any:
    """The same types and shapes, but nothing in them."""
    if isinstance(value, Tensor):
        return torch.zeros_like(value)
    if isinstance(value, np.ndarray):
        return np.zeros_like(value)
    if isinstance(value, list | tuple):
        return type(value)(zeros_like(item) for item in value)
    if isinstance(value, dict):
        return {key: zeros_like(item) for key, item in value.items()}
    if isinstance(value, nn.Module):
        value.forward = lambda *arguments: zeros_like(type(value).forward(value, *arguments))  # type: ignore[method-assign]
        return value
    return type(value)() if isinstance(value, bool | int | float | str) else None


@each_exercise
def test_has_what_a_student_needs(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 6
    assert 2 <= len(exercise.hints) <= 5
    assert exercise.title
    assert exercise.minutes > 0
    assert all(len(sentence) >= 40 for sentence in exercise.sentences.values())
    assert len(set(exercise.sentences.values())) == len(exercise.sentences)


@each_exercise
def test_stub_is_not_started(exercise: Exercise) -> None:
    def stub(*arguments: Any, **options: Any) -> None:
        """What it should do."""
        ...

    stub.__signature__ = inspect.signature(exercise.reference)  # type: ignore[attr-defined]
    assert exercise.grade(stub).status == "not started"
    assert exercise.grade(exercise.reference).status == "not started"


@each_exercise
def test_right_answer_passes_twice(exercise: Exercise) -> None:
    answer = copy_of(exercise.reference)
    for _ in range(2):
        outcome = exercise.grade(answer)
        assert outcome.status == "right", outcome.message


@pytest.mark.parametrize(
    "exercise",
    [pytest.param(e, id=e.key) for e in EXERCISES if e.shown is not e.reference or e.lesson == "00"],
)
def test_shown_solution_can_be_pasted_and_is_right(exercise: Exercise) -> None:
    notebook: dict[str, Any] = {"np": np, "torch": torch}
    exec(inspect.getsource(exercise.shown), notebook)
    outcome = exercise.grade(notebook[exercise.name])
    assert outcome.status == "right", outcome.message


@each_mistake
def test_mistake_is_called_by_its_name(exercise: Exercise, name: str) -> None:
    outcome = exercise.grade(exercise.mistakes[name])
    assert (outcome.status, outcome.mistake) == ("wrong", name), outcome.message
    assert outcome.message == exercise.sentences[name]


@each_exercise
def test_mistakes_differ_from_one_another(exercise: Exercise) -> None:
    signatures = {name: exercise.judge.signature(mistake) for name, mistake in exercise.mistakes.items()}
    alike = [(a, b) for a, b in combinations(signatures, 2) if same(signatures[a], signatures[b], exercise.judge.rules)]
    assert not alike


@each_exercise
def test_generic_bad_answers_fail(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = exercise.reference

    def nothing(*arguments: Any) -> Any:
        return None

    def zeros(*arguments: Any) -> Any:
        return zeros_like(reference(*arguments))

    def failing(*arguments: Any) -> Any:
        raise RuntimeError("an error of the student's")

    def endless(*arguments: Any) -> Any:
        while True:
            pass

    for bad in (nothing, zeros, failing):
        assert exercise.grade(bad).status != "right", bad.__name__
    monkeypatch.setattr(exercise.judge, "seconds", 0.2)
    assert "ran longer" in exercise.grade(endless).message
