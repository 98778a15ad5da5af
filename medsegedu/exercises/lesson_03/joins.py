"""Exercise 3.2: join the two paths."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.layers import crop_and_concat as reference

crop_and_concat = Exercise(
    "03.crop_and_concat",
    reference=reference,
    title="Join the two paths",
    minutes=8,
    difficulty=2,
    hints=(
        "How many rows are left over in all? How many of them lie above?",
        "Half of what is left over, rounded down with `//`, lies above: the cut starts there. Let it end at start + size, not "
        "at minus the margin; that serves odd margins, and no margin at all.",
        "The rows kept are `top:top + h`, the columns `left:left + w`. Then `torch.cat` on dimension 1, the channels; the skip "
        "goes first, so that the weights of the paper's authors would still fit.",
    ),
    after="Odd margins too. The next cell shows why it has to be the centre.",
    gradients=True,
)


@crop_and_concat.case
def even_margins(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 5, 7), random.tensor(2, 4, 9, 13)  # margins 4 and 6


@crop_and_concat.case
def odd_margins(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 4, 6), random.tensor(2, 5, 7, 11)  # margins 3 and 5


@crop_and_concat.case
def one_row_only(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 2, 6, 5), random.tensor(3, 2, 7, 5)  # margins 1 and 0


@crop_and_concat.case
def nothing_tocut(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 4, 4), random.tensor(2, 3, 4, 4)


@crop_and_concat.case
def the_papers_largest_margin(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 2, 4, 3), random.tensor(
        1, 1, 180, 230
    )  # 88 rows above, as at its top level, and 113 columns


def cut(up: Tensor, skip: Tensor) -> Tensor:
    """The centre of the skip, as it should be."""
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = (rows - h) // 2, (columns - w) // 2
    return skip[..., top : top + h, left : left + w]


@crop_and_concat.mistake(
    "You cut the top left corner. Valid convolutions ate the same margin on every side, so the pixel under the centre of `up` "
    "must stay under it: cut as much at the top as at the bottom."
)
def top_left_corner(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([skip[..., : up.shape[-2], : up.shape[-1]], up], 1)


@crop_and_concat.mistake(
    "You kept the bottom right corner: all of the margin came off the top and the left. Each side loses half of it: divide "
    "what is left over by 2."
)
def bottom_right_corner(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([skip[..., skip.shape[-2] - up.shape[-2] :, skip.shape[-1] - up.shape[-1] :], up], 1)


@crop_and_concat.mistake(
    "You shrank the skip instead of cutting it. Now each of its values sits over the wrong place, and the fine detail that "
    "the skip exists for is averaged away. Cut, do not resize."
)
def shrunk(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([F.interpolate(skip, size=up.shape[-2:]), up], 1)


@crop_and_concat.mistake(
    "You padded `up` to the size of the skip. Well-known code does so, but here the frame of zeros would be new, invented "
    "context around every map, and the result is larger than promised. Cut the skip instead."
)
def padded_up(up: Tensor, skip: Tensor) -> Tensor:
    rows, columns = skip.shape[-2] - up.shape[-2], skip.shape[-1] - up.shape[-1]
    around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return torch.cat([skip, F.pad(up, around)], 1)


@crop_and_concat.mistake(
    "Right parts, other order. Both train equally well, but published weights expect one of them: the skip's channels first."
)
def up_first(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([up, cut(up, skip)], 1)


@crop_and_concat.mistake(
    "You added the two maps; that is FCN's way (lesson 02), and it needs equal channels. U-Net keeps both side by side, so "
    "that the next convolution can choose: `torch.cat`."
)
def added(up: Tensor, skip: Tensor) -> Tensor:
    return cut(up, skip) + up


@crop_and_concat.mistake(
    "You joined along dimension 0, the batch: two patients became four. The channels are dimension 1."
)
def joined_the_batch(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([cut(up, skip), up], 0)


@crop_and_concat.mistake(
    "A minus sign binds less than `//`: `H - h // 2` is H minus half of h. The margin above is `(H - h) // 2`; with yours "
    "the cut runs out of the map."
)
def brackets_forgotten(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = rows - h // 2, columns - w // 2
    return torch.cat([skip[..., top : top + h, left : left + w], up], 1)


@crop_and_concat.mistake(
    "That works for even margins only. Of 3 rows you cut 1 above and 1 below, and one is left over. Start at the margin "
    "and count `h` rows from there: one side then loses 1, the other 2."
)
def even_margins_only(up: Tensor, skip: Tensor) -> Tensor:
    rows, columns = skip.shape[-2:]
    top, left = (rows - up.shape[-2]) // 2, (columns - up.shape[-1]) // 2
    return torch.cat([skip[..., top : rows - top, left : columns - left], up], 1)


@crop_and_concat.mistake(
    "`-margin` as the end of a slice fails twice: where the margin is 0, `0:-0` is empty, and of an odd margin one row too many "
    "is kept. Write the end as start + size."
)
def negative_end(up: Tensor, skip: Tensor) -> Tensor:
    rows, columns = skip.shape[-2:]
    top, left = (rows - up.shape[-2]) // 2, (columns - up.shape[-1]) // 2
    return torch.cat([skip[..., top:-top, left:-left], up], 1)


@crop_and_concat.mistake(
    "Of an odd margin you cut the larger half at the top left. One side must lose one pixel more, and by the course's rule that "
    "is the bottom right one: round down with `//`."
)
def larger_half_first(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = (rows - h + 1) // 2, (columns - w + 1) // 2
    return torch.cat([skip[..., top : top + h, left : left + w], up], 1)


@crop_and_concat.mistake(
    "You used the margin of the rows for the columns as well. The images of this lesson are taller than wide: each axis "
    "has its own margin."
)
def one_margin_for_both(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), top = up.shape[-2:], (skip.shape[-2] - up.shape[-2]) // 2
    return torch.cat([skip[..., top : top + h, top : top + w], up], 1)


@crop_and_concat.mistake(
    "The numbers are right, but nothing flows back: with `.detach()` or `.data` the encoder never hears from the skip what it "
    "should have done better. Join the maps as they are."
)
def detached_skip(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([cut(up, skip).detach(), up], 1)


@crop_and_concat.mistake(
    "The shape is right, but the skip's channels are all zero: changing the skip does not change your output. Copy the "
    "centre of `skip` itself, not a tensor of its size."
)
def zeros_of_its_size(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(cut(up, skip)), up], 1)


@crop_and_concat.mistake(
    "`round` sends a half to the even neighbour: 1.5 becomes 2, but 2.5 becomes 2 as well, so odd margins are cut now one way, "
    "now the other. `//` always rounds down."
)
def rounded_margin(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = round((rows - h) / 2), round((columns - w) / 2)
    return torch.cat([skip[..., top : top + h, left : left + w], up], 1)


@crop_and_concat.mistake(
    "`/` gives a float, even where nothing is left over (4 / 2 is 2.0), and no slice takes a float. Divide whole numbers with "
    "`//`."
)
def true_division(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = (rows - h) / 2, (columns - w) / 2
    return torch.cat([skip[..., top : top + h, left : left + w], up], 1)
