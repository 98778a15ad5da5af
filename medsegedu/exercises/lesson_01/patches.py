"""Exercise 1.1: cut the patch around a pixel."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data import extract_patch as reference
from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise

extract_patch = Exercise(
    "01.extract_patch",
    reference=reference,
    title="Cut the patch around a pixel",
    minutes=8,
    difficulty=1,
    hints=(
        "How far does a patch of 5 pixels reach to each side of its centre? And one of `size` pixels?",
        "Mirror first, cut afterwards. `F.pad` with mode='reflect' mirrors; its margins begin with the last axis (left, right, "
        "top, bottom), and it wants a batch dimension in front.",
        "Padding moves every pixel down and to the right by half a patch. Where does the window of (row, column) start now?",
    ),
    after="It works at the borders too. The next cell cuts patches of four sizes, and one that hangs over the edge.",
)


@extract_patch.case
def inside(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 11, 17), 5, 9, 5


@extract_patch.case
def over_the_upper_edge(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 9, 14), 0, 6, 5


@extract_patch.case
def over_the_lower_edge(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 9, 14), 8, 6, 5


@extract_patch.case
def over_the_left_edge(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 9, 14), 4, 0, 5


@extract_patch.case
def over_the_right_edge(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 9, 14), 4, 13, 5


@extract_patch.case
def far_corner(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 8, 13), 7, 12, 7


@extract_patch.case
def near_corner(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 9, 6), 0, 1, 9


@extract_patch.case
def one_pixel(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 5, 4), 3, 1, 1


@extract_patch.behaviour
def the_pixel_is_in_the_middle(attempt: Any, random: Random) -> str | None:
    image = random.tensor(2, 12, 15)
    if torch.equal(attempt(image, 6, 4, 7)[:, 3, 3], image[:, 6, 4]):
        return None
    return "The middle of your patch is not the pixel at (row, column). In a patch of 7 it stands at [:, 3, 3]."


def _padded(image: Tensor, size: int, mode: str = "reflect") -> Tensor:
    return F.pad(image[None], (size // 2,) * 4, mode=mode)[0]


@extract_patch.mistake(
    "Your window starts at the pixel; the pixel must stand in its middle. Start `size // 2` rows further up and "
    "`size // 2` columns further left."
)
def pixel_in_the_corner(image: Tensor, row: int, column: int, size: int) -> Tensor:
    padded = F.pad(image[None], (0, size - 1, 0, size - 1), mode="reflect")[0]
    return padded[:, row : row + size, column : column + size]


@extract_patch.mistake(
    "You filled the outside with zeros. That draws a black frame that no patch from the inside has, so the classifier meets "
    "something new at every border. Mirror the image: mode='reflect'."
)
def zeros_outside(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size, "constant")[:, row : row + size, column : column + size]


@extract_patch.mistake(
    "You repeated the border pixel outwards, which smears it into stripes. A mirror keeps the texture: mode='reflect' in "
    "place of 'replicate'."
)
def border_smeared(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size, "replicate")[:, row : row + size, column : column + size]


@extract_patch.mistake(
    "You wrapped around: to the right of the last column comes the first one. A head does not go on there; mirror instead, "
    "with mode='reflect'."
)
def wrapped_around(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size, "circular")[:, row : row + size, column : column + size]


@extract_patch.mistake(
    "Your mirror stands behind the border pixel, so this pixel comes twice in a row (... 1 0 0 1 ...). Here the border "
    "pixel is the mirror itself (... 2 1 0 1 2 ...), as with mode='reflect'."
)
def border_pixel_twice(image: Tensor, row: int, column: int, size: int) -> Tensor:
    half = size // 2
    padded = torch.from_numpy(np.pad(image.numpy(), ((0, 0), (half, half), (half, half)), mode="symmetric"))
    return padded[:, row : row + size, column : column + size]


@extract_patch.mistake(
    "You cut without mirroring, so a window at the border loses what lies outside, or begins with a negative number, which "
    "Python counts from the other end. Pad the image first."
)
def not_mirrored(image: Tensor, row: int, column: int, size: int) -> Tensor:
    half = size // 2
    return image[:, row - half : row + half + 1, column - half : column + half + 1]


@extract_patch.mistake(
    "You pushed the window back into the image. Now the pixel is not in its middle, but the label will still be that of the "
    "pixel. Leave the window where it is and mirror the image."
)
def pushed_inside(image: Tensor, row: int, column: int, size: int) -> Tensor:
    top = max(0, min(row - size // 2, image.shape[1] - size))
    left = max(0, min(column - size // 2, image.shape[2] - size))
    return image[:, top : top + size, left : left + size]


@extract_patch.mistake(
    "Rows and columns are swapped. `row` counts downwards, along dimension 1, and `column` to the right, along dimension 2. "
    "On square images this slip stays hidden for long."
)
def rows_and_columns_swapped(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size)[:, column : column + size, row : row + size]


@extract_patch.mistake(
    "Your patch is one pixel too small: a slice stops before its second number. From `row - half` up to and with "
    "`row + half` there are `size` pixels."
)
def one_pixel_short(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size)[:, row : row + size - 1, column : column + size - 1]


@extract_patch.mistake(
    "You padded, and then cut as if you had not. Padding moved the pixel (row, column) to (row + half, column + half), so "
    "your window lies half a patch too far up and to the left."
)
def padding_forgotten(image: Tensor, row: int, column: int, size: int) -> Tensor:
    half = size // 2
    return _padded(image, size)[:, row - half : row + half + 1, column - half : column + half + 1]


@extract_patch.mistake(
    "You kept the first contrast only. A patch has every channel of the image, (C, size, size): slice dimensions 1 and 2, "
    "and leave dimension 0 alone."
)
def first_contrast_only(image: Tensor, row: int, column: int, size: int) -> Tensor:
    return _padded(image, size)[:1, row : row + size, column : column + size]


def _mirrored(start: int, size: int, length: int) -> Tensor:
    """The `size` indices from `start` on, mirrored at 0 and at `length - 1`."""
    indices = torch.arange(start, start + size).abs()
    return length - 1 - (length - 1 - indices).abs()


@extract_patch.mistake(
    "You mirrored above and to the left, but below and to the right you stopped at the last pixel, which is repeated. Mirror at "
    "all four edges."
)
def clamped_behind(image: Tensor, row: int, column: int, size: int) -> Tensor:
    rows, columns = (torch.arange(i - size // 2, i + size // 2 + 1).abs() for i in (row, column))
    return image[:, rows.clamp(max=image.shape[1] - 1)][:, :, columns.clamp(max=image.shape[2] - 1)]


@extract_patch.mistake(
    "You used the image's height for its columns as well. An image need not be square: mirror the columns at its width, "
    "`image.shape[2]`."
)
def height_for_both_axes(image: Tensor, row: int, column: int, size: int) -> Tensor:
    rows, columns = (_mirrored(i - size // 2, size, image.shape[1]) for i in (row, column))
    return image[:, rows][:, :, columns]
