"""Exercise 3.5: which sizes fit through a U without padding."""

from typing import Any

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.models import valid_size as reference


def _use(attempt: Any, size: int, depth: int | None = None) -> Any:
    """The cases fit; a refusal gets the same words whatever the attempt said, so that it can be recognised."""
    arguments = (size,) if depth is None else (size, depth)
    try:
        return attempt(*arguments)
    except ValueError:
        raise ValueError(f"your function refused a size that fits; {reference(*arguments)} pixels come out") from None


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
    after="572 becomes 388. The next cell lists the sizes that fit, and how much of each image gets an answer.",
    exact_type=True,
    call=_use,
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


SWEEP = [(size, depth) for depth in (1, 2, 3, 4, 5) for size in range(1, 1601)]
ORDINARY = [(572, 4), (140, 3), (124, 2), (44, 1)]


def _fate(size: int, depth: int) -> tuple[int, str]:
    """What comes out; 0 and the reason where the size must be refused."""
    left = size
    for pool in range(1, depth + 1):
        if left > 4 and left % 2:
            return 0, f"its pool number {pool} would meet an odd map, {left - 4} pixels"
        left = (left - 4) // 2
    output = walk(size, depth)
    return (output, "") if output > 0 else (0, f"in the end {output} pixels are left")


def _answer(attempt: Any, size: int, depth: int) -> Any:
    try:
        return attempt(size, depth)
    except ValueError:
        return "refused"


def _ordinary(attempt: Any) -> bool:
    """Whether the arithmetic is right; where it is not, the cases tell more than the checks below."""
    return all(_answer(attempt, size, depth) == _fate(size, depth)[0] for size, depth in ORDINARY)


def _wrongly_accepted(attempt: Any, word: str) -> str | None:
    for size, depth in SWEEP if _ordinary(attempt) else ():
        output, reason = _fate(size, depth)
        if not output and word in reason and (got := _answer(attempt, size, depth)) != "refused":
            return f"For size {size} and depth {depth} {reason}: raise a ValueError. Your function returned {got!r}."
    return None


@valid_size.behaviour
def what_fits_is_accepted(attempt: Any, random: Random) -> str | None:
    for size, depth in SWEEP if _ordinary(attempt) else ():
        output, _ = _fate(size, depth)
        if output and (got := _answer(attempt, size, depth)) != output:
            yours = "raises a ValueError" if got == "refused" else f"returns {got!r}"
            return f"Size {size} fits at depth {depth}, and {output} pixels come out; your function {yours}."
    return None


@valid_size.behaviour
def odd_maps_are_refused(attempt: Any, random: Random) -> str | None:
    return _wrongly_accepted(attempt, "odd")


@valid_size.behaviour
def empty_outputs_are_refused(attempt: Any, random: Random) -> str | None:
    return _wrongly_accepted(attempt, "left")


def walk(size: int, depth: int, block: int = 4, bottom: int = 4, decoder: int = 4) -> int:
    """Down and up the U without any check; a block takes `block`, `bottom` or `decoder` pixels off."""
    for _ in range(depth):
        size = (size - block) // 2
    size -= bottom
    for _ in range(depth):
        size = 2 * size - decoder
    return size
