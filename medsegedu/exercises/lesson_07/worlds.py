"""Exercise 7.1: from the index of a voxel to a place in the world."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise

Array = NDArray[Any]


def reference(index: Array, affine: Array) -> Array:
    """index (N, 3), affine (4, 4) -> (N, 3) in mm."""
    turn, shift = affine[:3, :3], affine[:3, 3]
    return np.asarray(index @ turn.T + shift)


voxel_to_world = Exercise(
    "07.voxel_to_world",
    reference=reference,
    title="Where a voxel lies",
    minutes=8,
    difficulty=1,
    hints=(
        "The affine has two parts: `affine[:3, :3]` says what a step along each axis does, `affine[:3, 3]` where voxel "
        "(0, 0, 0) lies.",
        "For one voxel it is `affine[:3, :3] @ index + affine[:3, 3]`. Your indices are rows, N of them: on which side "
        "does the matrix stand then?",
        "A matrix that stands on the right is transposed: `index @ affine[:3, :3].T`. Then add the last column.",
    ),
    after="The next cell finds one and the same place in the files of two scanners.",
)


def turned(random: Random) -> Array:
    """An affine with everything: unequal spacing, two axes swapped, one reversed, a slight rotation, a shift."""
    angle = random.uniform(0.2, 0.5)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    swap = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    affine = np.eye(4)
    affine[:3, :3] = rotation @ swap @ np.diag([0.9, 1.4, 5.0])
    affine[:3, 3] = random.numpy.uniform(-90, 90, 3)
    return affine


@voxel_to_world.case
def upright_with_thick_slices(random: Random) -> tuple[Any, ...]:
    affine = np.diag([0.8, 1.1, 6.0, 1.0])
    affine[:3, 3] = -71.5, -102.0, 31.0
    return random.numpy.integers(0, 60, (5, 3)), affine


@voxel_to_world.case
def turned_in_the_scanner(random: Random) -> tuple[Any, ...]:
    return random.numpy.integers(0, 60, (7, 3)), turned(random)


@voxel_to_world.case
def three_voxels(random: Random) -> tuple[Any, ...]:  # as many as axes: a matrix on the wrong side raises no error
    return random.numpy.integers(1, 60, (3, 3)), turned(random)


@voxel_to_world.case
def one_place_between_voxels(random: Random) -> tuple[Any, ...]:
    return random.numpy.uniform(0, 40, (1, 3)), turned(random)


@voxel_to_world.mistake(
    "The shift is missing: you turned and stretched the indices, but voxel (0, 0, 0) still lies at the world's "
    "origin. The shift is the last column, `affine[:3, 3]`; the last row, `affine[3, :3]`, holds zeros."
)
def shift_forgotten(index: Array, affine: Array) -> Array:
    return index @ affine[:3, :3].T


@voxel_to_world.mistake(
    "Your matrix stands on the right without being transposed, so its rows and columns are exchanged. For an upright image that "
    "goes unnoticed, for a turned one each axis moves the wrong way: `index @ affine[:3, :3].T`."
)
def not_transposed(index: Array, affine: Array) -> Array:
    return index @ affine[:3, :3] + affine[:3, 3]


@voxel_to_world.mistake(
    "`affine[:3, :3] @ index` multiplies columns, but your indices are rows: for N voxels the shapes don't fit, and for just 3 "
    "voxels they fit and mix the voxels up. Write `index @ affine[:3, :3].T`."
)
def matrix_in_front(index: Array, affine: Array) -> Array:
    return affine[:3, :3] @ index + affine[:3, 3]


@voxel_to_world.mistake(
    "You multiply columns rightly, but return (3, N): one row an axis. Each voxel should be a row of the answer; transpose "
    "the result."
)
def left_transposed(index: Array, affine: Array) -> Array:
    return affine[:3, :3] @ index.T + affine[:3, 3:]


@voxel_to_world.mistake(
    "`affine @ index` multiplies a 4 x 4 matrix with N rows of three numbers, and the sizes don't fit. Take the matrix apart: "
    "`affine[:3, :3]` turns and stretches, `affine[:3, 3]` shifts. And since each index is a row, the matrix stands on the right."
)
def whole_matrix_in_front(index: Array, affine: Array) -> Array:
    return affine @ index


@voxel_to_world.mistake(
    "`affine @ index.T` multiplies 4 columns with 3 numbers a voxel, and the sizes don't fit. Either append a 1 to each index, "
    "or take the matrix apart: `affine[:3, :3]` turns and stretches, `affine[:3, 3]` shifts."
)
def whole_matrix_and_columns(index: Array, affine: Array) -> Array:
    return affine @ index.T


@voxel_to_world.mistake(
    "`index @ affine` multiplies three numbers a voxel with four rows, and the sizes don't fit. Take the matrix apart: "
    "`affine[:3, :3]` (transposed, since it stands on the right) turns and stretches, `affine[:3, 3]` shifts."
)
def whole_matrix_behind(index: Array, affine: Array) -> Array:
    return index @ affine.T


@voxel_to_world.mistake(
    "You cut the places to whole mm: an array made by `zeros_like(index)` (or `.astype(int)`) holds whole numbers only. Indices "
    "are whole, places are not: return floats."
)
def whole_mm(index: Array, affine: Array) -> Array:
    places = np.zeros_like(index)
    places[:] = index @ affine[:3, :3].T + affine[:3, 3]
    return places


@voxel_to_world.mistake(
    "You shifted the index first and multiplied afterwards. The shift is in mm, the index counts voxels: turn and stretch "
    "first, then add the shift."
)
def shifted_first(index: Array, affine: Array) -> Array:
    return (index + affine[:3, 3]) @ affine[:3, :3].T


@voxel_to_world.mistake(
    "You went the other way, from mm to voxels (`np.linalg.inv`). The affine itself leads from the index to the world."
)
def other_way(index: Array, affine: Array) -> Array:
    return (index - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T


@voxel_to_world.mistake(
    "You used only the diagonal of the affine. In an image whose axes are turned or swapped the spacing is not on the diagonal; "
    "multiply with the whole 3 x 3 matrix."
)
def diagonal_only(index: Array, affine: Array) -> Array:
    return index * np.diag(affine)[:3] + affine[:3, 3]


@voxel_to_world.mistake(
    "You multiplied by the spacing (the lengths of the columns) and added the shift. Lengths do not know directions: an axis "
    "that runs from left to right or right to left has the same one. Use the 3 x 3 matrix."
)
def spacing_only(index: Array, affine: Array) -> Array:
    return index * np.linalg.norm(affine[:3, :3], axis=0) + affine[:3, 3]


@voxel_to_world.mistake(
    "You multiplied by the absolute values of the affine. A minus sign says that an axis runs backwards, for example "
    "from left to right; it has to stay."
)
def signs_lost(index: Array, affine: Array) -> Array:
    return index @ np.abs(affine[:3, :3]).T + affine[:3, 3]


@voxel_to_world.mistake(
    "Two things. First: a matrix that stands on the right is transposed, `index @ affine[:3, :3].T`. Then: the shift is missing. "
    "It is the last column, `affine[:3, 3]`; the last row, `affine[3, :3]`, holds zeros."
)
def not_transposed_and_not_shifted(index: Array, affine: Array) -> Array:
    return index @ affine[:3, :3] + affine[3, :3]


@voxel_to_world.mistake(
    "You returned four numbers a voxel. The 1 that you appended carries the shift through the product; afterwards it has "
    "done its work: keep the first three columns."
)
def four_columns(index: Array, affine: Array) -> Array:
    return np.c_[index, np.ones(len(index))] @ affine.T


@voxel_to_world.mistake(
    "You added half a voxel. In NIfTI index (0, 0, 0) is the centre of the first voxel, not its corner, and the affine already "
    "leads to centres."
)
def half_a_voxel(index: Array, affine: Array) -> Array:
    return (index + 0.5) @ affine[:3, :3].T + affine[:3, 3]


@voxel_to_world.mistake(
    "You rounded to whole numbers (`astype(int)`, `round`). Indices are whole, places are not: a voxel of 0.8 mm would move "
    "by up to half its size."
)
def rounded(index: Array, affine: Array) -> Array:
    return (index @ affine[:3, :3].T + affine[:3, 3]).round()


@voxel_to_world.mistake(
    "You reversed the order of the axes (`[:, ::-1]`). Some libraries count z, y, x; here, as in nibabel, an index is in the "
    "order of the array's axes, which is the order of the affine's columns."
)
def axes_reversed(index: Array, affine: Array) -> Array:
    return index[:, ::-1] @ affine[:3, :3].T + affine[:3, 3]
