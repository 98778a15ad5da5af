"""How much surface lies between the voxels: area in mm2 (length in mm for a 2D mask), element by element.

Counting surface voxels measures area badly: a voxel counts once whether the surface crosses it straight or aslant, and a slice
5 mm thick counts no more than one of 1 mm. Here the surface runs through the middle of each edge between a voxel centre inside
and one outside (marching cubes: W. E. Lorensen, H. E. Cline, SIGGRAPH 1987), and each cube of 2 x 2 x 2 voxel centres holds
the piece that its eight corners decide. The pieces of all 256 patterns are made from two rules:

- the rarer kind of corner, inside or outside, is cut off, each group of neighbours by a polygon of its own;
- a polygon that is not flat is divided into triangles in the way that has the most area in a cube of 1 mm.

The areas that follow are those of the table in DeepMind's surface-distance, to every digit. A 2D mask is measured as a slab
1 mm thick, whose area is the length of its outline.
"""

import itertools
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medsegedu.errors import UserError
from medsegedu.metrics.masks import Mask

Points = NDArray[np.float64]
CORNERS = np.array(
    list(itertools.product((0, 1), repeat=3)), dtype=float
)  # (8, 3): corner 4 i + 2 j + k is at (i, j, k)
AXES = (4, 2, 1)  # what to flip in a corner's number to go along each axis


def surface_elements(mask: Mask, spacing: tuple[float, ...]) -> tuple[Mask, NDArray[np.float64]]:
    """The cubes of voxel centres that hold surface, (*spatial + 1), and the area in each of these, mm2 or, in 2D, mm.

    Beyond the border of the image is outside, so an object that touches it has surface there. Cube 0 along an axis lies half
    a voxel before voxel 0.

    Raises:
        UserError: the mask has neither two nor three axes.
    """
    if mask.ndim not in (2, 3):
        raise UserError(f"The masks have {mask.ndim} axes; area is defined for 2 or 3: choose by='voxels'.")
    padded = np.pad(mask, 1).view(np.uint8)  # (*spatial + 2)
    if mask.ndim == 2:
        padded, spacing = np.stack([padded, padded]), (1.0, *spacing)  # (2, *spatial + 2)
    size = tuple(n - 1 for n in padded.shape)
    pattern = np.zeros(size, np.uint8)  # (*spatial + 1), in 2D (1, *spatial + 1)
    for bit, corner in enumerate(CORNERS.astype(int)):
        pattern |= padded[tuple(slice(c, c + n) for c, n in zip(corner, size, strict=True))] << bit
    holds = (pattern != 0) & (pattern != 255)
    return holds[0] if mask.ndim == 2 else holds, _areas(spacing)[pattern[holds]]


@lru_cache(maxsize=64)
def _areas(spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """mm2 of each of the 256 patterns for voxels of this size."""
    a, b, c = np.moveaxis(_triangles() * spacing, 2, 0)  # (256, 4, 3) each: the triangles' corners in mm
    return np.linalg.norm(np.cross(b - a, c - a), axis=-1).sum(-1) / 2


@lru_cache(maxsize=1)
def _triangles() -> NDArray[np.float64]:
    """The surface in each pattern (bit c: corner c is inside), at most four triangles: (256, 4 triangles, 3 corners, 3 axes)."""
    table = np.zeros((256, 4, 3, 3))
    for pattern in range(256):
        inside = {corner for corner in range(8) if pattern >> corner & 1}
        rare = inside if len(inside) <= 4 else set(range(8)) - inside
        found = [triangle for polygon in _polygons(rare) for triangle in _largest(polygon)]
        table[pattern, : len(found)] = np.reshape(found, (-1, 3, 3))
    return table


def _polygons(rare: set[int]) -> list[list[Points]]:
    """The polygons that cut off these corners; their vertices are the middles of edges that leave the set.

    An edge is (corner, axis). On each of the two faces beside an edge the outline goes on around the corner: over to the
    other edge of this corner, or, where the next corner belongs to the set too, along it.
    """
    edges = {(corner, axis) for corner in rare for axis in AXES if corner ^ axis not in rare}
    polygons = []
    while edges:
        edge: tuple[int, int] | None = min(edges)
        polygon: list[Points] = []
        while edge:
            edges.remove(edge)
            polygon.append((CORNERS[edge[0]] + CORNERS[edge[0] ^ edge[1]]) / 2)
            edge = next((near for near in _beside(*edge, rare) if near in edges), None)
        polygons.append(polygon)
    return polygons


def _beside(corner: int, axis: int, rare: set[int]) -> list[tuple[int, int]]:
    """The edges that share a face, and there a piece of outline, with an edge."""
    near = []
    for turn in AXES:
        if turn == axis:
            continue
        if corner ^ turn not in rare:
            near.append((corner, turn))
        elif corner ^ turn ^ axis not in rare:
            near.append((corner ^ turn, axis))
        else:
            near.append((corner ^ turn ^ axis, turn))
    return near


def _largest(polygon: list[Points]) -> list[tuple[Points, ...]]:
    """The division of a polygon into triangles that has the most area."""
    if len(polygon) < 3:
        return []
    first, last = polygon[0], polygon[-1]
    divisions = [
        [(first, polygon[k], last), *_largest(polygon[: k + 1]), *_largest(polygon[k:])]
        for k in range(1, len(polygon) - 1)
    ]
    return max(divisions, key=lambda found: sum(np.linalg.norm(np.cross(b - a, c - a)) for a, b, c in found))
