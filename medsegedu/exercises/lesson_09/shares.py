"""Exercise 9.6, what goes wrong with the number of made pairs."""

import math
from typing import Any

import torch

from medsegedu.exercises.lesson_09.mixing import Pair, joined, mix_batch


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
    "`int(share * N + 0.5)` rounds every half up: 2.5 becomes 3. Python's `round` takes the even neighbour, 2, so that halves "
    "are not always to the made ones' advantage. The exercise says `round(share * N)`."
)
def halves_up(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, int(share * len(real[0]) + 0.5))


@mix_batch.mistake(
    "You rounded the number of *real* pairs, and gave the rest to the made ones. At a half that is another number: of 7 pairs at "
    "a share of 0.5, round(3.5) = 4 are to be made, and you made 3. Round the made ones: `round(share * N)`."
)
def real_ones_rounded(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, len(real[0]) - round((1 - share) * len(real[0])))


@mix_batch.mistake(
    "You used `share * N` as it is. It is a float, and a slice wants a whole number: `round(share * N)`."
)
def not_rounded(real: Pair, made: Pair, share: float) -> Pair:
    count: Any = share * len(real[0])
    return torch.cat([real[0][: len(real[0]) - count], made[0][:count]]), real[1]


@mix_batch.mistake(
    "You took the share of the *made* pairs' number. There may be thousands of them; the share is of the batch, N = "
    "`len(real[0])`."
)
def share_of_the_pool(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, min(len(real[0]), round(share * len(made[0]))))


@mix_batch.mistake(
    "You took a share of the pool, `round(share * M)`, and not of the batch. With M made pairs in store that is another number, "
    "and the batch changes its size. N is `len(real[0])`, and `made` is only where the pictures come from."
)
def share_of_the_made(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(made[0]))
    kept = len(real[0]) - count
    return torch.cat([real[0][:kept], made[0][:count]]), torch.cat([real[1][:kept], made[1][:count]])


@mix_batch.mistake(
    "You took `len(real)`. But `real` is a tuple of image and label, so that is always 2: N is the number of images, "
    "`len(real[0])`."
)
def length_of_the_tuple(real: Pair, made: Pair, share: float) -> Pair:
    count = round(share * len(real))
    kept = len(real) - count
    return torch.cat([real[0][:kept], made[0][:count]]), torch.cat([real[1][:kept], made[1][:count]])


@mix_batch.mistake(
    "You always take half. The ratio is the very thing to find out: use `share`."
)  # fmt: skip
def always_half(real: Pair, made: Pair, share: float) -> Pair:
    return joined(real, made, len(real[0]) // 2)
