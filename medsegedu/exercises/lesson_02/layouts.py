"""Wrong answers to exercise 2.1 that lay the weights out in another order, or leave them random."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Convert = Callable[[nn.Linear, int, int, int], nn.Module]
Arrange = Callable[[Tensor, int, int, int], Tensor]
NO_BIAS = " Mind also linear layers without a bias: there `linear.bias` is None."


def filled(weight: Arrange, bias: bool = True, granted: bool = False, **options: Any) -> Convert:
    """A conversion whose weight is arranged by `weight`; with `granted` it takes for granted that there is a bias."""

    def convert(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
        has_bias = granted or (bias and linear.bias is not None)
        kind = linear.weight.dtype
        layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=has_bias, dtype=kind, **options)
        with torch.no_grad():
            layer.weight.copy_(weight(linear.weight, channels, height, width))
            if layer.bias is not None:
                layer.bias.copy_(linear.bias)
        return layer

    return convert


def right(weight: Tensor, channels: int, height: int, width: int) -> Tensor:
    return weight.view(-1, channels, height, width)


def _untrained(granted: bool) -> Convert:
    def convert(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
        bias = granted or linear.bias is not None
        return nn.Conv2d(channels, linear.out_features, (height, width), bias=bias)

    return convert


def _axes_swapped(granted: bool) -> Convert:
    convert = filled(right, granted=granted)
    return lambda linear, channels, height, width: convert(linear, channels, width, height)


def _arranged(arrange: Arrange) -> Callable[[bool], Convert]:
    return lambda granted: filled(arrange, granted=granted)


_MADE: dict[str, tuple[str, Callable[[bool], Convert]]] = {
    "untrained": (
        "You made a fresh convolution and left its random weights in place. It has the right shape and knows nothing: copy "
        "the weights, and the bias, of `linear` into it.",
        _untrained,
    ),
    "axes_swapped": (
        "Height and width are swapped: your kernel is `(width, height)`. On square maps nobody notices. torch's order is "
        "rows first, `(height, width)`.",
        _axes_swapped,
    ),
    "sides_disagree": (
        "The kernel of your convolution and the weights that you put into it are not of the same shape: one is "
        "`(height, width)`, the other `(width, height)`. On square maps nobody notices. Both must be `(height, width)`.",
        _arranged(lambda w, c, h, v: w.view(-1, c, v, h)),
    ),
    "column_by_column": (
        "You read each row of weights column by column. Flattening runs along the rows of the map, so viewing it as "
        "`(out, channels, height, width)` is enough; nothing is transposed afterwards.",
        _arranged(lambda w, c, h, v: w.view(-1, c, v, h).transpose(2, 3)),
    ),
    "channels_last": (
        "You unpacked the weights with the channels last, as other libraries keep images. torch flattens channel by "
        "channel: view them as `(out, channels, height, width)`.",
        _arranged(lambda w, c, h, v: w.view(-1, h, v, c).permute(0, 3, 1, 2)),
    ),
    "transposed_first": (
        "You transposed the weights first. `nn.Linear` keeps them as (outputs, inputs), which is the order that a "
        "convolution wants too: view them as they are.",
        _arranged(lambda w, c, h, v: w.T.reshape(-1, c, h, v)),
    ),
    "flipped": (
        "You flipped the kernel, as the convolution of the textbooks does. torch's `Conv2d` does not flip: its weights lie "
        "on the map as they are.",
        _arranged(lambda w, c, h, v: w.view(-1, c, h, v).flip(2, 3)),
    ),
}


def mistakes() -> list[tuple[str, Convert]]:
    """Each sentence with its wrong answer, once with and once without a thought for layers that have no bias."""
    found = []
    for name, (sentence, make) in _MADE.items():
        for granted in (False, True):
            convert = make(granted)
            convert.__name__ = name + granted * "_and_a_bias_taken_for_granted"
            found.append((sentence + granted * NO_BIAS, convert))
    return found
