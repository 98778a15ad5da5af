"""Exercise 7.1: first tries with two mistakes, or with a sum that does not fit."""

from typing import Any

from numpy.typing import NDArray

from medsegedu.exercises.lesson_07.worlds import voxel_to_world

Array = NDArray[Any]


@voxel_to_world.mistake(
    "First, `affine[:3, :3] @ index` multiplies columns, but your indices are rows: write `index @ affine[:3, :3].T`. Then the "
    "shift is missing: add the last column, `affine[:3, 3]`."
)
def matrix_in_front_without_shift(index: Array, affine: Array) -> Array:
    return affine[:3, :3] @ index


@voxel_to_world.mistake(
    "You add the shift while each voxel is still a column: (3, N) and (3,) don't fit. Transpose the product first, then add: "
    "`(affine[:3, :3] @ index.T).T + affine[:3, 3]`."
)
def shifted_as_columns(index: Array, affine: Array) -> Array:
    return (affine[:3, :3] @ index.T + affine[:3, 3]).T


@voxel_to_world.mistake(
    "You add the shift while each voxel is still a column: (3, N) and (3,) don't fit. And each voxel should be a row of the "
    "answer. Transpose the product, then add: `(affine[:3, :3] @ index.T).T + affine[:3, 3]`."
)
def shifted_as_columns_and_left_so(index: Array, affine: Array) -> Array:
    return affine[:3, :3] @ index.T + affine[:3, 3]


@voxel_to_world.mistake(
    "The product is right, but it has four rows and a column for each voxel. Keep the first three rows and transpose: each voxel "
    "is a row of the answer."
)
def four_rows(index: Array, affine: Array) -> Array:
    return affine[:, :3] @ index.T + affine[:, 3:]
