"""Conversions for exercise 2.1 that are right but for one thing: how the weights are laid out, or an option."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


def filled(
    weight: Callable[[Tensor, int, int, int], Tensor], bias: bool = True, **options: Any
) -> Callable[[nn.Linear, int, int, int], nn.Conv2d]:
    """A conversion whose weight is arranged by `weight`."""

    def convert(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
        has_bias = bias and linear.bias is not None
        layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=has_bias, **options)
        layer.weight.data = weight(linear.weight.data, channels, height, width).clone()
        if layer.bias is not None:
            layer.bias.data = linear.bias.data.clone()
        return layer

    return convert


def right(weight: Tensor, channels: int, height: int, width: int) -> Tensor:
    return weight.view(-1, channels, height, width)
