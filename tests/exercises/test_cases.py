"""Seeded arguments, modules that can be compared, and arguments in words."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, argument_names, describe, fill_parameters
from medsegedu.exercises.engine import Exercise


def test_random_is_the_same_for_a_name_only() -> None:
    assert torch.equal(Random("a").tensor(3, 4), Random("a").tensor(3, 4))
    assert not torch.equal(Random("a").tensor(3, 4), Random("b").tensor(3, 4))


def test_random_types_and_ranges() -> None:
    random = Random("types")
    tensor, integers, mask = random.tensor(3, 5), random.integers(2, 5, 100), random.mask(100, 100, share=0.2)
    assert (tensor.dtype, integers.dtype, mask.dtype) == (torch.float32, torch.int64, torch.bool)
    assert (tensor.shape, integers.shape, mask.shape) == ((3, 5), (100,), (100, 100))
    assert set(integers.tolist()) == {2, 3, 4}
    assert abs(mask.float().mean() - 0.2) < 0.02
    assert random.integers(2, 3).item() == 2
    assert 1 <= random.uniform(1, 2) <= 2
    assert isinstance(random.numpy, np.random.Generator)


def test_describe() -> None:
    arguments = (torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.int64), 0.5, "centre", None)
    assert describe(["image", "label"], arguments[:2]) == "image 2x3 and label 2x3 int64"
    names = ["image", "label", "share", "mode", "more"]
    assert describe(names, arguments) == "image 2x3, label 2x3 int64, share 0.5, mode 'centre' and 1 more"
    assert describe(["x", "net"], ([1, 2], nn.Linear(1, 1))) == "x [1, 2] and net (Linear)"
    assert describe(["t", "long"], (torch.tensor([1, 2]), list(range(99)))) == "t [1, 2] and long (list of 99)"


def test_argument_names() -> None:
    def function(first: int, *rest: int) -> None: ...

    assert argument_names(function, 3) == ["first", "argument 2", "argument 3"]


class Block(nn.Module):
    """The reference of an exercise whose answer is a class."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, image: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(image)))  # (N, out, H, W)


def test_class_of_modules() -> None:
    def call(attempt: Any, channels: int, out: int, image: Tensor) -> Tensor:
        return fill_parameters(attempt(channels, out))(image)

    parts: dict[str, Any] = {"title": "Block", "minutes": 1, "difficulty": 1, "hints": ("a", "b"), "gradients": True}
    exercise = Exercise("99.block", reference=Block, call=call, **parts)

    @exercise.case
    def odd(random):
        return 2, 3, random.tensor(2, 2, 5, 7)

    class OtherNames(nn.Module):
        def __init__(self, channels, out):
            super().__init__()
            self.b = nn.BatchNorm2d(out)
            self.a = nn.Conv2d(channels, out, 3, padding=1)

        def forward(self, image):
            return self.b(self.a(image)).clamp(min=0)

    class NoActivation(OtherNames):
        def forward(self, image):
            return self.b(self.a(image))

    class Unfinished(nn.Module):
        def __init__(self, channels, out):
            super().__init__()
            ...

        def forward(self, image):
            return image

    class Empty(OtherNames):
        def forward(self, image):
            """(N, C, H, W) -> (N, out, H, W)."""
            ...

    assert exercise.grade(OtherNames).status == "right"
    outcome = exercise.grade(NoActivation)
    assert outcome.status == "wrong"
    assert "image 2x2x5x7" in outcome.message
    assert exercise.grade(Unfinished).status == "not started"
    assert exercise.grade(Empty).status == "not started"
    assert exercise.grade(Block).status == "not started"


def test_fill_parameters_ignores_names_and_random_state() -> None:
    first = fill_parameters(nn.Sequential(nn.Conv2d(2, 3, 3), nn.PReLU(3), nn.Conv2d(3, 2, 1)))
    torch.manual_seed(99)
    second = fill_parameters(nn.Sequential(nn.PReLU(3), nn.Conv2d(2, 3, 3), nn.Conv2d(3, 2, 1)))
    assert torch.equal(first[0].weight, second[1].weight)
    assert torch.equal(first[2].weight, second[2].weight)
