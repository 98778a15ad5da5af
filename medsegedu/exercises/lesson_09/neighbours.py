"""Exercise 9.4: is a made picture more than a copy?"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers

Found = tuple[Tensor, Tensor]

nearest_neighbour = Exercise(
    "09.nearest_neighbour",
    reference=answers.nearest_neighbour,
    title="The nearest real image",
    minutes=10,
    difficulty=2,
    hints=(
        "Every made picture meets every real one. With an axis more in each, (M, 1, ...) minus (1, N, ...) is (M, N, ...).",
        "Square, average over all that is not M or N (channels and pixels), take the root: a table (M, N).",
        "`(made[:, None] - real[None]).square().flatten(2).mean(2).sqrt().min(1)` has `.values` and `.indices`.",
    ),
    atol=2e-3,  # |a|^2 + |b|^2 - 2ab, whose rounding leaves an exact copy at some 0.0005, is right as well
    after="An exact copy has distance 0. The next figure puts each made picture beside its nearest real one.",
)


@nearest_neighbour.case
def more_real_than_made(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 2, 5, 4), 0.8 * random.tensor(7, 2, 5, 4) + 0.2


@nearest_neighbour.case
def more_made_than_real(random: Random) -> tuple[Any, ...]:
    return random.tensor(6, 1, 3, 7) - 0.5, random.tensor(2, 1, 3, 7)


@nearest_neighbour.case
def a_copy_among_them(random: Random) -> tuple[Any, ...]:
    real = random.tensor(5, 3, 4, 4)
    made = random.tensor(4, 3, 4, 4)
    made[1] = real[3]
    return made, real


@nearest_neighbour.case
def volumes(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 1, 3, 2, 5), random.tensor(3, 1, 3, 2, 5)


@nearest_neighbour.behaviour
def far_from_all(attempt: Callable[[Tensor, Tensor], Found], random: Random) -> str | None:
    made, real = random.tensor(2, 1, 3, 4), random.tensor(5, 1, 3, 4) + torch.linspace(3e4, 2e4, 5)[:, None, None, None]
    distance, index = attempt(made, real)[:2]
    wanted = table(made, real).min(1).values
    if (
        distance.shape == wanted.shape
        and torch.allclose(distance.to(wanted), wanted, rtol=1e-3)
        and bool((index == 4).all())
    ):
        return None
    return "Right as long as a real image is near. Where all are far away, the nearest of them is still to be found."


def table(made: Tensor, real: Tensor) -> Tensor:
    return (made[:, None] - real[None]).square().flatten(2).mean(2).sqrt()  # (M, N)


def found(distances: Tensor) -> Found:
    nearest = distances.min(1)
    return nearest.values, nearest.indices


@nearest_neighbour.mistake(
    "You found the real image that is *farthest*. A copy hides at the other end: take the minimum."
)  # fmt: skip
def farthest(made: Tensor, real: Tensor) -> Found:
    worst = table(made, real).max(1)
    return worst.values, worst.indices


@nearest_neighbour.mistake(
    "You asked for each *real* image which made one is nearest. The question is about the made ones: M answers, so the "
    "minimum runs over the real images, dimension 1 of (M, N)."
)
def for_each_real(made: Tensor, real: Tensor) -> Found:
    nearest = table(made, real).min(0)
    return nearest.values, nearest.indices


@nearest_neighbour.mistake(
    "You forgot the root: that is the mean *squared* difference. The order stays, the distance does not; in the unit of the "
    "image it is the root of it."
)
def no_root(made: Tensor, real: Tensor) -> Found:
    return found(table(made, real).square())


@nearest_neighbour.mistake(
    "You added the squares up instead of averaging. Then a distance grows with the size of the patch, and 32 pixels cannot be "
    "compared with 48. Take the mean."
)
def summed(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).square().flatten(2).sum(2).sqrt())


@nearest_neighbour.mistake(
    "You averaged absolute differences. A fair distance too, but here it is the root of the mean square, which minds one "
    "large difference more than many small ones."
)
def absolute(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).abs().flatten(2).mean(2))


@nearest_neighbour.mistake(
    "You averaged the differences without squaring them. What is too bright here and too dark there cancels out, and two very "
    "different images seem equal. Square first."
)
def cancelling(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).flatten(2).mean(2).abs())


@nearest_neighbour.mistake(
    "You looked at the first channel only. A picture may copy the anatomy in T1 and differ in FLAIR: average over all "
    "channels."
)
def first_channel(made: Tensor, real: Tensor) -> Found:
    return found(table(made[:, :1], real[:, :1]))


@nearest_neighbour.mistake(
    "You returned the whole table of distances (M, N), without looking for the smallest in each row: `.min(1)`."
)
def the_whole_table(made: Tensor, real: Tensor) -> Found:
    distances = table(made, real)
    return distances, distances.argmin(1)


@nearest_neighbour.mistake(
    "You compared by the dot product. It is large for *bright* images, whatever they show. Compare by the difference."
)
def dot_product(made: Tensor, real: Tensor) -> Found:
    index = (made.flatten(1) @ real.flatten(1).T).argmax(1)
    return table(made, real)[torch.arange(len(made)), index], index
