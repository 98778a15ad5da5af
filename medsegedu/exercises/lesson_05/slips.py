"""Exercise 5.5: normalisation and ReLU left out or misplaced, and sums written in place."""

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.looks import recurrent_conv


@recurrent_conv.mistake(
    "There is no normalisation at all. Each look adds to what was there, and the numbers grow; `norm` brings them back to one "
    "scale before every ReLU, the first one too."
)
def no_norm(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(from_input(x))
    for _ in range(steps):
        h = F.relu(from_input(x) + from_state(h))
    return h


@recurrent_conv.mistake(
    "Neither norm nor ReLU: your looks are a single linear filter, and its numbers grow. Wrap the first look and each look "
    "again: `F.relu(norm(...))`."
)
def neither_norm_nor_relu(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = from_input(x)
    for _ in range(steps):
        h = from_input(x) + from_state(h)
    return h


@recurrent_conv.mistake(
    "There is a ReLU nowhere. Without one all looks together are a single linear filter, however often you look: "
    "`F.relu(norm(...))`, in the first look and in each look again."
)
def no_relu(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = norm(from_input(x))
    for _ in range(steps):
        h = norm(from_input(x) + from_state(h))
    return h


@recurrent_conv.mistake(
    "You normalised the state's part alone and added the input's part as it is. First add, then normalise the sum: "
    "`norm(from_input(x) + from_state(h))`."
)
def state_normalised_alone(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(from_input(x) + norm(from_state(h)))
    return h


@recurrent_conv.mistake(
    "You normalised the input's part alone and added the state's part as it is. First add, then normalise the sum: "
    "`norm(from_input(x) + from_state(h))`."
)
def input_normalised_alone(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    seen = norm(from_input(x))
    h = F.relu(seen)
    for _ in range(steps):
        h = F.relu(norm(from_input(x)) + from_state(h))
    return h


@recurrent_conv.mistake(
    "You add into a tensor that is still needed (`+=`): old states pile up in it, and PyTorch cannot go back to what it held. "
    "Write a new sum in each look, `from_input(x) + from_state(h)`."
)
def summed_in_place(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    seen = from_input(x)
    h = F.relu(norm(seen))
    for _ in range(steps):
        seen += from_state(h)
        h = F.relu(norm(seen))
    return h


@recurrent_conv.mistake(
    "Your ReLU works in place (`inplace=True`, `relu_`). If `norm` passes on its input itself, that writes into `from_input(x)`, "
    "which every look needs as it was: leave `inplace` out."
)
def relu_in_place(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    seen = from_input(x)
    h = F.relu(norm(seen), inplace=True)
    for _ in range(steps):
        h = F.relu(norm(seen + from_state(h)), inplace=True)
    return h
