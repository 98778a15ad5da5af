"""Exercise 9.6: a batch that is partly real and partly made."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers

Pair = tuple[Tensor, Tensor]

mix_batch = Exercise(
    "09.mix_batch",
    reference=answers.mix_batch,
    title="Mix a batch",
    minutes=8,
    difficulty=2,
    hints=(
        "How many of the N are made? `round(share * N)`, where N is `len(real[0])`. And how many real ones are left?",
        "Cut both images to their numbers, and join them along the batch; then do the same with the labels.",
        "`count = round(share * len(real[0]))`, `kept = len(real[0]) - count`, `torch.cat([real[0][:kept], made[0][:count]])`, "
        "and likewise with `[1]`.",
    ),
    after="Image and label stay together, and the batch as large as ever. Now train with five ratios.",
)


def pairs(random: Random, count: int, *size: int) -> Pair:
    return random.tensor(count, 2, *size), random.integers(0, 5, count, *size)


@mix_batch.case
def a_third(random: Random) -> tuple[Any, ...]:
    return pairs(random, 7, 3, 4), pairs(random, 9, 3, 4), 0.35


@mix_batch.case
def many_to_choose_from(random: Random) -> tuple[Any, ...]:
    return pairs(random, 9, 5, 2), pairs(random, 20, 5, 2), 0.2


@mix_batch.case
def two_and_a_half(random: Random) -> tuple[Any, ...]:
    return pairs(random, 10, 2, 3), pairs(random, 6, 2, 3), 0.25


@mix_batch.case
def three_and_a_half(random: Random) -> tuple[Any, ...]:
    return pairs(random, 7, 1, 3), pairs(random, 12, 1, 3), 0.5


@mix_batch.case
def none_made(random: Random) -> tuple[Any, ...]:
    return pairs(random, 4, 2, 3), pairs(random, 5, 2, 3), 0.0


@mix_batch.case
def all_made(random: Random) -> tuple[Any, ...]:
    return pairs(random, 3, 2, 4), pairs(random, 8, 2, 4), 1.0


@mix_batch.case
def volumes(random: Random) -> tuple[Any, ...]:
    return pairs(random, 5, 2, 3, 2), pairs(random, 6, 2, 3, 2), 0.2


def joined(real: Pair, made: Pair, count: int) -> Pair:
    kept = len(real[0]) - count
    return torch.cat([real[0][:kept], made[0][:count]]), torch.cat([real[1][:kept], made[1][:count]])


@mix_batch.mistake(
    "You took the *last* made pairs. For training it is all the same, but the exercise says the first: `made[0][:count]`."
)
def last_made(real: Pair, made: Pair, share: float) -> Pair:
    kept = len(real[0]) - round(share * len(real[0]))
    first = len(made[0]) - (len(real[0]) - kept)
    return torch.cat([real[0][:kept], made[0][first:]]), torch.cat([real[1][:kept], made[1][first:]])


@mix_batch.mistake(
    "You took the last made pairs by `-count`. For a count of 0 that is `[-0:]`, all of them. And the exercise says the first: "
    "`made[0][:count]`."
)
def last_made_by_minus(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    kept = len(real[0]) - count
    return torch.cat([real[0][:kept], made[0][-count:]]), torch.cat([real[1][:kept], made[1][-count:]])


@mix_batch.mistake(
    "You took the made pairs at the places that they fill, behind the kept real ones, and the first made pairs are never used. "
    "The exercise says the first: `made[0][:count]`."
)
def at_their_places(real: Pair, made: Pair, share: float) -> Pair:
    count = len(real[0])
    kept = count - round(share * count)
    return torch.cat([real[0][:kept], made[0][kept:count]]), torch.cat([real[1][:kept], made[1][kept:count]])


@mix_batch.mistake(
    "You drew the made pairs by lot. Here the first are wanted, so that everybody gets the same batch; the chance comes in where "
    "the pool is drawn from, in the next cells."
)
def made_by_lot(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    kept, chosen = len(real[0]) - count, torch.randperm(len(made[0]))[:count]
    return torch.cat([real[0][:kept], made[0][chosen]]), torch.cat([real[1][:kept], made[1][chosen]])


@mix_batch.mistake(
    "You added the made pairs to the whole real batch. The batch grows with the share, so a network with made pairs would "
    "see more in the same number of steps: an unfair comparison. N stays N."
)
def added(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    return torch.cat([real[0], made[0][:count]]), torch.cat([real[1], made[1][:count]])


@mix_batch.mistake(
    "You mixed the images and kept the real labels. A made image now has somebody else's label, the worst kind of teacher: "
    "mix both, in the same way."
)
def labels_forgotten(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, round(share * len(real[0])))[0], real[1].clone()


@mix_batch.mistake(
    "The made pairs stand in front of your images, but behind in your labels. Image and label must stay together: the same order "
    "in both."
)
def in_two_orders(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    return torch.cat([made[0][:count], real[0][: len(real[0]) - count]]), joined(real, made, count)[1]


@mix_batch.mistake(
    "You put the made pairs first. A network does not mind, but the next figure frames the last ones as made: real first."
)
def made_first(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    kept = len(real[0]) - count
    return torch.cat([made[0][:count], real[0][:kept]]), torch.cat([made[1][:count], real[1][:kept]])


@mix_batch.mistake(
    "You kept the *last* real pairs. For training it is all the same, but the exercise says the first: `real[0][:kept]`."
)
def last_real(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    return torch.cat([real[0][count:], made[0][:count]]), torch.cat([real[1][count:], made[1][:count]])


@mix_batch.mistake(
    "You blended the images: each is partly real and partly made, two brains on one plate, with one label. Mix the *batch*: "
    "every picture is wholly one or the other."
)
def blended(real: Pair, made: Pair, share: float) -> Pair:
    return (1 - share) * real[0] + share * made[0][: len(real[0])], real[1].clone()


@mix_batch.mistake(
    "You joined along dimension 1, the channels: each real image then carries a made one on its back. Samples are dimension 0."
)
def along_the_channels(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    kept = len(real[0]) - count
    return torch.cat([real[0][:kept], made[0][:count]], 1), torch.cat([real[1][:kept], made[1][:count]])


@mix_batch.mistake(
    "You used `-count` to cut the real ones. For a count of 0 that is `[:0]`, nothing at all, and the batch is empty. Compute "
    "how many are kept: `len(real[0]) - count`."
)
def minus_nothing(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    return torch.cat([real[0][:-count], made[0][:count]]), torch.cat([real[1][:-count], made[1][:count]])


@mix_batch.mistake(
    "You wrote the made pairs *into* the real batch. It belongs to whoever gave it to you, and the next ratio would mix a "
    "mixture: `torch.cat` makes a new one."
)
def in_place(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real[0]))
    for whole, new in zip(real, made, strict=True):
        whole[len(whole) - count :] = new[:count]
    return real
