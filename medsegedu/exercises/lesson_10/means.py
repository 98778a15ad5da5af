"""Exercise 10.3: the teacher is a running mean of the student."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

ema_update = Exercise(
    "10.ema_update",
    reference=answers.ema_update,
    title="The mean teacher",
    minutes=12,
    difficulty=3,
    hints=(
        "A network's `state_dict()` holds parameters and buffers by name, and its tensors share memory with the network: what "
        "you write into them with `copy_` the network has.",
        "At step 0 alpha is 0 (the teacher becomes the student), at step 1 it is 1/2, then 2/3: a plain mean, until `decay` is "
        "smaller. So `min`, not `max`.",
        "`num_batches_tracked` is a whole number: a weighted mean of it makes no sense. `if own.is_floating_point(): ...`, else "
        "copy the student's. And all of it under `torch.no_grad()`, or in a state dict, which has no gradients.",
    ),
    after="Weights, biases and running statistics, and the student is as it was. The next cell lets a teacher follow a student.",
)


def network(random: Random, number: int) -> nn.Module:
    """Two convolutions with normalisation, with weights and statistics of their own."""
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4)
    )
    fill_parameters(net, seed=number)
    for index, norm in enumerate(layer for layer in net if isinstance(layer, nn.BatchNorm2d)):
        size = norm.num_features
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        norm.running_mean.copy_(random.tensor(size))
        norm.running_var.copy_(0.5 + random.tensor(size).abs())
        norm.num_batches_tracked.fill_(10 * number + index)
    return net


@ema_update.case
def the_very_first_step(random: Random) -> tuple[Any, ...]:
    return network(random, 1), network(random, 2), 0, 0.99


@ema_update.case
def still_a_plain_mean(random: Random) -> tuple[Any, ...]:
    return network(random, 3), network(random, 4), 3, 0.99


@ema_update.case
def long_afterwards(random: Random) -> tuple[Any, ...]:
    return network(random, 5), network(random, 7), 500, 0.9


@ema_update.case
def a_teacher_that_asks_for_no_gradients(random: Random) -> tuple[Any, ...]:
    return network(random, 6).requires_grad_(False), network(random, 8), 2, 0.5


@ema_update.behaviour
def they_stay_two_networks(attempt: Any, random: Random) -> str | None:
    teacher, student = network(random, 2), network(random, 9)
    attempt(teacher, student, 0, 0.99)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    for tensor in student.state_dict().values():
        tensor.add_(1)
    if any(not torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items()):
        return "When the student moves afterwards, the teacher moves with it: they share memory. Copy the numbers (`copy_`)."
    return None


@ema_update.behaviour
def the_student_can_still_learn(attempt: Any, random: Random) -> str | None:
    teacher, student = network(random, 1), network(random, 2)
    attempt(teacher, student, 5, 0.9)
    if not all(parameter.requires_grad for parameter in student.parameters()):
        return "The student's parameters no longer require gradients, so it cannot learn any more."
    return None


def alpha_of(step: int, decay: float) -> float:
    return min(1 - 1 / (step + 1), decay)


def mixed(own: Tensor, theirs: Tensor, alpha: float) -> Tensor:
    return alpha * own + (1 - alpha) * theirs if own.is_floating_point() else theirs


def move(teacher: nn.Module, student: nn.Module, alpha: float) -> float:
    theirs = student.state_dict()
    for name, own in teacher.state_dict().items():
        own.copy_(mixed(own, theirs[name], alpha))
    return alpha


@ema_update.mistake(
    "You exchanged `alpha` and `1 - alpha`: with a decay of 0.99 the teacher takes 99 % from the student at each step and "
    "forgets itself. It should keep `alpha` of its own, and take `1 - alpha`."
)
def shares_exchanged(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    move(teacher, student, 1 - alpha_of(step, decay))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You moved the student towards the teacher. The student learns by gradients alone; what moves here is the teacher."
)
def student_moved(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    move(student, teacher, alpha_of(step, decay))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You averaged the parameters and forgot the buffers. Batch normalisation keeps its running mean and variance in buffers; the "
    "teacher then normalises with statistics from the very start, and its answers are nonsense. `state_dict()` has both."
)
def buffers_forgotten(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = alpha_of(step, decay)
    for own, theirs in zip(teacher.parameters(), student.parameters(), strict=True):
        own.data.copy_(mixed(own.data, theirs.data, alpha))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You averaged the weights, but copied the buffers from the student. Some codes do so; but then the averaged weights meet "
    "statistics that belong to other weights. Average the running means and variances too."
)
def buffers_copied(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    buffers_forgotten(teacher, student, step, decay)
    for own, theirs in zip(teacher.buffers(), student.buffers(), strict=True):
        own.copy_(theirs)
    return alpha_of(step, decay)


@ema_update.mistake(
    "You averaged `num_batches_tracked` as well. It counts batches: copied into a whole number, the mean is cut off behind the "
    "point. Copy whole numbers from the student as they are."
)
def counts_averaged(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        own.copy_(alpha * own + (1 - alpha) * theirs[name])
    return alpha_of(step, decay)


@ema_update.mistake(
    "You left whole numbers as they were. The teacher's count of batches stays at its first value; copy the student's."
)
def counts_left(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        if own.is_floating_point():
            own.copy_(mixed(own, theirs[name], alpha))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You used `decay` from the first step on. The teacher starts from random weights, and with 0.99 it would carry them along "
    "for hundreds of steps: at first take the plain mean, `alpha = min(1 - 1 / (step + 1), decay)`."
)
def no_warm_up(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    return move(teacher, student, decay)


@ema_update.mistake(
    "You took the larger of the two shares. Then the mean grows longer and longer, and the teacher stands still in the end. The "
    "smaller one: `min`."
)
def larger_share(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    return move(teacher, student, max(1 - 1 / (step + 1), decay))


@ema_update.mistake(
    "You left out the decay: the plain mean of all steps never forgets, and after 10,000 steps a new one counts for nothing. "
    "`alpha = min(1 - 1 / (step + 1), decay)`."
)
def plain_mean_for_ever(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    return move(teacher, student, 1 - 1 / (step + 1))


@ema_update.mistake(
    "You count steps from 1: `1 / step` is a division by zero at the first one. Steps count from 0 here, so `1 - 1 / (step + 1)`."
)
def counted_from_one(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    return move(teacher, student, min(1 - 1 / step, decay))
