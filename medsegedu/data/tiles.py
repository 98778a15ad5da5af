"""Which images are tiles of one field of view: their borders continue each other.

A microscope's large picture is often cut into tiles before it is published, without a note of which tiles belong together.
The cells beside the cut are then in two images, with the same stain, light and focus, so tiles of one field must be
divided like images of one patient. Two images of one size are neighbours when, along a border of each,

- the two lines of pixels correlate at more than 0.95, and each is the other's best match among all images;
- the step from one line to the other is no larger than 1.5 times the steps just inside the two images. Chance matches,
  such as one bright cell on each border at the same height, fail here.

Such groups are a lower bound: a border of empty background continues nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Edges = tuple[Floats, Floats, Floats, Floats]  # the first two lines of pixels along an axis, then the last two

LEAST_CORRELATION = 0.95
LARGEST_STEP = 1.5
_FLAT = 1 / 512  # of the range of intensities, half a grey level in 256: a step that rounding alone can make


@dataclass(frozen=True)
class Seam:
    """Two images, by their places in the sequence, and the axis along which the second goes on where the first ends."""

    first: int
    second: int
    axis: int
    correlation: float


def edges_of(image: Floats) -> tuple[Edges, ...]:
    """For each axis of (*spatial): its first two and last two lines (planes, in 3D), flattened."""
    lines = ([np.take(image, at, axis).ravel() for at in (0, 1, -2, -1)] for axis in range(image.ndim))
    return tuple((a, b, c, d) for a, b, c, d in lines)


def seams(edges: Sequence[tuple[Edges, ...]], shapes: Sequence[tuple[int, ...]]) -> list[Seam]:
    """Every pair of images that continue each other; `edges` are those of `edges_of`."""
    found: list[Seam] = []
    for shape in dict.fromkeys(shapes):
        same = [i for i, other in enumerate(shapes) if other == shape]
        if len(same) < 2 or min(shape) < 2:
            continue
        for axis in range(len(shape)):
            lines = [np.stack([edges[i][axis][k] for i in same]).astype(np.float32) for k in range(4)]  # 4 x (N, L)
            found += [Seam(same[i], same[j], axis, r) for i, j, r in _continuations(*lines)]
    return found


def _continuations(
    first: Floats, second: Floats, last_but_one: Floats, last: Floats
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j) whose border `last` of i is continued by `first` of j; each argument is (N, L)."""
    correlation = standardised(last) @ standardised(first).T  # (N, N)
    np.fill_diagonal(correlation, -1)
    mutual = (correlation == correlation.max(1, keepdims=True)) & (correlation == correlation.max(0, keepdims=True))
    flat = _FLAT * float(max(last.max(), first.max()) - min(last.min(), first.min()))
    inside = (_squared_step(last_but_one, last), _squared_step(first, second))  # two of (N,)
    for i, j in zip(*np.nonzero(mutual & (correlation > LEAST_CORRELATION)), strict=True):
        usual = max(float(np.sqrt((inside[0][i] + inside[1][j]) / 2)), flat)
        if float(np.sqrt(_squared_step(last[i], first[j]))) <= LARGEST_STEP * usual:
            yield int(i), int(j), float(correlation[i, j])


def standardised(rows: Floats) -> Floats:
    """Rows (N, L) of mean 0 and length 1, so that a product of two is their correlation; constant rows become 0."""
    centred = rows - rows.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 1e-4 * np.sqrt(rows.shape[1]), length, np.inf)


def _squared_step(a: Floats, b: Floats) -> NDArray[np.float64]:
    return ((a - b) ** 2).mean(-1, dtype=np.float64)


def groups_of(n: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """A number from 0 up for each of n things, equal for those that a chain of pairs connects; numbered as they appear."""
    above = list(range(n))

    def top(i: int) -> int:
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    for i, j in pairs:
        low, high = sorted((top(i), top(j)))
        above[high] = low
    number: dict[int, int] = {}
    return [number.setdefault(top(i), len(number)) for i in range(n)]
