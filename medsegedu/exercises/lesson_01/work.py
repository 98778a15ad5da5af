"""Exercise 1.6: count what the sliding window computes again and again."""

from collections.abc import Sequence
from typing import Any

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise

Layers = Sequence[tuple[int, int, int, int]]


def reference(layers: Layers, size: int) -> tuple[int, int]:
    """[(channels in, channels out, kernel, pool), ...] and the patch's size -> multiplications (a window, a pixel once)."""
    window, once = 0, 0
    for channels_in, channels_out, kernel, pool in layers:
        each = channels_in * channels_out * kernel**2  # at one place
        size = size - kernel + 1  # places along one side, where the kernel fits in
        window += size**2 * each
        once += each
        size = size // pool
    return window, once


count_redundant_work = Exercise(
    "01.count_redundant_work",
    reference=reference,
    title="Count the repeated work",
    minutes=10,
    difficulty=2,
    hints=(
        "At one place a kernel multiplies `kernel * kernel` numbers of every input channel, for every output channel.",
        "Without padding a kernel of 4 fits into a map of 9 at 6 places along a side. The pool then divides 6 by `pool`.",
        "If nothing is computed twice, each layer works at one place per pixel of the image: no map size in that sum.",
    ),
    after="The next cell counts for five networks. Guess first: by what factor does a window of 33 pixels repeat itself?",
)


@count_redundant_work.case
def one_convolution(random: Random) -> tuple[Any, ...]:
    return [(2, 3, 4, 1)], 9


@count_redundant_work.case
def short(random: Random) -> tuple[Any, ...]:
    return [(3, 5, 4, 2), (5, 2, 3, 1)], 14


@count_redundant_work.case
def two_stages(random: Random) -> tuple[Any, ...]:
    return [(3, 5, 4, 2), (5, 7, 4, 2), (7, 6, 2, 1), (6, 4, 1, 1)], 17


@count_redundant_work.case
def pool_of_three(random: Random) -> tuple[Any, ...]:
    return [(1, 4, 5, 3), (4, 2, 3, 2), (2, 5, 1, 1)], 19


@count_redundant_work.case
def random_widths(random: Random) -> tuple[Any, ...]:
    a, b, c = (int(n) for n in random.integers(2, 12, 3))
    return [(a, b, 4, 2), (b, c, 5, 2), (c, a, 3, 1)], 25


@count_redundant_work.behaviour
def one_by_one_kernels_repeat_nothing(attempt: Any, random: Random) -> str | None:
    window, once = attempt([(3, 8, 1, 1), (8, 2, 1, 1)], 1)
    if window == once == 40:
        return None
    return f"Two 1x1 layers on a window of one pixel repeat nothing: both counts are 40, yours are {window} and {once}."


def _count(layers: Layers, size: int, cut: int = 1, power: int = 2, pools: bool = True) -> int:
    total = 0
    for channels_in, channels_out, kernel, pool in layers:
        size = size - cut * (kernel - 1)
        total += size**power * channels_in * channels_out * kernel**2
        size = size // pool if pools else size
    return total


def _once(layers: Layers) -> int:
    return sum(a * b * kernel**2 for a, b, kernel, _ in layers)


@count_redundant_work.mistake(
    "You forgot the pools. Each one divides the side of the map, and so the work of all layers behind it by `pool` squared."
)
def pools_forgotten(layers: Layers, size: int) -> tuple[int, int]:
    return _count(layers, size, pools=False), _once(layers)


@count_redundant_work.mistake(
    "You kept the map's size at a convolution. These are valid ones, without padding: a kernel of 4 on 9 pixels fits at "
    "9 - 4 + 1 = 6 places."
)
def padded_convolutions(layers: Layers, size: int) -> tuple[int, int]:
    return _count(layers, size, cut=0), _once(layers)


@count_redundant_work.mistake(
    "You counted the places along one side only. A map of 6 x 6 has 36 places, so square the side."
)
def one_side_of_the_map(layers: Layers, size: int) -> tuple[int, int]:
    return _count(layers, size, power=1), _once(layers)


