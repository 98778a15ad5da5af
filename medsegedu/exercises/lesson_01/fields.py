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
    """[(kernel, stride, dilation), ...], first layer first -> pixels of the span that one output sees."""
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
def short_with_pool(random: Random) -> tuple[Any, ...]:
    return ([(4, 1, 1), (2, 2, 1), (5, 1, 1)],)


@receptive_field.case
def short_with_strides(random: Random) -> tuple[Any, ...]:
    return ([(3, 2, 1), (4, 3, 1), (5, 1, 1)],)


@receptive_field.case
def short_with_gaps(random: Random) -> tuple[Any, ...]:
    return ([(2, 1, 1), (2, 3, 3), (2, 1, 4)],)


@receptive_field.case
def with_pools(random: Random) -> tuple[Any, ...]:
    return ([(4, 1, 1), (2, 2, 1), (5, 1, 1), (3, 3, 1), (4, 1, 1)],)


@receptive_field.case
def dilated(random: Random) -> tuple[Any, ...]:
    return ([(3, 1, 1), (3, 2, 2), (4, 1, 3), (2, 2, 1)],)


@receptive_field.case
def deep(random: Random) -> tuple[Any, ...]:
    return ([(kernel, stride, 1) for kernel in random.integers(2, 6, 6).tolist() for stride in (1, 2)],)


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
    return f"For {layers} you say {attempt(layers)}; a network with these layers sees {measured} pixels, first to last."
