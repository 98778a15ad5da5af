"""Grids of every orientation, for tests to draw from."""

import itertools

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

from medsegedu.data.grid import Grid

TURNS = [(axes, signs) for axes in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)]
SPACINGS = st.tuples(*[st.floats(0.3, 6)] * 3)
SIZES = st.tuples(*[st.integers(1, 9)] * 3)
MANY, SOME = settings(deadline=None, max_examples=40), settings(deadline=None, max_examples=20)


def affine_of(
    axes=(0, 1, 2), signs=(1, 1, 1), spacing=(1.0, 1.0, 1.0), angles=(0.0, 0.0, 0.0), origin=(3.0, -7.0, 11.0)
):
    """Voxel axis k runs along world axis axes[k], in direction signs[k], the whole then turned by three angles."""
    turn = np.eye(3)
    for (i, j), angle in zip(((0, 1), (0, 2), (1, 2)), angles, strict=True):
        step = np.eye(3)
        step[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turn = step @ turn
    affine = np.eye(4)
    for voxel_axis, (world_axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[:3, voxel_axis] = turn[:, world_axis] * sign * spacing[voxel_axis]
    affine[:3, 3] = origin
    return affine


@st.composite
def grids(draw: st.DrawFn, least: int = 1, most: int = 9, oblique: float = 0.7) -> Grid:
    axes, signs = draw(st.sampled_from(TURNS))
    angles = draw(st.tuples(*[st.floats(-oblique, oblique)] * 3))
    size = draw(st.tuples(*[st.integers(least, most)] * 3))
    return Grid(size, affine_of(axes, signs, draw(SPACINGS), angles))


def numbers(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape))
