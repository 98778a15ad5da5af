"""`tests/benchmarks/mutants.py`: changes differ from the solution and from one another, and a case that lacks is noticed."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from medsegedu.exercises.engine import Exercise

SOLUTION = '''
def scaled(values, times):
    """values (N,), times -> their mean, that many times."""
    total = sum(values[0:])
    if len(values) > 1:
        total = total / len(values)
    return total * times
'''


def scaled(values: list[float], times: float) -> float:
    return sum(values) / len(values) * times


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "mutants.py"
    spec = importlib.util.spec_from_file_location("mutants", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


def changed(tool: ModuleType) -> dict[str, str]:
    (function,) = ast.parse(SOLUTION).body
    found: dict[str, str] = tool.mutants(function)
    assert ast.unparse(function) == ast.unparse(ast.parse(SOLUTION))  # put back as it was
    return found


def test_every_change_is_another_function(tool: ModuleType) -> None:
    found = changed(tool)
    whole = ast.unparse(ast.parse(SOLUTION))
    assert whole not in found
    assert len(found) >= 12
    for source in found:
        ast.parse(source)
    for old, new in (
        ("total * times", "total / times"),
        ("> 1", "> 2"),
        ("> 1", ">= 1"),
        ("sum(values[0:])", "values[0:]"),
        ("total = total / len(values)", "pass"),
        ("if len(values) > 1", "if True"),
    ):
        assert whole.replace(old, new) in found, new


def test_a_case_that_lacks_is_noticed(tool: ModuleType) -> None:
    exercise = Exercise("00.scaled", reference=scaled, title="Scaled", minutes=1, difficulty=1, hints=("a", "b"))
    source = next(source for source in changed(tool) if "total / times" in source)

    @exercise.case
    def once(random: object) -> tuple[object, ...]:
        return [1.0, 4.0], 1.0

    assert tool.hand_in(exercise, source, "scaled", {}) == "passes"

    @exercise.case
    def three_times(random: object) -> tuple[object, ...]:
        return [2.0, 5.0, 6.0], 3.0

    assert tool.hand_in(exercise, source, "scaled", {}) == "refused"

    @exercise.mistake("You divided by `times`; it says how many times the mean is wanted.")
    def divided(values: list[float], times: float) -> float:
        return sum(values) / len(values) / times

    assert tool.hand_in(exercise, source, "scaled", {}) == "named"


def test_every_lesson_has_its_solutions(tool: ModuleType) -> None:
    found = [exercise.key for number in ("00", "05", "11") for exercise, _, _ in tool.solutions(number)]
    assert found[:2] == ["00.volume_ml", "00.window"]
    assert {key[:2] for key in found} == {"00", "05", "11"}
    assert "11.bug_hunt" in found
