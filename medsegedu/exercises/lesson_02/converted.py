"""Exercise 2.1: a fully connected layer as a convolution that fits once."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02 import copies, layouts
from medsegedu.exercises.lesson_02.agreement import agrees

TOLD_ALIKE = {
    "leaf Variable": RuntimeError("a weight that requires a gradient was changed in place"),
    "as parameter": TypeError("a plain tensor was assigned in the place of an nn.Parameter"),
    "must match": RuntimeError("the shape of the kernel and the shape of the weights put into it do not match"),
    "size mismatch": RuntimeError("the shape of the kernel and the shape of the weights put into it do not match"),
    "Kernel size can't": RuntimeError("the kernel is larger than the map that it should fit on exactly"),
}
"""Part of torch's text -> the error in its stead: torch words one and the same slip in many ways."""


def reference(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
    """A linear layer that reads a flattened map (channels, height, width) -> the convolution that does the same."""
    has_bias, kind = linear.bias is not None, linear.weight.dtype
    convolution = nn.Conv2d(channels, linear.out_features, (height, width), bias=has_bias, dtype=kind)
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.view(-1, channels, height, width))  # (out, C * h * w) -> (out, C, h, w)
        if convolution.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution


def _use(attempt: Any, linear: nn.Linear, channels: int, height: int, width: int, x: Tensor) -> Tensor:
    """What the layer computes on `x`: two convolutions with the same weights are the same answer."""
    try:
        layer = attempt(linear, channels, height, width)
        if not callable(layer):
            kind = "nothing" if layer is None else f"a {type(layer).__name__}"
            raise TypeError(f"an nn.Conv2d is expected, but your function returned {kind}")
        return layer(x)
    except Exception as error:
        raise _told(error, linear).with_traceback(error.__traceback__) from error


def _told(error: Exception, linear: nn.Linear) -> Exception:
    """The error in words of ours where it has a known cause, so that the cause counts and not how it came about."""
    if linear.bias is None and not str(error).startswith("an nn.Conv2d is expected"):
        return TypeError("this linear layer has no bias (`linear.bias` is None), and your function did not expect that")
    for part, ours in TOLD_ALIKE.items():
        if part in str(error):
            return type(ours)(*ours.args)
    return error


linear_to_conv = Exercise(
    "02.linear_to_conv",
    reference=reference,
    title="A layer that fits once",
    minutes=10,
    difficulty=2,
    hints=(
        "How large must a kernel be to see the whole map (channels, height, width) at once? And how many outputs are there?",
        "A row of `linear.weight` was multiplied with a map flattened in the order channels, rows, columns. Give that row its "
        "three axes back, in the same order: `.view(...)`.",
        "Make `nn.Conv2d(channels, linear.out_features, (height, width), bias=..., dtype=linear.weight.dtype)`; inside "
        "`with torch.no_grad():` copy the weight with `.copy_(...)`, and the bias unless `linear.bias is None`.",
    ),
    after="Right: not one number was learned anew. The next cell lets the whole classifier fit many times.",
    call=_use,
)


def _linear(random: Random, values: int, outputs: int, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(values, outputs, bias=bias)
    fill_parameters(layer, random.seed)
    return layer


@linear_to_conv.case
def a_map_of_the_exact_size(random: Random) -> tuple[Any, ...]:
    return _linear(random, 3 * 2 * 5, 4), 3, 2, 5, random.tensor(3, 3, 2, 5)


@linear_to_conv.case
def a_larger_map(random: Random) -> tuple[Any, ...]:
    return _linear(random, 2 * 3 * 4, 5), 2, 3, 4, random.tensor(2, 2, 9, 11)


@linear_to_conv.case
def without_a_bias(random: Random) -> tuple[Any, ...]:
    return _linear(random, 4 * 3 * 3, 2, bias=False), 4, 3, 3, random.tensor(2, 4, 6, 4)


@linear_to_conv.case
def behind_another_linear_layer(random: Random) -> tuple[Any, ...]:
    return _linear(random, 6, 3), 6, 1, 1, random.tensor(2, 6, 4, 7)


@linear_to_conv.behaviour
def a_layer_of_its_own(attempt: Any, random: Random) -> str | None:
    """An nn.Conv2d, with a copy of the numbers, of their type; asked only where the numbers are right."""
    if not agrees(linear_to_conv, attempt):
        return None
    return copies.trouble_beyond_numbers(attempt, _linear(random, 3 * 2 * 4, 2), 2, 4)


for _sentence, _wrong in [*layouts.mistakes(), *((text, wrong) for wrong, text in copies.MISTAKES.items())]:
    linear_to_conv.mistake(_sentence)(_wrong)
