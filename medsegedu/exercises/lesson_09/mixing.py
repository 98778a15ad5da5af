"""Exercise 9.6: a batch that is partly real and partly made."""

import math
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
        "How many of the N are made? `round(share * N)`. And how many real ones are left?",
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
    "You kept `share` of the *real* pairs. The share is that of the made ones: 0 means all real, 1 means all made."
)
def share_of_real(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, len(real[0]) - round(share * len(real[0])))


@mix_batch.mistake(
    "`int()` cuts off what is behind the point: 0.2 of 9 is 1.8, and you took 1. Over many batches the share is too small; use "
    "`round`."
)
def cut_off(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, int(share * len(real[0])))


@mix_batch.mistake(
    "You rounded up. 0.35 of 7 is 2.45, and you took 3: the share is too large in nearly every batch. Use `round`."
)
def rounded_up(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, math.ceil(share * len(real[0])))


@mix_batch.mistake(
    "You took the share of the *made* pairs' number. There may be thousands of them; the share is of the batch, N = "
    "`len(real[0])`."
)
def share_of_the_pool(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, min(len(real[0]), round(share * len(made[0]))))


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
    "You always take half. The ratio is the very thing to find out: use `share`."
)  # fmt: skip
def always_half(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, len(real[0]) // 2)


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
