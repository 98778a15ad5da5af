"""Which images are copies of each other, also after they were saved again, flipped, turned, resized or made brighter.

Copies are compared by their *detail*: the image at 64 pixels a side (32 in 3D) less its own blur. Bodies of different people
look alike when they are blurred, and the more so the better they are aligned; their detail does not. On 664 images of
nuclei, JPEG at quality 75, half the contrast, gamma 0.7, noise or half the size leave the detail's correlation with the
original above 0.94, whereas aligned slices of different virtual patients stay below 0.48.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from medsegedu.data.tiles import Floats, standardised

LEAST_CORRELATION = 0.75
_SIDE = {2: 64, 3: 32}
_ROWS = 1024  # compared at once, so that memory stays bounded


@dataclass(frozen=True)
class Copy:
    """Two images, by their places in the sequence, and what makes the second like the first: "", "flipped along axis 0", ..."""

    first: int
    second: int
    change: str
    correlation: float


def detail_of(image: Floats) -> Floats:
    """The detail of (*spatial), by which copies know each other: (side,) * dims, smaller along axes that are shorter."""
    small = image.astype(np.float32)
    for axis in range(image.ndim):
        n = small.shape[axis]
        edges = np.linspace(0, n, min(n, _SIDE.get(image.ndim, 32)) + 1).astype(int)
        width = np.diff(edges).reshape([-1 if k == axis else 1 for k in range(image.ndim)])
        small = (np.add.reduceat(small, edges[:-1], axis) / width).astype(np.float32)
    return small - ndimage.uniform_filter(small, 5)


def copies(details: Sequence[Floats]) -> list[Copy]:
    """Every pair of images that show the same."""
    found: list[Copy] = []
    for shape in dict.fromkeys(detail.shape for detail in details):
        same = [i for i, detail in enumerate(details) if detail.shape == shape]
        stack = np.stack([details[i] for i in same])  # (N, *small)
        best: dict[tuple[int, int], tuple[float, str]] = {}
        for change, turned in _changes(stack):
            for i, j, r in _alike(stack, turned):
                if r > best.get((i, j), (0, ""))[0] + 1e-4:  # the plainest change that explains it
                    best[i, j] = (r, change)
        found += [Copy(same[i], same[j], change, r) for (i, j), (r, change) in sorted(best.items())]
    return found


def _alike(stack: Floats, turned: Floats) -> Iterator[tuple[int, int, float]]:
    """Pairs i < j of which i and the turned j correlate."""
    n = len(stack)
    plain, other = standardised(stack.reshape(n, -1)), standardised(turned.reshape(n, -1))
    for start in range(0, n, _ROWS):
        correlation = plain[start : start + _ROWS] @ other.T  # (rows, N)
        for i, j in zip(*np.nonzero(correlation > LEAST_CORRELATION), strict=True):
            if start + i < j:
                yield int(start + i), int(j), float(correlation[i, j])


def _changes(stack: Floats) -> Iterator[tuple[str, Floats]]:
    """The stack (N, *small) itself, then flipped along each choice of axes, and for squares also turned."""
    dims = stack.ndim - 1
    turns: list[tuple[str, Callable[[Floats], Floats]]] = [("", lambda x: x)]
    if dims == 2 and stack.shape[1] == stack.shape[2]:
        turns.append(("turned", lambda x: x.swapaxes(1, 2)))
    for (turn, apply), flips in product(turns, product((False, True), repeat=dims)):
        axes = [axis for axis in range(dims) if flips[axis]]
        flip = "flipped along axis " + " and ".join(map(str, axes)) if axes else ""
        yield " and ".join(filter(None, (turn, flip))), np.flip(apply(stack), tuple(axis + 1 for axis in axes))


def same_pixels(digests: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Pairs of equal digests, each image with the first of its kind."""
    first: dict[bytes, int] = {}
    for i, digest in enumerate(digests):
        if (earlier := first.setdefault(digest, i)) != i:
            yield earlier, i


def grey(image: NDArray[np.generic]) -> Floats:
    """Channels (C, *spatial) -> their mean (*spatial) as float32."""
    return np.asarray(image, dtype=np.float32).mean(0)
