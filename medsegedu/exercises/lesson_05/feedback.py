"""Exercise 5.5: wrong ways to feed the state back, and what goes wrong with few looks; some are two mistakes at once."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.looks import look, recurrent_conv, reference


@recurrent_conv.mistake(
    "You let `from_state` read zeros in the first look. A convolution with a bias makes something even of zeros; the first look "
    "is `from_input(x)` alone, `F.relu(norm(from_input(x)))`."
)
def zeros_as_first_state(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = torch.zeros_like(x)
    for _ in range(steps + 1):
        h = look(x, h, from_input, from_state, norm)
    return h


@recurrent_conv.mistake(
    "You took the kernel's numbers only (`from_input.weight`). A convolution may have a bias too: call the module, "
    "`from_input(x)`."
)
def weights_only(x: Tensor, from_input: nn.Conv2d, from_state: nn.Conv2d, norm: nn.Module, steps: int) -> Tensor:
    seen = F.conv2d(x, from_input.weight, padding=1)
    h = F.relu(norm(seen))
    for _ in range(steps):
        h = F.relu(norm(seen + F.conv2d(h, from_state.weight, padding=1)))
    return h


@recurrent_conv.mistake(
    "You add the new state to the old one (`h = h + ...`). The residual sum of R2U-Net goes round the whole pair of layers, not "
    "round a look: the new state takes the old one's place."
)
def residual_at_each_look(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = h + look(x, h, from_input, from_state, norm)
    return h


@recurrent_conv.mistake(
    "Two things. First the input: in the loop `from_input(x)` is missing. Then the sum: you add the new state to the old one "
    "(`h = h + ...`); it takes the old one's place."
)
def residual_without_the_input(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = h + F.relu(norm(from_state(h)))
    return h


@recurrent_conv.mistake(
    "You added the state itself as well. It comes in through its own kernel only: `from_input(x) + from_state(h)`, and no `+ h`."
)
def state_itself_added(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(x) + from_state(h) + h))
    return h


@recurrent_conv.mistake(
    "In your loop `from_state` reads x. So every look sees the same, and nothing of what came before: give it the newest state, "
    "`from_state(h)`."
)
def state_kernel_reads_x(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(x) + from_state(x)))
    return h


@recurrent_conv.mistake(
    "In your loop you add x itself. The input comes in through its own kernel, as in the first look: `from_input(x) + "
    "from_state(h)`."
)
def bare_x_in_the_loop(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(x + from_state(h)))
    return h


@recurrent_conv.mistake(
    "You put the sum x + h through `from_state`. Each kernel reads one of the two, and their results are added: `from_input(x) + "
    "from_state(h)`."
)
def sum_through_the_state_kernel(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_state(x + h)))
    return h


@recurrent_conv.mistake(
    "In your loop you add the first *state* where the input belongs. It went through norm and ReLU already; keep `from_input(x)` "
    "as it is for the sum."
)
def first_state_for_the_input(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    first = F.relu(norm(from_input(x)))
    h = first
    for _ in range(steps):
        h = F.relu(norm(first + from_state(h)))
    return h


@recurrent_conv.mistake(
    "Your loop always reads the first state: it stores the result under another name, and h stays as it was. Write `h = ...` in "
    "the loop, so that each look reads the newest one."
)
def oldest_state(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    last = h
    for _ in range(steps):
        last = look(x, h, from_input, from_state, norm)
    return last


@recurrent_conv.mistake(
    "You look again exactly once: there is no loop. `steps` tells how often, and it may be 0, 1, 2 or more: `for _ in "
    "range(steps)`."
)
def no_loop(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_input, from_state, norm, 1)


@recurrent_conv.mistake(
    "You return a list of all states. Only the newest one goes on through the network: return the last h."
)
def all_states(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> list[Tensor]:
    states = [F.relu(norm(from_input(x)))]
    for _ in range(steps):
        states.append(look(x, states[-1], from_input, from_state, norm))
    return states


@recurrent_conv.mistake(
    "With steps=0 you return the bare `from_input(x)`. The first look ends like all others, with norm and ReLU; no special case "
    "is needed, for a loop over `range(0)` does nothing."
)
def bare_without_looks(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_input, from_state, norm, steps) if steps else from_input(x)


@recurrent_conv.mistake(
    "The first look stands inside your loop, so with steps=0 there is none, and with 2 only one look *again*. Put it before the "
    "loop; the loop holds the looks again."
)
def first_look_counted(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h: Tensor  # has no value yet
    for number in range(steps):
        h = F.relu(norm(from_input(x))) if number == 0 else look(x, h, from_input, from_state, norm)  # noqa: F821
    return h


@recurrent_conv.mistake(
    "With steps=0 your function has no state: the first look stands inside the loop, which then never runs. Put it before the "
    "loop."
)
def first_look_in_the_loop(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    for number in range(steps):
        if number == 0:
            h = F.relu(norm(from_input(x)))
        h = look(x, h, from_input, from_state, norm)
    return h
