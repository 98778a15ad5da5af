"""What is rare in lesson 10 and must come out right all the same: a parameter without an axis, a class number beyond 4."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_10.means import alpha_of, ema_update, mixed
from medsegedu.exercises.lesson_10.names import counted, match_clusters


class Gated(nn.Module):
    """A layer with a single number as its parameter, as attention's gamma is, and a count of another name."""

    def __init__(self, random: Random, seen: int) -> None:
        super().__init__()
        self.mix = nn.Linear(3, 2)
        self.mix.weight.data, self.mix.bias.data = random.tensor(2, 3), random.tensor(2)
        self.gamma = nn.Parameter(random.tensor())  # ()
        self.register_buffer("seen", torch.tensor([seen, 2 * seen]))


@ema_update.case
def a_single_number_and_a_count(random: Random) -> tuple[Any, ...]:
    return Gated(random, 5), Gated(random, 8), 4, 0.7


@ema_update.mistake(
    "You took every tensor without an axis for a count, and copied it. A parameter can be a single number too, such as the gamma "
    "of an attention module: ask `is_floating_point()`."
)
def without_axes_copied(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        own.copy_(mixed(own, theirs[name], alpha) if own.ndim else theirs[name])
    return alpha_of(step, decay)


@ema_update.mistake(
    "You know whole numbers by a name, `num_batches_tracked`. Other layers count under other names: ask the tensor itself, "
    "`is_floating_point()`."
)
def known_by_name(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        other = theirs[name]
        own.copy_(other if "num_batches" in name else alpha * own + (1 - alpha) * other)
    return alpha_of(step, decay)


@match_clusters.case
def seven_classes(random: Random) -> tuple[Any, ...]:
    labels = random.integers(0, 7, 3, 6, 8)
    return (labels + random.integers(0, 2, 3, 6, 8)) % 8, labels, torch.tensor([True, True, False])


@match_clusters.mistake(
    "You counted the classes 0 to 4, as many as this lesson has. Other labels have more: `int(labels.max()) + 1`."
)
def five_classes(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return counted(clusters, labels, train)[:, :5].argmax(1)
