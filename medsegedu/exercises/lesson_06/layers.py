"""What the exercises hand to an attempt, layers with random but fixed weights; and how a reference takes them."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters

Layer = TypeVar("Layer", bound=nn.Module)


def filled(layer: nn.Module, random: Random, number: int = 0) -> nn.Module:
    """The layer with weights that depend on the case and on `number`; give each layer of a case its own."""
    return fill_parameters(layer, random.seed + number)


def pointwise(inputs: int, outputs: int, random: Random, number: int = 0, bias: bool = True) -> nn.Module:
    """A 1x1 convolution with fixed weights.

    A layer of keys gets no bias: it adds the same to all scores of an asker, the softmax takes it away again, and what is left
    as its gradient is rounding, which no two right answers share.
    """
    return filled(nn.Conv2d(inputs, outputs, 1, bias=bias), random, number)


def with_parts(layer: Layer, **parts: Callable[..., Tensor] | Tensor) -> Layer:
    """A layer of the core with other parts in the place of its own: modules, plain functions or tensors."""
    for name, part in parts.items():
        delattr(layer, name)
        setattr(layer, name, part)
    return layer
