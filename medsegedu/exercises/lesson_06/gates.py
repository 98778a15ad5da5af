"""Exercise 6.3: the attention gate on a skip."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_06 import answers
from medsegedu.exercises.lesson_06.layers import pointwise, with_parts
from medsegedu.layers import AttentionGate


def reference(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    """A skip (N, C, H, W) and what comes up (N, D, h, w) -> the skip, dimmed; the gate of the core with these layers."""
    return with_parts(AttentionGate(1, 1, 1), theta=theta, phi=phi, psi=psi)(skip, gate)


attention_gate = Exercise(
    "06.attention_gate",
    reference=reference,
    shown=answers.attention_gate,
    title="The gate on a skip",
    minutes=12,
    difficulty=2,
    hints=(
        "Five steps, in the order of the drawing: two maps with equal channels, equal size, a sum, a decision, a product.",
        "What comes up is coarser than the skip: bring `phi(gate)` to the size of `theta(skip)` with "
        '`F.interpolate(..., size=..., mode="bilinear")`. Its size need not be exactly half.',
        "The sum goes through a ReLU, then `psi`, then a sigmoid: (N, 1, H, W), one factor a pixel. What it multiplies is the "
        "skip as it came, not `theta(skip)`.",
    ),
    after="The next cell shows what the gates of a trained network let through.",
    gradients=True,
)


def _situation(
    random: Random, channels: tuple[int, int, int], size: tuple[int, int], coarse: tuple[int, int], images: int = 2
) -> tuple[Any, ...]:
    skip, gate, inner = channels
    return (
        random.tensor(images, skip, *size), random.tensor(images, gate, *coarse), pointwise(skip, inner, random, 1),
        pointwise(gate, inner, random, 2), pointwise(inner, 1, random, 3),
    )  # fmt: skip


@attention_gate.case
def half_the_size(random: Random) -> tuple[Any, ...]:
    return _situation(random, (4, 8, 3), (6, 10), (3, 5))


@attention_gate.case
def odd_sizes(random: Random) -> tuple[Any, ...]:
    return _situation(random, (3, 5, 4), (9, 7), (4, 3), 3)


@attention_gate.case
def a_quarter_of_the_size(random: Random) -> tuple[Any, ...]:
    return _situation(random, (2, 3, 1), (8, 12), (2, 3))


@attention_gate.case
def equal_sizes_and_channels(random: Random) -> tuple[Any, ...]:
    return _situation(random, (4, 4, 4), (5, 6), (5, 6))  # nothing but the values tells the two maps apart


def resized(x: Tensor, like: Tensor) -> Tensor:
    """As it should be; like the core it leaves an equal size alone."""
    return F.interpolate(x, like.shape[2:], mode="bilinear")


def decision(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    """The factor as it should be, (N, 1, H, W)."""
    seen = theta(skip)
    return psi((seen + resized(phi(gate), seen)).relu()).sigmoid()


@attention_gate.behaviour
def every_image_by_itself(attempt: Any, random: Random) -> str | None:
    skip, gate, *layers = _situation(random, (4, 6, 3), (7, 9), (4, 5), 3)
    if not torch.allclose(attempt(skip, gate, *layers)[1:2], attempt(skip[1:2], gate[1:2], *layers), atol=1e-5):
        return "What an image's gate lets through changes with the other images of its batch."
    return None


@attention_gate.mistake("You return the factor alone. The gate's work is to dim: return the skip times the factor.")
def factor_only(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return decision(skip, gate, theta, phi, psi)


@attention_gate.mistake(
    "You multiplied `theta(skip)`. That map exists for the comparison only; what is dimmed and passed on is the skip itself, "
    "with all its channels."
)
def theta_dimmed(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return theta(skip) * decision(skip, gate, theta, phi, psi)


@attention_gate.mistake(
    "You dimmed what comes up from below instead of the skip. The coarse map steers; the fine one is what passes through "
    "the gate."
)
def gate_dimmed(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return resized(gate, skip) * decision(skip, gate, theta, phi, psi)


@attention_gate.mistake(
    "The ReLU between the sum and `psi` is missing. Without it skip and gating signal only add up; with it a place can count "
    "because both agree."
)
def no_relu(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    return skip * psi(seen + resized(phi(gate), seen)).sigmoid()


@attention_gate.mistake(
    "The sigmoid is missing: your gate multiplies by raw scores, also by negative and large ones. A factor lies between 0, "
    "shut, and 1, open."
)
def no_sigmoid(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    return skip * psi((seen + resized(phi(gate), seen)).relu())


@attention_gate.mistake(
    "You multiplied `theta(skip)` by `phi(gate)`. This gate is additive: the two are summed, then the ReLU cuts. (Non-local "
    "blocks multiply; they come next.)"
)
def multiplied(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    return skip * psi((seen * resized(phi(gate), seen)).relu()).sigmoid()


@attention_gate.mistake(
    "You put the ReLU on each of the two maps before the sum. What one map holds against a place must be able to cancel "
    "what the other says for it: first the sum, then the ReLU."
)
def relu_before_the_sum(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip).relu()
    return skip * psi(seen + resized(phi(gate), seen).relu()).sigmoid()


@attention_gate.mistake(
    "You decided without what comes up from below: your output does not depend on `gate`. Then the skip judges itself; add "
    "`phi(gate)` in the skip's size."
)
def gate_ignored(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi(theta(skip).relu()).sigmoid()


@attention_gate.mistake(
    "You decided without looking at the skip: only `gate` enters the factor. Both must be heard, `theta(skip)` for what is "
    "there and `phi(gate)` for what is sought."
)
def skip_unseen(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi(resized(phi(gate), skip).relu()).sigmoid()
