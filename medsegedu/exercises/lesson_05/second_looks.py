"""Exercise 5.5: further wrong ways to look again."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.looks import look, recurrent_conv, reference


@recurrent_conv.mistake(
    "You normalise behind the ReLU. Here the order is sum, normalisation, ReLU, as in the block of lesson 03; the state is "
    "then never negative."
)
def norm_behind_relu(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = norm(F.relu(from_input(x)))
    for _ in range(steps):
        h = norm(F.relu(from_input(x) + from_state(h)))
    return h


@recurrent_conv.mistake(
    "You left out the normalisation in the loop. The state is added to itself at each look and grows; `norm` brings it back to "
    "one scale every time."
)
def norm_at_the_start_only(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(from_input(x) + from_state(h))
    return h


@recurrent_conv.mistake(
    "You normalised the two terms one by one and then added them. Add first: the state is normalised once a step, as one map."
)
def terms_normalised_apart(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(x)) + norm(from_state(h)))
    return h


@recurrent_conv.mistake(
    "You add to the sum of the step before (`z += from_state(h)`), so old states pile up. Each look starts afresh from "
    "`from_input(x)`, and adds only the newest state."
)
def states_pile_up(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    z = from_input(x)
    h = F.relu(norm(z))
    for _ in range(steps):
        z = z + from_state(h)
        h = F.relu(norm(z))
    return h


@recurrent_conv.mistake(
    "You add x to the result. That residual sum belongs to the block around two of these layers; here return the last state h "
    "alone."
)
def residual_added(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return x + reference(x, from_input, from_state, norm, steps)


@recurrent_conv.mistake(
    "You always look again twice. That is the paper's choice and only the usual one: let `steps` count, `range(steps)`."
)
def always_two(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_input, from_state, norm, 2)


@recurrent_conv.mistake(
    "The state of each step was cut off (`.detach()`, `.data`) before the next, so the kernels learn from the last look alone. "
    "The numbers are right; the gradients are not."
)
def state_detached(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = look(x, h.detach(), from_input, from_state, norm)
    return h


@recurrent_conv.mistake(
    "The numbers are right, but nothing flows back: all of it ran under `torch.no_grad()`, or the result was cut off. Leave "
    "that for predicting."
)
def cut_off(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    with torch.no_grad():
        return reference(x, from_input, from_state, norm, steps)


@recurrent_conv.mistake(
    "In your loop `from_input` reads the state and not x: you wrote `from_input(h)`, or overwrote x (`x = F.relu(...)`). "
    "`from_input` always reads the same x, `from_state` the newest state."
)
def input_overwritten(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    x = F.relu(norm(from_input(x)))
    for _ in range(steps):
        x = F.relu(norm(from_input(x) + from_state(x)))
    return x


@recurrent_conv.mistake(
    "You return inside the loop, or overwrite h by the first look each time: only one look again counts, whatever `steps` "
    "says."
)
def one_look_again_at_most(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    return reference(x, from_input, from_state, norm, min(steps, 1))


@recurrent_conv.mistake(
    "Your first look has no ReLU, or no normalisation: it must end like all others, `F.relu(norm(...))`, since its result is "
    "the first state."
)
def bare_first_look(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = from_input(x)
    for _ in range(steps):
        h = look(x, h, from_input, from_state, norm)
    return h
