"""Exercise 8.3: one network a contrast, and the mean of their probabilities."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.further import agrees, result

late_fusion = Exercise(
    "08.late_fusion",
    reference=answers.late_fusion,
    title="Late fusion",
    minutes=12,
    difficulty=3,
    hints=(
        "First make probabilities of the scores: for each network, each patient and each pixel they add up to 1 over the "
        "classes. Which dimension of (M, N, classes, H, W) is that?",
        "A mean over those that are there: give each network a weight, 1 where it is present and 0 where not, divided by "
        "how many are present for this patient, `present.sum(0)`.",
        "`weight` is (M, N); append axes of length 1 until it has as many as `logits`, multiply, and sum over the "
        "networks, dimension 0.",
    ),
    after="Slices and volumes, one absent voter or two. The next cells let your trained networks vote.",
)


@late_fusion.case
def all_present(random: Random) -> tuple[Any, ...]:
    return 3 * random.tensor(3, 2, 4, 5, 7), torch.ones(3, 2, dtype=torch.bool)


@late_fusion.case
def each_patient_lacks_another(random: Random) -> tuple[Any, ...]:
    present = torch.tensor([[True, False, True, True], [False, True, True, False], [True, True, True, False]])
    return 3 * random.tensor(3, 4, 5, 6, 3), present


@late_fusion.case
def nobody_has_the_third(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(3, 2, 3, 4, 6), torch.tensor([[True, True], [False, True], [False, False]])


@late_fusion.case
def two_networks(random: Random) -> tuple[Any, ...]:
    return 3 * random.tensor(2, 3, 4, 3, 5), torch.tensor([[True, False, True], [True, True, False]])


@late_fusion.case
def five_networks(random: Random) -> tuple[Any, ...]:
    present = torch.tensor([[True, False], [False, True], [False, False], [True, True], [True, False]])
    return 2 * random.tensor(5, 2, 2, 4, 3), present


def right_so_far(attempt: Callable[..., Any], random: Random) -> bool:
    present = torch.tensor([[True, False], [True, True]])
    return agrees(attempt, answers.late_fusion, 2 * random.tensor(2, 2, 3, 4, 5), present)


@late_fusion.behaviour
def two_networks_on_volumes(attempt: Callable[..., Any], random: Random) -> str | None:
    logits, present = 2 * random.tensor(2, 3, 2, 4, 3, 5), torch.tensor([[True, False, True], [True, True, False]])
    if right_so_far(attempt, random) and not agrees(attempt, answers.late_fusion, logits, present):
        return (
            "Slices come out right, volumes do not: `[:, :, None, None, None]` fits (M, N, classes, H, W), and a volume has one "
            "axis more. Append as many as `logits` has: `.view(*weight.shape, *[1] * (logits.ndim - 2))`."
        )
    return None


@late_fusion.behaviour
def loud_networks(attempt: Callable[..., Any], random: Random) -> str | None:
    logits, present = 150 * random.tensor(2, 2, 3, 4, 5), torch.ones(2, 2, dtype=torch.bool)
    mine = result(attempt, logits, present)
    if right_so_far(attempt, random) and mine is not None and not mine.isfinite().all():
        return (
            "A network that is very sure has scores of 100 and more, and `exp(100)` is too large for float32: inf / inf is NaN. "
            "`logits.softmax(2)` subtracts the highest score first and has no such trouble; use it instead of `exp`."
        )
    return None


def shaped(weight: Tensor, logits: Tensor) -> Tensor:
    """(M, N) -> (M, N, 1, 1, ...), as many axes as the logits."""
    return weight.to(logits.dtype).view(*weight.shape, *[1] * (logits.ndim - 2))


def mean_of(values: Tensor, present: Tensor) -> Tensor:
    """The mean over the networks that are present: (M, N, ...) -> (N, ...)."""
    return (values * shaped(present / present.sum(0), values)).sum(0)


@late_fusion.mistake(
    "You averaged the scores and took the softmax afterwards. A network that shouts (scores of 20 instead of 2) then "
    "decides alone, and how loud it is says little about how right. Softmax first: each network has one vote to "
    "spread."
)
def scores_averaged(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits, present).softmax(1)


@late_fusion.mistake(
    "You averaged raw scores and never made probabilities of them. Scores of different networks have different "
    "scales: take the softmax over the classes first, `logits.softmax(2)`."
)
def no_softmax(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits, present)


@late_fusion.mistake(
    "Your softmax runs over dimension 1, the patients: they now compete for each pixel. In (M, N, classes, ...) the "
    "classes are dimension 2, because the networks stand in front."
)
def patients_compete(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.softmax(1), present)


@late_fusion.mistake(
    "Your softmax runs over dimension 0, the networks: they compete, and the classes of a pixel no longer add up to "
    "1. The classes are dimension 2."
)
def networks_compete(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.softmax(0), present)


@late_fusion.mistake(
    "Your softmax runs over the last dimension, the pixels of a row. The classes are dimension 2, whatever comes "
    "behind them."
)
def pixels_compete(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.softmax(-1), present)


@late_fusion.mistake(
    "You used a sigmoid, which asks about each class by itself: the classes of a pixel then need not add up to 1. "
    "Exactly one class is right, so it is a softmax over them."
)
def sigmoid(logits: Tensor, present: Tensor) -> Tensor:
    return mean_of(logits.sigmoid(), present)


@late_fusion.mistake(
    "You let the networks vote with their best class only. Then 51 % counts like 99 %, and with two networks there "
    "are ties. Average the probabilities themselves."
)
def counted_heads(logits: Tensor, present: Tensor) -> Tensor:
    votes = F.one_hot(logits.argmax(2), logits.shape[2]).movedim(-1, 2).to(logits.dtype)
    return mean_of(votes, present)


@late_fusion.mistake(
    "You returned the winning class. The probabilities are wanted, (N, classes, ...): how sure the vote was is worth "
    "knowing, and `argmax(1)` can be taken afterwards."
)
def winner_only(logits: Tensor, present: Tensor) -> Tensor:
    return answers.late_fusion(logits, present).argmax(1)


@late_fusion.mistake(
    "You took the largest probability over the networks. The loudest then wins even against two quiet ones, and the "
    "classes add up to more than 1. Take the mean."
)
def loudest(logits: Tensor, present: Tensor) -> Tensor:
    return (logits.softmax(2) * shaped(present, logits)).amax(0)


@late_fusion.mistake(
    "You took a second softmax at the end. The mean of probabilities is a probability already; another softmax makes "
    "all classes nearly equal."
)
def softmax_twice(logits: Tensor, present: Tensor) -> Tensor:
    return answers.late_fusion(logits, present).softmax(1)
