"""Exercise 6.4: the non-local block, where each pixel asks every pixel."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_06 import answers
from medsegedu.exercises.lesson_06.layers import pointwise, with_parts
from medsegedu.layers import NonLocal


def reference(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    """(N, C, H, W) -> the same shape; the block of the core with these four 1x1 convolutions."""
    return with_parts(NonLocal(x.shape[1]), theta=theta, phi=phi, g=g, out=out)(x)


non_local = Exercise(
    "06.non_local",
    reference=reference,
    shown=answers.non_local,
    title="Ask every pixel",
    minutes=15,
    difficulty=3,
    hints=(
        "Make lists of pixels first: `theta(x).flatten(2)` is (N, E, P), with P = H * W. Then everything is a matrix product.",
        "Scores (N, P, P): transposed queries times keys, so that row i holds what pixel i thinks of every pixel j. The weights "
        "of one pixel that asks must sum to 1: over which dimension goes the softmax?",
        "What pixel i gets is the sum over j of weight[i, j] times value[j], in matrices `values @ weights.transpose(1, 2)`. "
        "`.unflatten(2, (H, W))` makes a picture of it; then `out`, and add `x`.",
    ),
    after="The next cell uses it on an image at once, without any training.",
    gradients=True,
)


def _situation(random: Random, channels: int, inner: int, *shape: int, values: int = 0) -> tuple[Any, ...]:
    x = random.tensor(shape[0], channels, *shape[1:])
    theta, phi = pointwise(channels, inner, random, 1), pointwise(channels, inner, random, 2, bias=False)
    values = values or inner
    return x, theta, phi, pointwise(channels, values, random, 3), pointwise(values, channels, random, 4)


@non_local.case
def tall(random: Random) -> tuple[Any, ...]:
    return _situation(random, 4, 2, 2, 7, 3)


@non_local.case
def wide(random: Random) -> tuple[Any, ...]:
    return _situation(random, 6, 3, 3, 4, 5)


@non_local.case
def all_dimensions_alike(random: Random) -> tuple[Any, ...]:
    return _situation(random, 4, 4, 4, 2, 2)  # as many pixels as channels: nothing but the values tells them apart


@non_local.case
def values_of_another_width(random: Random) -> tuple[Any, ...]:
    return _situation(random, 3, 2, 2, 3, 6, values=5)


@non_local.case
def in_double_precision(random: Random) -> tuple[Any, ...]:
    x, *layers = _situation(random, 2, 3, 2, 2, 5)
    return x.double(), *(layer.double() for layer in layers)


def lists(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values as lists of pixels, (N, P, E) each."""
    return tuple(layer(x).flatten(2).transpose(1, 2) for layer in (theta, phi, g))


def picture(answers: Tensor, x: Tensor) -> Tensor:
    """(N, P, E) -> (N, E, H, W)."""
    return answers.transpose(1, 2).unflatten(2, x.shape[2:])


@non_local.behaviour
def large_scores_are_weighed_well(attempt: Any, random: Random) -> str | None:
    x, *layers = _situation(random, 4, 2, 2, 3, 4)
    x, layers = x.double(), [layer.double() for layer in layers]
    for scale in (6, 15, 40, 120):
        expected = reference(scale * x, *layers)
        if trouble := beside_large_scores(attempt(scale * x, *layers), expected):
            return trouble
    return None


def beside_large_scores(yours: Tensor, expected: Tensor) -> str | None:
    """What is wrong with an answer to an input with large values; in double precision, so that rounding is out of the way."""
    if not yours.isfinite().all():
        return "For an input with large values your output is not finite: let `softmax` do the exponentials, it is careful."
    if not torch.allclose(yours, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item()):
        return (
            "For an input with large values your weights are wrong: a limit for the scores, or a repair of what overflowed, "
            "changes who is heard most. Give the scores to `softmax` as they are."
        )
    return None


@non_local.mistake(
    "Your softmax runs over the pixels that ask, not over those that answer: the weights with which a pixel gathers do not sum "
    "to 1. Row i belongs to the pixel that asks; take the softmax along the row, `dim=2`."
)
def softmax_over_the_askers(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).softmax(1) @ values, x))


@non_local.mistake(
    "Your softmax runs over the batch: the images of a batch compete for each pair of pixels. The weights of one pixel that "
    "asks must sum to 1 over the pixels that answer, `dim=2`."
)
def softmax_over_the_batch(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).softmax(0) @ values, x))


@non_local.mistake(
    "The softmax is missing: your scores are used raw, so they may be negative and grow with the image. Weights must be "
    "positive and sum to 1 for each pixel that asks."
)
def no_softmax(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture(queries @ keys.transpose(1, 2) @ values, x))


@non_local.mistake(
    "You took a sigmoid of the scores. Then a pixel gathers from all others without a limit, and its sum grows with the image. "
    "Here the pixels compete: a softmax."
)
def sigmoid(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).sigmoid() @ values, x))


@non_local.mistake(
    "You divided the scores by the root of the channels. Transformers do so; this block, which is a little older than "
    "their success, does not: leave the scores as they are."
)
def scaled(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2) / queries.shape[2] ** 0.5).softmax(2) @ values, x))


@non_local.mistake(
    "You return what was gathered without `x`. The block adds to what is there; so a network with a block that knows "
    "nothing yet works as before."
)
def input_not_added(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return out(picture((queries @ keys.transpose(1, 2)).softmax(2) @ values, x))


@non_local.mistake(
    "You multiplied `x` by what was gathered. That is how SE and the gates work; a non-local block brings in something new "
    "from elsewhere, and adds it."
)
def multiplied(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x * out(picture((queries @ keys.transpose(1, 2)).softmax(2) @ values, x))


@non_local.mistake(
    "Your weights are transposed when they are used: each pixel gets what it gave. Multiply the rows of the weights, those "
    "of the pixel that asks, by the values: `values @ weights.transpose(1, 2)` for values of (N, E, P)."
)
def weights_transposed(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).softmax(2).transpose(1, 2) @ values, x))


@non_local.mistake(
    "You exchanged queries and keys: the scores are right, but transposed, so each pixel weighs the others by what they think "
    "of it. The rows come from `theta`, the columns from `phi`."
)
def queries_and_keys_exchanged(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, phi, theta, g)
    return x + out(picture((queries @ keys.transpose(1, 2)).softmax(2) @ values, x))
