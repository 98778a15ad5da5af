"""Exercise 5.3: further wrong cuts: copies, placeholders, and what agrees with the right answer for one depth only."""

import copy
from typing import Any

from torch import nn

from medsegedu.exercises.lesson_05.pruning import Nodes, prune
from medsegedu.exercises.lesson_05.pruning import reference as pruned


@prune.mistake(
    "You kept an encoder block in every row (`max(1, ...)`), down to the bottom. X(0, level) never reads deeper than row "
    "`level`: leave the rows below out, `nodes[: level + 1]`."
)
def encoder_kept(nodes: Nodes, level: int) -> Any:
    return [list(row[: max(1, level + 1 - i)]) for i, row in enumerate(nodes)]


@prune.mistake(
    "You put `None` in the place of what is cut. The network would call it like a node: leave these places out, so that row i "
    "is `level + 1 - i` long."
)
def holes(nodes: Nodes, level: int) -> Any:
    return [[node if i + j <= level else None for j, node in enumerate(row)] for i, row in enumerate(nodes)]


@prune.mistake(
    "You return the numbers (i, j) of the nodes, the right ones. The network needs the nodes: `nodes[i][j]` in their place."
)
def the_numbers(nodes: Nodes, level: int) -> Any:
    return [[(i, j) for j in range(level + 1 - i)] for i in range(level + 1)]


@prune.mistake(
    "You cut `level` diagonals off the end instead of keeping that many. For depth 4 and level 2 that is the same, for other "
    "depths it is not: count from the start, `row[: level + 1 - i]`."
)
def cut_off_so_many(nodes: Nodes, level: int) -> Any:
    return [list(row)[:-level] for row in list(nodes)[:-level]]


@prune.mistake(
    "You cut row 0 and left those below as they were. Row i keeps `level + 1 - i` nodes, and below row `level` none: loop over "
    "all rows."
)
def first_row_only(nodes: Nodes, level: int) -> Any:
    return [list(nodes[0])[: level + 1], *(list(row) for row in nodes[1:])]


@prune.mistake(
    "You never keep more than four rows. The network of this lesson has five: let `level` alone decide, `nodes[: level + 1]`."
)
def four_rows_at_most(nodes: Nodes, level: int) -> Any:
    return pruned(nodes, level)[:4]


@prune.mistake(
    "The right nodes, but copies of them (`copy.deepcopy`). A new *list* is enough, and slicing makes one: put the modules "
    "themselves in, or the trained weights lie in memory twice."
)
def copies(nodes: Nodes, level: int) -> Any:
    return copy.deepcopy(pruned(nodes, level))


@prune.mistake(
    "The right nodes, but you switched off their training (`requires_grad_(False)`, `.eval()`). To cut is not to freeze: leave "
    "the nodes as they are."
)
def frozen(nodes: Nodes, level: int) -> Any:
    for row in nodes:
        for node in row:
            if isinstance(node, nn.Module):
                node.requires_grad_(False)
    return pruned(nodes, level)


@prune.mistake(
    "Two things. First the length: row i keeps `level + 1 - i` nodes, one more than yours. Then the rows: below row `level` "
    "that length is negative and counts from the back, so cut them too, `nodes[: level + 1]`."
)
def short_and_negative(nodes: Nodes, level: int) -> Any:
    return [list(row)[: level - i] for i, row in enumerate(nodes)]


@prune.mistake(
    "Two things. First the condition: i + j may be *equal* to `level`, since the head sits on X(0, level). Then the rows: empty "
    "ones are left over below; leave them out with `nodes[: level + 1]`."
)
def short_and_empty(nodes: Nodes, level: int) -> Any:
    return [[node for j, node in enumerate(row) if i + j < level] for i, row in enumerate(nodes)]


@prune.mistake(
    "One diagonal is missing, and an empty row is left: i + j may be *equal* to `level`, since the head sits on X(0, level). "
    "Row i keeps `level + 1 - i` nodes, not `level - i`."
)
def short_with_the_last_row_empty(nodes: Nodes, level: int) -> Any:
    return [list(row)[: level - i] for i, row in enumerate(nodes[: level + 1])]


@prune.mistake(
    "You cut a square: j runs up to `level` in every row, and where the row is shorter there is nothing to take. No arrow leads "
    "from the lower right half to X(0, level): let j run over `range(level + 1 - i)`."
)
def a_square_by_numbers(nodes: Nodes, level: int) -> Any:
    return [[nodes[i][j] for j in range(level + 1)] for i in range(level + 1)]


@prune.mistake(
    "The shape is right, but rows and columns are exchanged: you took `nodes[j][i]`. The first number counts the levels down, "
    "`nodes[i][j]`."
)
def numbers_exchanged(nodes: Nodes, level: int) -> Any:
    return [[nodes[j][i] for j in range(level + 1 - i)] for i in range(level + 1)]
