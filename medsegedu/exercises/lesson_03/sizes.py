"""Exercise 3.5: which sizes fit through a U without padding."""

from typing import Any

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.models import valid_size as reference

valid_size = Exercise(
    "03.valid_size",
    reference=reference,
    title="Which sizes fit",
    minutes=10,
    difficulty=2,
    hints=(
        "Follow the figure with a finger: a block takes 4 off, a pool halves, an up-convolution doubles.",
        "Three parts: `depth` times down (block, then pool), the bottom's block, `depth` times up (up-convolution, then block).",
        "Before each pool: `if size % 2: raise ValueError(...)`. At the very end: is anything left?",
    ),
    after="Right: 572 becomes 388. The next cell lists the sizes that fit, and what the others would cost.",
)


@valid_size.case
def the_paper(random: Random) -> tuple[Any, ...]:
    return (572,)


@valid_size.case
def three_levels(random: Random) -> tuple[Any, ...]:
    return 8 * int(random.integers(12, 30)) + 4, 3  # 4 more than a multiple of 8 fits three pools


@valid_size.case
def one_level(random: Random) -> tuple[Any, ...]:
    return 2 * int(random.integers(12, 30)), 1


@valid_size.case
def odd_at_the_first_pool(random: Random) -> tuple[Any, ...]:
    return (573,)


@valid_size.case
def odd_at_the_last_pool(random: Random) -> tuple[Any, ...]:
    return 580, 4


@valid_size.case
def divisible_but_odd_inside(random: Random) -> tuple[Any, ...]:
    return 576, 4


@valid_size.case
def nothing_left(random: Random) -> tuple[Any, ...]:
    return 124, 4


def _walk(size: int, depth: int, block: int = 4, bottom: int = 4, decoder: int = 4) -> int:
    """Down and up the U without any check; a block takes `block`, `bottom` or `decoder` pixels off."""
    for _ in range(depth):
        size = (size - block) // 2
    size -= bottom
    for _ in range(depth):
        size = 2 * size - decoder
    return size


def _checked(size: int, depth: int, **blocks: int) -> int:
    """The same walk for sizes that fit, with the right error for the others."""
    reference(size, depth)
    return _walk(size, depth, **blocks)


@valid_size.mistake(
    "You halve odd sizes too and drop the half pixel with `//`. A pool would leave out the last row and column there, and the "
    "way up no longer lies over the way down. Look before each pool: if the size is odd, raise a ValueError."
)
def odd_sizes_pass(size: int, depth: int = 4) -> int:
    if (output := _walk(size, depth)) <= 0:
        raise ValueError(f"nothing is left of {size}")
    return output


@valid_size.mistake(
    "You never raise a ValueError. Some sizes do not fit: a pool must not meet an odd map, and something must be left at "
    "the end."
)
def nothing_checked(size: int, depth: int = 4) -> int:
    return _walk(size, depth)


@valid_size.mistake(
    "Your parity is right, but you return a size of 0 or less for a small image: its map is eaten up before it reaches the "
    "end. Check the output too, and raise a ValueError."
)
def negative_size(size: int, depth: int = 4) -> int:
    start = size
    for _ in range(depth):
        if (size - 4) % 2:
            raise ValueError(f"{start} does not fit")
        size = (size - 4) // 2
    return _walk(start, depth)


@valid_size.mistake(
    "You only ask whether the size is a multiple of 2**depth. That is the rule with padding; here 4 pixels go before the "
    "first pool, and the paper's own 572 is no multiple of 16."
)
def multiple_of_a_power(size: int, depth: int = 4) -> int:
    if size % 2**depth:
        raise ValueError(f"{size} is no multiple of {2**depth}")
    if (output := _walk(size, depth)) <= 0:
        raise ValueError(f"nothing is left of {size}")
    return output


@valid_size.mistake(
    "You look for an odd size at the first pool only. Halving can make an odd number out of any even one, so each of the "
    "pools needs the question."
)
def first_pool_only(size: int, depth: int = 4) -> int:
    if size % 2 or _walk(size, depth) <= 0:
        raise ValueError(f"{size} does not fit")
    return _walk(size, depth)


@valid_size.mistake(
    "Your blocks take 2 pixels off; a block has two 3x3 convolutions, and each of them takes 2. So it is 4 a block: "
    "572, 570, 568."
)
def one_convolution_a_block(size: int, depth: int = 4) -> int:
    start = size
    for _ in range(depth):
        if size % 2:
            raise ValueError(f"{start} does not fit")
        size = (size - 2) // 2
    if (output := _walk(start, depth, 2, 2, 2)) <= 0:
        raise ValueError(f"nothing is left of {start}")
    return output


@valid_size.mistake(
    "You forgot the block at the bottom of the U. Between the last pool and the first up-convolution lie two more "
    "convolutions: 32, 30, 28."
)
def bottom_forgotten(size: int, depth: int = 4) -> int:
    return _checked(size, depth, bottom=0)


@valid_size.mistake(
    "You took nothing off on the way up. Behind each up-convolution stands a block as well, and it costs 4 pixels: "
    "56, 54, 52."
)
def decoder_blocks_forgotten(size: int, depth: int = 4) -> int:
    return _checked(size, depth, decoder=0)


@valid_size.mistake(
    "You pool first and convolve afterwards. On the way down each level begins with its block (minus 4), and then comes the "
    "pool."
)
def pooled_first(size: int, depth: int = 4) -> int:
    start = size
    for _ in range(depth):
        if size % 2:
            raise ValueError(f"{start} does not fit")
        size = size // 2 - 4
    for _ in range(depth):
        size = 2 * size - 4
    if size <= 0:
        raise ValueError(f"nothing is left of {start}")
    return size


@valid_size.mistake(
    "You always take off 184 pixels. That is the loss at depth 4; a shallower U loses less: 40 pixels at depth 2. Let `depth` "
    "decide how often the loops run."
)
def always_184(size: int, depth: int = 4) -> int:
    if depth == 4:
        reference(size)
    return size - 184


@valid_size.mistake(
    "You return None (or print) for a size that does not fit. Who calls your function would go on with it: "
    "`raise ValueError(...)` stops them with a reason."
)
def none_for_misfits(size: int, depth: int = 4) -> int | None:
    try:
        return reference(size, depth)
    except ValueError:
        return None
