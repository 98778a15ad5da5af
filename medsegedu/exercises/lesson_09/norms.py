"""Exercise 9.3: a normalisation that a mask steers."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers

spade_norm = Exercise(
    "09.spade_norm",
    reference=answers.spade_norm,
    title="Normalise as the mask says",
    minutes=15,
    difficulty=3,
    hints=(
        "Three steps: normalise x as a BatchNorm does, shrink the label to the size of x, then scale and shift each pixel.",
        "`gamma[label]` looks up a row for each pixel: (N, *spatial, C). Bring C to dimension 1: `.movedim(-1, 1)`. The label is "
        'shrunk by `F.interpolate(..., mode="nearest")`, which wants floats (N, 1, *any).',
        "Mean and variance over `(0, *range(2, x.ndim))`, the variance with `correction=0`, plus 1e-5; then "
        "`plain * (1 + gamma[small].movedim(-1, 1)) + beta[small].movedim(-1, 1)`.",
    ),
    after="Slices and volumes, any size of label. Next, a generator full of these learns to draw.",
    gradients=True,
)


def tables(random: Random, classes: int, channels: int) -> tuple[Tensor, Tensor]:
    return 0.5 * random.tensor(classes, channels), random.tensor(classes, channels)


@spade_norm.case
def a_label_twice_as_large(random: Random) -> tuple[Any, ...]:
    return 3 * random.tensor(2, 3, 5, 4) + 1, random.integers(0, 4, 2, 10, 8), *tables(random, 4, 3)


@spade_norm.case
def odd_sizes(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 2, 3, 7) - 2, random.integers(0, 7, 3, 11, 9), *tables(random, 7, 2)


@spade_norm.case
def the_size_of_the_map(random: Random) -> tuple[Any, ...]:
    return 0.02 * random.tensor(2, 4, 6, 5), random.integers(0, 3, 2, 6, 5), *tables(random, 3, 4)


@spade_norm.case
def volumes(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 3, 3, 4, 2), random.integers(0, 3, 2, 6, 4, 5), *tables(random, 3, 3)


def plain(x: Tensor, over: tuple[int, ...] | None = None, correction: int = 0) -> Tensor:
    over = over or (0, *range(2, x.ndim))
    return (x - x.mean(over, keepdim=True)) / (x.var(over, keepdim=True, correction=correction) + 1e-5).sqrt()


def resized(x: Tensor, label: Tensor, **how: Any) -> Tensor:
    return F.interpolate(label[:, None].to(x.dtype), x.shape[2:], **how)[:, 0]


def small(x: Tensor, label: Tensor) -> Tensor:
    return resized(x, label, mode="nearest").long()


def looked_up(table: Tensor, label: Tensor) -> Tensor:
    return table[label].movedim(-1, 1)


def linear(x: Tensor) -> str:
    return "trilinear" if x.ndim == 5 else "bilinear"


@spade_norm.mistake(
    "The `1 +` is missing. A fresh gamma is about zero, so your layer begins by multiplying the whole map by nothing. SPADE "
    "learns the *change* of the scale: `plain * (1 + gamma) + beta`."
)
def no_one_plus(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x) * looked_up(gamma, here) + looked_up(beta, here)


@spade_norm.mistake(
    "You scaled and shifted x without normalising it first. Then the scale of what comes in adds to what the mask says: "
    "subtract the mean and divide by the deviation of each channel."
)
def not_normalised(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return x * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "Gamma and beta are swapped: you multiply by the shift and add the scale. Multiply by `1 + gamma`, add `beta`."
)
def swapped(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return answers.spade_norm(x, label, beta, gamma)


@spade_norm.mistake(
    "You added before you multiplied, so the shift is scaled too. First `plain * (1 + gamma)`, then `+ beta`."
)
def shift_scaled_too(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return (plain(x) + looked_up(beta, here)) * (1 + looked_up(gamma, here))


@spade_norm.mistake(
    "You forgot the shift. Without beta a normalised map keeps mean 0 whatever the mask says, and the classes differ only in how "
    "lively they are, not in how bright: `+ beta`."
)
def no_shift(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return plain(x) * (1 + looked_up(gamma, small(x, label)))


@spade_norm.mistake(
    "You used the mean of gamma and beta over all pixels: one scale for a whole channel, as any BatchNorm has. SPADE's point "
    "is that each *pixel* asks its own class."
)
def one_scale_for_all(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    scale, shift = (looked_up(t, here).mean((0, *range(2, x.ndim)), keepdim=True) for t in (gamma, beta))
    return plain(x) * (1 + scale) + shift


@spade_norm.mistake(
    "That is step 1: you normalised x, and the mask has had no say yet. Bring the label to the size of x, look gamma and "
    "beta up for each pixel, and use them: `plain * (1 + gamma) + beta`."
)
def only_normalised(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return plain(x)


@spade_norm.mistake(
    "You scaled and shifted the classes from 1 on and left class 0 as it is. The background has its gamma and beta too: "
    "begin with class 0."
)
def background_left_out(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    steered = plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)
    return torch.where(here[:, None] == 0, plain(x), steered)


@spade_norm.mistake(
    "You scaled and shifted first and normalised afterwards. That takes away what the mask has just said: normalise x "
    "first."
)
def normalised_afterwards(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x * (1 + looked_up(gamma, here)) + looked_up(beta, here))
