"""Where the blocks of a drawn network stand, and lines between them that pass through no other block."""

from collections.abc import Sequence

import numpy as np

from medsegedu.show.family_blocks import Block

HALF = 0.29  # of a block's side; neighbouring places are 1 apart
_BENDS = (0.0, *(sign * bend for bend in (0.1, 0.16, 0.24, 0.34, 0.46, 0.6) for sign in (1, -1)))
_SAMPLES = np.linspace(0, 1, 121)[:, None]

Line = np.ndarray  # (points, 2)


def places(blocks: Sequence[Block]) -> np.ndarray:
    """The centre of each block: as far to the right as data has to go to reach it, as far down as its level: (blocks, 2)."""
    x: list[float] = []
    for block in blocks:
        step = 1.0 if block.kind == "maps" else 0.85
        x.append(max((x[i] for i in block.inputs), default=-step) + step)
    return np.array([(across, -block.level) for across, block in zip(x, blocks, strict=True)])


def route(start: int, end: int, centres: np.ndarray, drawn: Sequence[Line]) -> Line:
    """A curve between two blocks, from border to border: the straightest that keeps off blocks and off other lines."""
    others = np.delete(centres, [start, end], axis=0)
    a, b = centres[start], centres[end]
    best, lowest = np.empty((0, 2)), np.inf
    for bend in _BENDS:
        line = _outside(_curve(a, b, bend), a, b)
        if len(line) < 2:
            continue
        hit = (np.abs(line[:, None] - others[None]) < HALF + 0.07).all(2).sum() if len(others) else 0
        along = sum(_shared(line, other) for other in drawn)
        inside = 2 * max(bend, 0) if b[1] > a[1] else 0  # on the way up, better around the outside
        cost = 10 * hit + along + (abs(bend) + inside) * np.hypot(*(b - a)) ** 0.5
        if cost < lowest:
            best, lowest = line, cost
    return best


def _curve(a: np.ndarray, b: np.ndarray, bend: float) -> Line:
    """A quadratic Bezier curve; a positive bend goes up on the way to the right."""
    middle = (a + b) / 2 + 2 * bend * np.array([a[1] - b[1], b[0] - a[0]]) / 2
    return (1 - _SAMPLES) ** 2 * a + 2 * _SAMPLES * (1 - _SAMPLES) * middle + _SAMPLES**2 * b


def _outside(line: Line, a: np.ndarray, b: np.ndarray) -> Line:
    """Without the parts inside the two blocks that it joins."""
    room = HALF + 0.02
    return line[~((np.abs(line - a) < room).all(1) | (np.abs(line - b) < room).all(1))]


def _shared(line: Line, other: Line) -> int:
    """How many points of a line lie on another one, not counting a crossing."""
    near = np.hypot(*(line[:, None] - other[None]).transpose(2, 0, 1)).min(1) < 0.06
    return max(0, int(near.sum()) - 8)
