"""Logits far from zero, in exercises 10.1, 10.2 and 10.4: the exponential overflows, and the logarithm finds a zero."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_10.agreement import consistency
from medsegedu.exercises.lesson_10.kept import ignored, kept_loss
from medsegedu.exercises.lesson_10.sure import labelled, pseudo_label


@pseudo_label.case
def six_classes_far_from_zero(random: Random) -> tuple[Any, ...]:
    return 60 * random.tensor(2, 6, 4, 7), 0.75


@kept_loss.case
def far_from_zero(random: Random) -> tuple[Any, ...]:
    return 60 * random.tensor(2, 6, 5, 4), ignored(random, random.integers(0, 6, 2, 5, 4), 0.4)


@consistency.case
def both_far_from_zero(random: Random) -> tuple[Any, ...]:
    return 60 * random.tensor(2, 3, 4, 5), 60 * random.tensor(2, 3, 4, 5)


def exponentials(logits: Tensor) -> Tensor:
    return logits.exp() / logits.exp().sum(1, keepdim=True)


def means(each: Tensor, label: Tensor) -> Tensor:
    kept = label != -1
    return (each * kept).sum() / kept.sum().clamp(min=1)


def picked(values: Tensor, label: Tensor) -> Tensor:
    return values.gather(1, label.clamp(min=0)[:, None])[:, 0]


@pseudo_label.mistake(
    "You wrote the softmax yourself. `exp` of a logit of 100 is infinite, and infinite / infinite is NaN: no threshold sees it. "
    "`torch.softmax` subtracts the largest logit first, which changes nothing but keeps the numbers small."
)
def overflow(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*exponentials(logits).max(1), threshold)


@pseudo_label.mistake(
    "You wrote the softmax yourself. `exp` of a logit of 100 is infinite, infinite / infinite is NaN, and NaN is never `>=` a "
    "threshold: your surest pixels are ignored. Use `torch.softmax`, which subtracts the largest logit first."
)
def overflow_ignored(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = exponentials(logits).max(1)
    return torch.where(confidence >= threshold, label, -1)


@kept_loss.mistake(
    "You took the logarithm of a softmax. Where the network is sure and wrong the softmax is rounded to 0, its logarithm is "
    "infinite, and 0 times infinite is NaN. `log_softmax` and `F.cross_entropy` never form that 0."
)
def log_of_softmax(logits: Tensor, label: Tensor) -> Tensor:
    return means(-picked(logits.softmax(1), label).log(), label)


@kept_loss.mistake(
    "You took the logarithm of a softmax, and only of the kept pixels. Where the network is sure and wrong the softmax is "
    "rounded to 0, and the loss is infinite. `log_softmax` and `F.cross_entropy` never form that 0."
)
def log_of_kept_softmax(logits: Tensor, label: Tensor) -> Tensor:
    kept = label != -1
    return -picked(logits.softmax(1), label)[kept].log().sum() / kept.sum().clamp(min=1)


@kept_loss.mistake(
    "A small number before the logarithm (1e-8) saves you from an infinite loss, but caps it at 18, and a pixel that is "
    "hopelessly wrong gets no gradient: it never improves. `log_softmax` and `F.cross_entropy` need no such number."
)
def logarithm_capped(logits: Tensor, label: Tensor) -> Tensor:
    return means(-(picked(logits.softmax(1), label) + 1e-8).log(), label)


@kept_loss.mistake(
    "You wrote the softmax yourself, `exp` divided by its sum. `exp` of a logit of 100 is infinite, and the loss is NaN: "
    "`log_softmax` and `F.cross_entropy` subtract the largest logit first."
)
def overflow_before_the_logarithm(logits: Tensor, label: Tensor) -> Tensor:
    return means(-picked(exponentials(logits), label).log(), label)


@kept_loss.mistake(
    "You took the logarithm of a sum of exponentials. `exp` of a logit of 100 is infinite: `torch.logsumexp` subtracts the "
    "largest logit first, and so do `log_softmax` and `F.cross_entropy`."
)
def overflow_in_the_sum(logits: Tensor, label: Tensor) -> Tensor:
    return means(logits.exp().sum(1).log() - picked(logits, label), label)


@consistency.mistake(
    "You wrote the softmax yourself. `exp` of a logit of 100 is infinite, and infinite / infinite is NaN. `torch.softmax` "
    "subtracts the largest logit first, which changes nothing but keeps the numbers small."
)
def overflow_in_both(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(exponentials(student), exponentials(teacher.detach()))
