"""Exercise 2.1: a fully connected layer as a convolution that fits once."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02.layouts import filled, right


def reference(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
    """A linear layer that reads a flattened map (channels, height, width) -> the convolution that does the same."""
    convolution = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.view(-1, channels, height, width))  # (out, C * h * w) -> (out, C, h, w)
        if convolution.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution


def _use(attempt: Any, linear: nn.Linear, channels: int, height: int, width: int, x: Tensor) -> Tensor:
    """What the layer computes on `x`: two convolutions with the same weights are the same answer."""
    layer = attempt(linear, channels, height, width)
    if not callable(layer):
        kind = "nothing" if layer is None else f"a {type(layer).__name__}"
        raise TypeError(f"an nn.Conv2d is expected, but your function returned {kind}")
    return layer(x)


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
        "Make `nn.Conv2d(channels, linear.out_features, (height, width))`; inside `with torch.no_grad():` copy weight and "
        "bias with `.copy_(...)`. Some linear layers have no bias: `linear.bias is None`.",
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
def its_weights_can_learn(attempt: Any, random: Random) -> str | None:
    layer = attempt(_linear(random, 12, 2), 3, 2, 2)
    weights = list(layer.parameters()) if isinstance(layer, nn.Module) else []
    if not weights or not all(weight.requires_grad for weight in weights):
        return "Your layer computes the right thing, but its weights are no parameters that can be trained further."
    return None


@linear_to_conv.mistake(
    "You made a fresh convolution and left its random weights in place. It has the right shape and knows nothing: copy the "
    "weights, and the bias, of `linear` into it."
)
def untrained(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)


@linear_to_conv.mistake(
    "Height and width are swapped: your kernel is `(width, height)`. On square maps nobody notices. torch's order is rows "
    "first, `(height, width)`."
)
def axes_swapped(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right)(linear, channels, width, height)


@linear_to_conv.mistake(
    "You read each row of weights column by column. Flattening runs along the rows of the map, so viewing it as "
    "`(out, channels, height, width)` is enough; nothing is transposed afterwards."
)
def column_by_column(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(lambda w, c, h, v: w.view(-1, c, v, h).transpose(2, 3))(linear, channels, height, width)


@linear_to_conv.mistake(
    "You unpacked the weights with the channels last, as other libraries keep images. torch flattens channel by channel: "
    "view them as `(out, channels, height, width)`."
)
def channels_last(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(lambda w, c, h, v: w.view(-1, h, v, c).permute(0, 3, 1, 2))(linear, channels, height, width)


@linear_to_conv.mistake(
    "You transposed the weights first. `nn.Linear` keeps them as (outputs, inputs), which is the order that a convolution "
    "wants too: view them as they are."
)
def transposed_first(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(lambda w, c, h, v: w.T.reshape(-1, c, h, v))(linear, channels, height, width)


@linear_to_conv.mistake(
    "You flipped the kernel, as the convolution of the textbooks does. torch's `Conv2d` does not flip: its weights lie on the "
    "map as they are."
)
def flipped(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(lambda w, c, h, v: w.view(-1, c, h, v).flip(2, 3))(linear, channels, height, width)


@linear_to_conv.mistake(
    "The weights are right, the bias is missing: every score is shifted by a constant of its own. Copy `linear.bias` too, "
    "where there is one."
)
def bias_forgotten(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, bias=False)(linear, channels, height, width)


@linear_to_conv.mistake(
    "The weights are right, but your convolution keeps a random bias of its own. Copy `linear.bias` into it; and if "
    "`linear` has none, make the convolution with `bias=False`."
)
def bias_left_random(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width))
    layer.weight.data = right(linear.weight.data, channels, height, width).clone()
    return layer


@linear_to_conv.mistake(
    "Your function stops at a linear layer without a bias, whose `bias` is None. Ask first: `linear.bias is not None`, and "
    "give the convolution a bias only then."
)
def bias_taken_for_granted(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width))
    with torch.no_grad():
        layer.weight.copy_(right(linear.weight, channels, height, width))
        layer.bias.copy_(linear.bias)  # type: ignore[union-attr]
    return layer


@linear_to_conv.mistake(
    "With padding your kernel hangs over the border, where the linear layer never was. Fit once means: no padding, and one "
    "output for a map of the kernel's own size."
)
def padded(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, padding="same")(linear, channels, height, width)


@linear_to_conv.mistake(
    "Your kernel jumps by its own size, so on a larger map most places get no answer. Leave the stride at 1: the layer is "
    "asked at every place where it fits."
)
def jumping(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, stride=(height, width))(linear, channels, height, width)


@linear_to_conv.mistake(
    "You shrink every map to the expected size before the layer (an adaptive pool). Then a whole image gives one answer; we "
    "want one at each place. Leave the pool out: a convolution takes maps of any size."
)
def shrunk_to_fit(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = filled(right)(linear, channels, height, width)
    return nn.Sequential(nn.AdaptiveAvgPool2d((height, width)), layer)


@linear_to_conv.mistake(
    "That is a 1x1 convolution over `linear.in_features` channels: it expects the map already flattened. The map still has "
    "its rows and columns, so let the kernel cover them: `(height, width)`."
)
def one_by_one(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right)(linear, linear.in_features, 1, 1)


@linear_to_conv.mistake(
    "You copied into a weight while torch was recording gradients, and it refused. Copying is no step of a computation: do it "
    "inside `with torch.no_grad():`."
)
def recorded(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    layer.weight.copy_(right(linear.weight, channels, height, width))
    return layer


@linear_to_conv.mistake(
    "You returned the linear layer itself. It can only read a flattened map of one size: build an `nn.Conv2d` with its "
    "weights."
)
def the_layer_itself(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return linear
