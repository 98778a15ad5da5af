"""Exercise 5.5: a convolution that looks again."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_05 import answers


def reference(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    """x (N, C, H, W) -> the state h (N, C, H, W) after one look and `steps` looks again."""
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(x) + from_state(h)))
    return h


recurrent_conv = Exercise(
    "05.recurrent_conv",
    reference=reference,
    title="Look again",
    minutes=10,
    difficulty=2,
    hints=(
        "Two things go in at each step: what never changes (the input) and what does (the state). Which kernel reads which?",
        "Before the loop there is no state yet: the first look is `from_input(x)` alone, normalised, through a ReLU.",
        "In the loop, `steps` times: add `from_input(x)` and `from_state(h)`, normalise, ReLU; the result is the new h.",
    ),
    after="The next cell shows how far each look reaches.",
    gradients=True,
    shown=answers.recurrent_conv,
)


def parts(random: Random, channels: int, norm: nn.Module, bias: bool = False) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Two kernels and a normalisation, random but fixed."""
    kernels = [nn.Conv2d(channels, channels, 3, padding=1, bias=bias) for _ in range(2)]
    fill_parameters(nn.ModuleList([*kernels, norm]), random.seed)
    return kernels[0], kernels[1], norm


@recurrent_conv.case
def two_looks_again(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 7, 5), *parts(random, 3, nn.BatchNorm2d(3)), 2


@recurrent_conv.case
def six_looks_again(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 2, 6, 9), *parts(random, 2, nn.BatchNorm2d(2)), 6


@recurrent_conv.case
def one_look_again(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 4, 8, 5), *parts(random, 4, nn.GroupNorm(2, 4)), 1


@recurrent_conv.case
def one_look_alone(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 5, 6), *parts(random, 3, nn.BatchNorm2d(3)), 0


@recurrent_conv.case
def no_normalisation(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 2, 5, 8), *parts(random, 2, nn.Identity()), 3


@recurrent_conv.case
def kernels_with_a_bias(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 6, 5), *parts(random, 3, nn.GroupNorm(1, 3), bias=True), 2


@recurrent_conv.case
def one_biased_look_alone(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 2, 4, 7), *parts(random, 2, nn.Identity(), bias=True), 0


@recurrent_conv.behaviour
def every_look_learns(attempt: Any, random: Random) -> str | None:
    x = random.tensor(2, 3, 6, 7).requires_grad_()
    from_input, from_state, norm = parts(random, 3, nn.GroupNorm(3, 3))
    output = attempt(x, from_input, from_state, norm, 2)
    if not output.requires_grad:
        return (
            "Your output is cut off from the kernels (`.detach()`, `.data` or `torch.no_grad()`): nothing would learn."
        )
    output.sin().sum().backward()
    for name, module in {"from_input": from_input, "from_state": from_state, "norm": norm}.items():
        if any(weight.grad is None for weight in module.parameters()):
            return f"No gradient reaches `{name}`: it is never used, or cut off."
    return None


def look(x: Tensor, h: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module) -> Tensor:
    """One look again as it should be."""
    return F.relu(norm(from_input(x) + from_state(h)))


@recurrent_conv.mistake(
    "You fed the state into `from_input` and lost the input itself. That is a stack of convolutions that share a kernel. In a "
    "recurrent one x comes in at every step: `from_input(x) + from_state(h)`."
)
def plain_stack(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(h)))
    return h


@recurrent_conv.mistake(
    "In your loop the input is missing: only `from_state(h)` is left, and with each look more of the image is forgotten. Add "
    "`from_input(x)` every time."
)
def input_forgotten(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_state(h)))
    return h


@recurrent_conv.mistake(
    "Your loop runs one time too few. The first look stands before the loop and is not counted: `steps` are the looks *again*, "
    "so with steps=0 an ordinary convolution is left."
)
def one_look_short(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_input, from_state, norm, max(steps - 1, 0))


@recurrent_conv.mistake("Your loop runs one time too many: one look, then `steps` looks again, `range(steps)`.")
def one_look_more(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_input, from_state, norm, steps + 1)


@recurrent_conv.mistake(
    "You started from the image as the state (h = x). Before the first look there is no state: the first look is "
    "`from_input(x)` alone."
)
def starts_from_the_image(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = x
    for _ in range(steps + 1):
        h = look(x, h, from_input, from_state, norm)
    return h


@recurrent_conv.mistake(
    "You started from zeros and looked `steps` times in all. The look at the zero state is the first look; `steps` more "
    "follow. With steps=0 yours would return nothing but zeros."
)
def zeros_then_steps(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = torch.zeros_like(x)
    for _ in range(steps):
        h = look(x, h, from_input, from_state, norm)
    return h


@recurrent_conv.mistake(
    "Your kernels are exchanged: `from_state` reads the input and `from_input` the state. Which kernel reads what is all that "
    "tells them apart."
)
def kernels_exchanged(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    return reference(x, from_state, from_input, norm, steps)


@recurrent_conv.mistake(
    "You used one kernel for both, `from_input(x + h)`. Well-known public code does so and saves half the weights; the paper "
    "has two, and the second one stands idle here."
)
def one_kernel(x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = F.relu(norm(from_input(x + h)))
    return h


@recurrent_conv.mistake(
    "There is no ReLU in your loop. Without one all looks together are a single linear filter, however often you look: "
    "`F.relu(norm(...))` at every step."
)
def relu_at_the_start_only(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = F.relu(norm(from_input(x)))
    for _ in range(steps):
        h = norm(from_input(x) + from_state(h))
    return h


@recurrent_conv.mistake(
    "You apply the ReLU once, at the very end. Each look needs its own, the first one too, or the looks collapse into one "
    "linear filter."
)
def relu_at_the_end_only(
    x: Tensor, from_input: nn.Module, from_state: nn.Module, norm: nn.Module, steps: int
) -> Tensor:
    h = norm(from_input(x))
    for _ in range(steps):
        h = norm(from_input(x) + from_state(h))
    return F.relu(h)
