"""Whether an attempt is right on every case, so that a check beyond the numbers speaks only where the numbers are right.

Without it, a student with two faults would be told of neither by name: a mistake is known by all its answers together.
"""

from collections.abc import Callable
from typing import Any

from medsegedu.exercises.cases import Random, fresh_copy
from medsegedu.exercises.compare import difference
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.freeze import freeze


def agrees(exercise: Exercise, attempt: Callable[..., Any]) -> bool:
    """Whether `attempt` answers as the reference does to each of the exercise's cases; an exception is no agreement."""
    judge = exercise.judge
    for name, case in judge.cases.items():
        arguments = case(Random(f"{exercise.key}.{name}"))
        try:
            mine, wanted = (
                freeze(judge.call(function, *fresh_copy(arguments)) if judge.call else function(*fresh_copy(arguments)))
                for function in (attempt, exercise.reference)
            )
        except Exception:
            return False
        if difference(mine, wanted, judge.rules):
            return False
    return True
