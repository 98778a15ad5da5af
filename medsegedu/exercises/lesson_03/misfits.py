"""Exercise 3.5: the wrong answers about sizes, those that count wrongly and those that accept or refuse wrongly."""

from medsegedu.exercises.lesson_03.sizes import valid_size, walk
from medsegedu.models import valid_size as reference


def _refuse_odd(size: int, depth: int) -> None:
    for _ in range(depth):
        if size % 2:
            raise ValueError("odd")
        size = (size - 4) // 2


@valid_size.mistake(
    "You halve odd sizes too and drop the half pixel with `//`. A pool would leave out the last row and column there, and the "
    "way up no longer lies over the way down. Look before each pool: if the size is odd, raise a ValueError."
)
def odd_sizes_pass(size: int, depth: int = 4) -> int:
    if (output := walk(size, depth)) <= 0:
        raise ValueError("nothing left")
    return output


@valid_size.mistake(
    "You never raise a ValueError. Some sizes do not fit: a pool must not meet an odd map, and something must be left at "
    "the end."
)
def nothing_checked(size: int, depth: int = 4) -> int:
    return walk(size, depth)


@valid_size.mistake(
    "Your parity is right, but you return a size below 0 for a small image: its map is eaten up before it reaches the "
    "end. Check the output too, and raise a ValueError."
)
def negative_size(size: int, depth: int = 4) -> int:
    _refuse_odd(size, depth)
    return walk(size, depth)


@valid_size.mistake(
    "You let 0 pass: at depth 1 an image of 16 pixels has an output of no pixels at all. Nothing left means 0 or less: "
    "compare with `<= 0`."
)
def zero_passes(size: int, depth: int = 4) -> int:
    _refuse_odd(size, depth)
    if (output := walk(size, depth)) < 0:
        raise ValueError("nothing left")
    return output


@valid_size.mistake(
    "You ask too early whether something is left: at the bottom there may be a few pixels, and the blocks on the way up eat "
    "them. Ask once, at the very end, about the size that you return."
)
def asked_at_the_bottom(size: int, depth: int = 4) -> int:
    _refuse_odd(size, depth)
    if walk(size, depth, decoder=0) <= 0:
        raise ValueError("nothing left at the bottom")
    return walk(size, depth)


@valid_size.mistake(
    "You refuse too much: an output of 2 pixels is small, but it is something. Only 0 or less means that nothing is left."
)
def two_refused(size: int, depth: int = 4) -> int:
    _refuse_odd(size, depth)
    if (output := walk(size, depth)) < 4:
        raise ValueError("too little left")
    return output


@valid_size.mistake(
    "You only ask whether the size is a multiple of 2**depth. That is the rule with padding; here 4 pixels go before the "
    "first pool, and the paper's own 572 is no multiple of 16."
)
def multiple_of_a_power(size: int, depth: int = 4) -> int:
    if size % 2**depth:
        raise ValueError("no multiple")
    return walk(size, depth)


@valid_size.mistake(
    "You look for an odd size at the first pool only. Halving can make an odd number out of any even one, so each of the "
    "pools needs the question."
)
def first_pool_only(size: int, depth: int = 4) -> int:
    _refuse_odd(size, 1)
    if (output := walk(size, depth)) <= 0:
        raise ValueError("nothing left")
    return output


@valid_size.mistake(
    "Your blocks take 2 pixels off; a block has two 3x3 convolutions, and each of them takes 2. So it is 4 a block: "
    "572, 570, 568."
)
def one_convolution_a_block(size: int, depth: int = 4) -> int:
    start = size
    for _ in range(depth):
        if size % 2:
            raise ValueError("odd")
        size = (size - 2) // 2
    return walk(start, depth, 2, 2, 2)


@valid_size.mistake(
    "You forgot the block at the bottom of the U. Between the last pool and the first up-convolution lie two more "
    "convolutions: 32, 30, 28."
)
def bottom_forgotten(size: int, depth: int = 4) -> int:
    return walk(size, depth, bottom=0)


@valid_size.mistake(
    "You took nothing off on the way up. Behind each up-convolution stands a block as well, and it costs 4 pixels: "
    "56, 54, 52."
)
def decoder_blocks_forgotten(size: int, depth: int = 4) -> int:
    return walk(size, depth, decoder=0)


@valid_size.mistake(
    "You pool first and convolve afterwards. On the way down each level begins with its block (minus 4), and then comes the "
    "pool."
)
def pooled_first(size: int, depth: int = 4) -> int:
    for _ in range(depth):
        if size % 2:
            raise ValueError("odd")
        size = size // 2 - 4
    for _ in range(depth):
        size = 2 * size - 4
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