@count_redundant_work.mistake(
    "You counted `kernel` multiplications for a kernel; a kernel of 4 x 4 has 16. Square it, in both sums."
)
def one_side_of_the_kernel(layers: Layers, size: int) -> tuple[int, int]:
    window, once = 0, 0
    for channels_in, channels_out, kernel, pool in layers:
        size = size - kernel + 1
        window += size**2 * channels_in * channels_out * kernel
        once += channels_in * channels_out * kernel
        size = size // pool
    return window, once


@count_redundant_work.mistake(
    "You left out the input channels. Each output channel has a kernel for every input channel: multiply by both."
)
def input_channels_left_out(layers: Layers, size: int) -> tuple[int, int]:
    plain = [(1, b, kernel, pool) for _, b, kernel, pool in layers]
    return _count(plain, size), _once(plain)


@count_redundant_work.mistake(
    "You pooled before you counted. The convolution works on the full map, and the pool makes it smaller for the next layer."
)
def pooled_too_early(layers: Layers, size: int) -> tuple[int, int]:
    window = 0
    for channels_in, channels_out, kernel, pool in layers:
        size = (size - kernel + 1) // pool
        window += size**2 * channels_in * channels_out * kernel**2
    return window, _once(layers)


@count_redundant_work.mistake(
    "The two numbers are swapped: first the multiplications of a window, then those of a pixel if nothing is repeated."
)
def swapped(layers: Layers, size: int) -> tuple[int, int]:
    return reference(layers, size)[::-1]


@count_redundant_work.mistake(
    "You are one place short: a kernel of 4 fits into 9 pixels at 9 - 4 + 1 = 6 places, not 5. The first place counts too."
)
def one_place_short(layers: Layers, size: int) -> tuple[int, int]:
    window = 0
    for channels_in, channels_out, kernel, pool in layers:
        size = size - kernel
        window += size**2 * channels_in * channels_out * kernel**2
        size = size // pool
    return window, _once(layers)


@count_redundant_work.mistake(
    "Your second number multiplies by the patch's size. A value that is computed once serves every window that needs it: "
    "per pixel each layer works at one place."
)
def once_for_every_pixel_of_the_patch(layers: Layers, size: int) -> tuple[int, int]:
    return _count(layers, size), _once(layers) * size**2


@count_redundant_work.mistake(
    "You returned the last layer's work. Each layer adds its own: use `+=`, and start both sums at 0 before the loop."
)
def last_layer_only(layers: Layers, size: int) -> tuple[int, int]:
    last = layers[-1]
    return _count(layers, size) - _count(layers[:-1], size), _once([last])


@count_redundant_work.mistake(
    "You divided with `/`, which makes a float, and a map of 7 gets 3.5 pixels. Whole maps and whole counts: divide with `//`."
)
def divided_into_floats(layers: Layers, size: int) -> tuple[float, int]:
    window, side = 0.0, float(size)
    for channels_in, channels_out, kernel, pool in layers:
        side = side - kernel + 1
        window += side**2 * channels_in * channels_out * kernel**2
        side = side / pool
    return window, _once(layers)


@count_redundant_work.mistake(
    "You divided the second number by the pools. But the next pixel's window pools from another start, so behind a pool as well "
    "each pixel needs a value of its own."
)
def fewer_places_behind_a_pool(layers: Layers, size: int) -> tuple[int, float]:
    once, area = 0.0, 1
    for channels_in, channels_out, kernel, pool in layers:
        once += channels_in * channels_out * kernel**2 / area
        area *= pool**2
    return _count(layers, size), once


@count_redundant_work.mistake(
    "You divided the second number by the pools (with `//`). Each pixel has a window of its own, which pools from its own start: "
    "every layer works once for every pixel."
)
def fewer_whole_places_behind_a_pool(layers: Layers, size: int) -> tuple[int, int]:
    once, area = 0, 1
    for channels_in, channels_out, kernel, pool in layers:
        once += channels_in * channels_out * kernel**2 // area
        area *= pool**2
    return _count(layers, size), once
