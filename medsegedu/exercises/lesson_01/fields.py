"""Exercise 1.5: how much of the image one output sees."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.layers import receptive_field as field_of_network

Layers = Sequence[tuple[int, int, int]]


def reference(layers: Layers) -> int:
    """[(kernel, stride, dilation), ...], first layer first -> pixels along one axis that one output depends on."""
    field, jump = 1, 1  # one pixel sees itself; neighbours lie one pixel apart
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride
    return field


receptive_field = Exercise(
    "01.receptive_field",
    reference=reference,
    title="How much one output sees",
    minutes=10,
    difficulty=3,
    hints=(
        "Keep two numbers: how many pixels one value sees, and how many pixels lie between two neighbouring values. Both "
        "start at 1.",
        "A kernel of 3 adds two more neighbours. How far away is each of them, in pixels? And with a dilation of 2?",
        "The stride of a layer matters for the layers behind it only: first make the field larger, then the distance.",
    ),
    after="Next, compare it with the figure, and then ask it about Ciresan's network.",
)


@receptive_field.case
def three_convolutions(random: Random) -> tuple[Any, ...]:
    return ([(3, 1, 1), (5, 1, 1), (4, 1, 1)],)


@receptive_field.case
def with_pools(random: Random) -> tuple[Any, ...]:
    return ([(4, 1, 1), (2, 2, 1), (5, 1, 1), (3, 3, 1), (4, 1, 1)],)


@receptive_field.case
def dilated(random: Random) -> tuple[Any, ...]:
    return ([(3, 1, 1), (3, 2, 2), (4, 1, 3), (2, 2, 1)],)


@receptive_field.case
def nothing(random: Random) -> tuple[Any, ...]:
    return ([],)


@receptive_field.case
def random_network(random: Random) -> tuple[Any, ...]:
    sizes = random.integers(2, 6, 4).tolist()
    return ([(kernel, 1 + k % 2, 1 + k // 2) for k, kernel in enumerate(sizes)],)


@receptive_field.behaviour
def a_real_network_agrees(attempt: Any, random: Random) -> str | None:
    layers = [(3, 2, 1), (3, 1, 2), (2, 2, 1), (3, 1, 1)]
    net = nn.Sequential(*(nn.Conv2d(1, 1, kernel, stride=s, dilation=d, bias=False) for kernel, s, d in layers))
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    image = torch.zeros(1, 1, 41, 41, requires_grad=True)
    net(image)[0, 0, 1, 1].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].any(0).nonzero()
    measured = int(seen.max() - seen.min()) + 1
    assert measured == field_of_network(net)
    if attempt(layers) == measured:
        return None
    return f"For {layers} you say {attempt(layers)}; a network with these layers depends on {measured} pixels."


@receptive_field.mistake(
    "You added the kernels up. Two kernels of 3 see 5 pixels, not 6: they share one. Each adds `kernel - 1`."
)
def kernels_added(layers: Layers) -> int:
    return sum(kernel for kernel, _, _ in layers)


@receptive_field.mistake(
    "You forgot the strides. Behind a pool of stride 2 neighbouring values lie 2 pixels apart, so a kernel of 3 reaches 4 "
    "pixels further, not 2."
)
def strides_forgotten(layers: Layers) -> int:
    return 1 + sum(dilation * (kernel - 1) for kernel, _, dilation in layers)


@receptive_field.mistake(
    "You let a layer's own stride count for its own kernel. A layer reads its input, where the values have the distance "
    "that the layers *before* it made: enlarge the field first, the distance afterwards."
)
def stride_too_early(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        field += dilation * (kernel - 1) * jump
    return field


@receptive_field.mistake(
    "You added the strides up; distances multiply. After two pools of stride 2 neighbouring values lie 4 pixels apart, after "
    "three 8, not 6."
)
def strides_added(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump += stride - 1
    return field


@receptive_field.mistake(
    "You ignored the dilation. A kernel of 3 with dilation 2 takes every second value and spans 5 of them: it adds "
    "`dilation * (kernel - 1)`."
)
def dilation_ignored(layers: Layers) -> int:
    return reference([(kernel, stride, 1) for kernel, stride, _ in layers])


@receptive_field.mistake(
    "You stretched the whole kernel, `dilation * kernel - 1`. Only its gaps grow: 3 values have 2 gaps, so it spans "
    "`dilation * (kernel - 1) + 1`."
)
def kernel_stretched(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (dilation * kernel - 1) * jump
        jump *= stride
    return field


@receptive_field.mistake("You started at 0. Before any layer a value sees one pixel, itself, so the count begins at 1.")
def started_at_nothing(layers: Layers) -> int:
    return reference(layers) - 1


@receptive_field.mistake(
    "You used the formula that goes backwards, from the output to the image, but went forwards. With "
    "`field = (field - 1) * stride + ...` begin at the last layer: `reversed(layers)`."
)
def formula_of_the_other_direction(layers: Layers) -> int:
    field = 1
    for kernel, stride, dilation in layers:
        field = (field - 1) * stride + dilation * (kernel - 1) + 1
    return field


@receptive_field.mistake(
    "You returned the distance between neighbouring outputs (the product of the strides). That is how coarse the output is; "
    "asked is how far one of them sees."
)
def distance_returned(layers: Layers) -> int:
    jump = 1
    for _, stride, _ in layers:
        jump *= stride
    return jump


@receptive_field.mistake(
    "You forgot that a pool reads neighbours too: a pool of 2 is a kernel of 2 with stride 2. Count every layer, whatever "
    "its stride is."
)
def pools_see_nothing(layers: Layers) -> int:
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump if stride == 1 else 0
        jump *= stride
    return field
