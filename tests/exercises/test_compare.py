"""What counts as equal, and the sentence where it is not."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from medsegedu.exercises.compare import EXACT, Rules, difference
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.freeze import freeze

RULES = Rules()
Pair = namedtuple("Pair", "first second")


@dataclass
class Box:
    size: Any


@dataclass
class Chest:
    size: Any


class Agreeable(float):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class AgreeableTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        return torch.ones(2, dtype=torch.bool)


def sentence(yours: Any, expected: Any, rules: Rules = RULES) -> str | None:
    return difference(freeze(yours), freeze(expected), rules)


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        (torch.tensor(0.5), 0.5), (0.5, torch.tensor(0.5)), (np.float32(0.5), 0.5), (1, 1.0), (np.int64(3), 3),
        (np.asarray(2), 2), (torch.tensor(True), True), ([1, 2], (1, 2)), (Pair(1, 2.0), (1, 2.0)),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}), (float("nan"), float("nan")), (float("inf"), float("inf")),
        (np.ones(3), np.ones(3, np.float32)), (torch.Size([2, 3]), (2, 3)), (Path("a"), Path("a")), ({1, 2}, {2, 1}),
        (torch.tensor([np.nan, np.inf, 1.0]), torch.tensor([np.nan, np.inf, 1.0])), (None, None), ("a", "a"),
        (torch.ones(2) + 1e-6, torch.ones(2)), (Box(torch.ones(2)), Box(torch.ones(2))), (torch.ones(0), torch.ones(0)),
        (nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3)), nn.ModuleList([nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)])),
        (torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.complex64)), (np.array(["a"]), np.array(["a"])),
        (nn.Parameter(torch.ones(2)), torch.ones(2)), (torch.ones(2, dtype=torch.bfloat16),) * 2, (np.array([{}]), [{}]),
    ],
)  # fmt: skip
def test_equal(yours: Any, expected: Any) -> None:
    assert sentence(yours, expected) is None


@pytest.mark.parametrize(
    ("yours", "expected", "words"),
    [
        (torch.ones(2, 3), torch.ones(3, 2), "has shape 2x3, expected shape 3x2"),
        (torch.ones(1), torch.tensor(1.0), "has shape (1,), expected a single number"),
        (torch.ones(2), torch.ones(2, dtype=torch.int64), "has dtype float32, expected int64 (`.long()`)"),
        (torch.ones(2, dtype=torch.bool), torch.ones(2), "has dtype bool, expected float32"),
        (torch.ones(2, device="meta"), torch.ones(2), "is on the device meta, expected cpu"),
        (torch.ones((), device="meta"), 1.0, "on the device meta"),
        (torch.tensor([1.0, np.nan]), torch.ones(2), "1 of 2 values of your result are NaN"),
        (float("nan"), 1.0, "is NaN"),
        (torch.tensor([[1.0, 5.0]]), torch.ones(1, 2), "1 of 2 values differ, most at [0, 1]: yours 5, expected 1; difference 4"),
        (torch.tensor([True, False]), torch.tensor([True, True]), "yours False, expected True"),
        (np.array([255], np.uint8), np.array([1], np.uint8), "difference 254"),
        (torch.tensor([np.inf]), torch.ones(1), "yours inf"),
        (0.25, 0.5, "is 0.25, expected 0.5"), (torch.tensor(0.25), 0.5, "is 0.25, expected 0.5"),
        (3.0, 3, "is of type float, expected int"), (True, 1, "is of type bool, expected int"),
        (1, True, "type int, expected bool"),
        (None, torch.ones(2), "is None, expected a tensor of shape (2,); is a `return` missing?"),
        (np.ones(2), torch.ones(2), "is a NumPy array of shape (2,), expected a tensor"),
        ("a", "b", "is 'a', expected 'b'"), ("a", 1, "is a string, expected an int"), (1, None, "expected None"),
        ((1, 2), (1, 2, 3), "holds 2 items, expected 3"), ([1, 5], (1, 2), "Item 1 of your result is 5, expected 2"),
        ({"a": 1}, {"b": 1}, "has no 'b'"), ({"a": 1, "b": 2}, {"a": 1}, "has 'b', which is not expected"),
        ({"a": (1, 2)}, {"a": (1, 3)}, "Item 1 of 'a' of your result is 2"), ({1}, {2}, "expected frozenset({2})"),
        (Box(1), Chest(1), "is a Box, expected a Chest"), (Box(1), Box(2), "'size' of your result is 1, expected 2"),
        (nn.Conv2d(2, 3, 3), nn.Conv2d(2, 3, 3, bias=False), "has 57 parameters, expected 54; it has one too many"),
        (nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 3), "a parameter of shape 3x2x3x3 is missing"),
        (iter([1]), [1], "is a list_iterator, expected a list"), ((x for x in [1]), [1], "is a generator"),
        (lambda: 1, 1, "is a function, expected an int: return the value itself"), (print, 1, "is a function"),
        (torch.eye(2).to_sparse(), torch.eye(2), "is a sparse tensor"), (Agreeable(3), 2.0, "is an Agreeable"),
        (AgreeableTensor([1.0, 2.0]), torch.ones(2), "values differ"), (..., 1, "is a `...`"),
        (torch.zeros(1).expand(2**50), torch.zeros(2), f"has shape ({2**50},), expected shape (2,)"),
    ],
)  # fmt: skip
def test_different(yours: Any, expected: Any, words: str) -> None:
    assert words in (sentence(yours, expected) or "equal")


@pytest.mark.parametrize(
    ("yours", "expected"),
    [(torch.tensor(0.5), 0.5), (1, 1.0), ([1], (1,)), (np.ones(2), np.ones(2, np.float32)), (1.0, 1.0 + 1e-6)],
)
def test_exact(yours: Any, expected: Any) -> None:
    assert sentence(yours, expected) is None
    assert sentence(yours, expected, EXACT)


def test_a_snapshot_does_not_change() -> None:
    value = {"a": [torch.ones(2), np.ones(2)]}
    frozen = freeze(value)
    value["a"][0].zero_()
    value["a"][1][:] = 0
    assert difference(frozen, freeze({"a": [torch.ones(2), np.ones(2)]}), RULES) is None


def test_coroutine_is_refused_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    exercise = exercise_of(lambda image: image)
    exercise.case(lambda random: (random.tensor(2),))

    async def later(image):
        return image

    assert "is a coroutine" in exercise.grade(later).message
    assert not recwarn.list


def test_a_result_that_contains_itself(toy: Exercise) -> None:
    def snake(image, rows):
        ring: list[Any] = []
        ring.append(ring)
        return ring

    assert toy.grade(snake).status == "error"


def test_gradients_need_a_tensor() -> None:
    exercise = exercise_of(lambda values: values.mean(), gradients=True)
    exercise.case(lambda random: (random.tensor(5),))
    assert "is a number (float), expected a tensor" in exercise.grade(lambda values: values.mean().item()).message
    assert exercise.grade(lambda values: values.sum() / 5).status == "right"


def test_writing_into_arguments_is_part_of_the_answer() -> None:
    def average(teacher: nn.Module, student: nn.Module, decay: float) -> None:
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), student.parameters(), strict=True):
                old.mul_(decay).add_(new, alpha=1 - decay)

    exercise = exercise_of(average)
    exercise.case(lambda random: (nn.Linear(3, 2), nn.Linear(3, 2), 0.9))

    def lazy(teacher, student, decay):
        return None

    def swapped(teacher, student, decay):
        average(student, teacher, decay)

    def too_fast(teacher, student, decay):
        average(teacher, student, 1 - decay)

    assert exercise.grade(lambda teacher, student, decay: average(teacher, student, decay)).status == "right"
    assert "leaves `teacher` as it was" in exercise.grade(lazy).message
    assert "input `student` in place" in exercise.grade(swapped).message
    assert "of `teacher` afterwards" in exercise.grade(too_fast).message


def test_optimiser_keeps_its_module() -> None:
    def step(module: nn.Module, optimiser: torch.optim.Optimizer, image: torch.Tensor) -> None:
        optimiser.zero_grad()
        module(image).square().mean().backward()
        optimiser.step()

    def case(random: Any) -> tuple[Any, ...]:
        module = nn.Linear(3, 2)
        return module, torch.optim.SGD(module.parameters(), 0.1), random.tensor(4, 3)

    exercise = exercise_of(step)
    exercise.case(case)
    assert exercise.grade(lambda module, optimiser, image: step(module, optimiser, image)).status == "right"

    def forgetful(module, optimiser, image):
        module(image).square().mean().backward()

    assert "leaves `module` as it was" in exercise.grade(forgetful).message


def exercise_of(reference: Callable[..., Any], **options: Any) -> Exercise:
    parts: dict[str, Any] = {"title": "Title", "minutes": 1, "difficulty": 1, "hints": ("one", "two")}
    return Exercise("99.toy", reference=reference, **parts, **options)
