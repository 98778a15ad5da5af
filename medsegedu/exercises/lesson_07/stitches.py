"""Exercise 7.5: many windows, one volume."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_07.answers import stitch as shown
from medsegedu.inference.sliding_window import gaussian, window_boxes

Starts = Sequence[Sequence[int]]
Box = tuple[slice, ...]


def reference(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    """answers (n, C, x, y, z), starts (n, 3), weight (x, y, z) -> their weighted mean (C, *size)."""
    total = answers.new_zeros(answers.shape[1], *size)  # (C, *size)
    weights = answers.new_zeros(*size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] += weight * answer
        weights[box] += weight
    return total / weights


stitch = Exercise(
    "07.stitch",
    reference=reference,
    shown=shown,
    title="Stitch a volume",
    minutes=12,
    difficulty=3,
    hints=(
        "Two empty volumes (`torch.zeros`): one, (C, *size), collects the weighted answers, the other, (*size), the "
        "weights alone. What do you do with them in the end?",
        "Window number n covers `i:i + x` along the first axis, where (i, j, k) = starts[n] and (x, y, z) is the window's size.",
        "In the loop: `total[:, i:i + x, j:j + y, k:k + z] += weight * answer`, and the same place of `weights` gets "
        "`+= weight`. After the loop: `total / weights`.",
    ),
    after="Next a real network's windows go through it.",
    rtol=5e-4,
    atol=1e-4,
)


def windows(
    random: Random, size: tuple[int, ...], window: tuple[int, ...], overlap: float, classes: int = 3
) -> tuple[Any, ...]:
    """Random answers for the windows that cover a volume, with the core's weights."""
    starts = [tuple(part.start for part in box) for box in window_boxes(size, window, overlap)]
    return random.tensor(len(starts), classes, *window), starts, size, gaussian(window)


@stitch.case
def half_overlap(random: Random) -> tuple[Any, ...]:
    return windows(random, (7, 9, 6), (4, 5, 3), 0.5)


@stitch.case
def little_overlap(random: Random) -> tuple[Any, ...]:
    return windows(random, (8, 5, 7), (3, 5, 4), 0.2, classes=5)


@stitch.case
def one_window(random: Random) -> tuple[Any, ...]:
    return windows(random, (4, 3, 5), (4, 3, 5), 0.5)


@stitch.case
def mixed_up_windows(random: Random) -> tuple[Any, ...]:  # their order does not matter
    answers, starts, size, weight = windows(random, (6, 5, 5), (4, 4, 3), 0.3, classes=2)
    order = random.numpy.permutation(len(starts)).tolist()
    return answers[order], [starts[n] for n in order], size, weight


@stitch.behaviour
def light_windows(attempt: Any, random: Random) -> str | None:
    """A weighted mean does not change when all weights shrink alike. (1e-8 in the divisor stays unpunished.)"""
    answers, starts, size, weight = windows(random, (5, 7, 6), (4, 4, 4), 0.5)
    expected = reference(answers, starts, size, weight)
    if not torch.allclose(torch.as_tensor(attempt(answers, starts, size, weight)), expected, rtol=3e-3, atol=1e-3):
        return None  # the cases tell what is wrong
    if torch.allclose(torch.as_tensor(attempt(answers, starts, size, weight / 100)), expected, rtol=3e-3, atol=1e-3):
        return None
    return (
        "With all weights a hundred times smaller your answer changes. A weighted mean does not: divide by the sum of the "
        "weights as it is, without raising it (`clamp`) or adding to it."
    )


def boxes(starts: Starts, window: Sequence[int]) -> Iterator[Box]:
    """Where each window lies."""
    return (tuple(slice(s, s + n) for s, n in zip(start, window, strict=True)) for start in starts)


def blended(
    answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor, counted: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(the sum of weighted answers, the sum of what is counted), as it should be."""
    total, weights = answers.new_zeros(answers.shape[1], *size), answers.new_zeros(*size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] += weight * answer
        weights[box] += weight if counted is None else counted
    return total, weights


@stitch.mistake(
    "You overwrite: where windows overlap the last one wins, and with its border, where it knows least. Add (`+=`) weighted "
    "answers, and divide by the added weights in the end."
)
def last_window_wins(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total = answers.new_zeros(answers.shape[1], *size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] = answer
    return total


@stitch.mistake(
    "You add the weighted answers and never divide. A voxel in eight windows gets eight times the score of one in a corner: "
    "divide by the sum of the weights."
)
def never_divided(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return blended(answers, starts, size, weight)[0]


@stitch.mistake(
    "You weigh the answers, but divide by the number of windows. Then every voxel far from a middle fades towards 0: divide by "
    "the sum of the weights."
)
def divided_by_count(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, counts = blended(answers, starts, size, weight, torch.ones_like(weight))
    return total / counts


@stitch.mistake(
    "That is the plain mean: `weight` is never used. A window's border then counts as much as its middle, and the seams show. "
    "Multiply each answer by the weight."
)
def plain_mean(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, counts = blended(answers, starts, size, torch.ones_like(weight))
    return total / counts


@stitch.mistake(
    "You add unweighted answers and divide by the weights. Towards the border of the volume you divide by very little, and "
    "scores explode: multiply each answer by the weight too."
)
def only_divided(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, torch.ones_like(weight), weight)
    return total / weights
