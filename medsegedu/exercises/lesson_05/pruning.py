"""Exercise 5.3: cut the network down to the nodes that one head needs."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_05 import answers

Nodes = Sequence[Sequence[Any]]


def reference(nodes: Nodes, level: int) -> list[list[Any]]:
    """nodes[i][j] is X(i, j) -> the same for the nodes that the head on X(0, level) needs, and no others."""
    return [list(row[: level + 1 - i]) for i, row in enumerate(nodes[: level + 1])]


class Node(nn.Module):
    """A node that knows its name, so that a message can be read."""

    def __init__(self, i: int, j: int) -> None:
        super().__init__()
        self.name = f"X({i},{j})"

    def __repr__(self) -> str:
        return self.name


def used(attempt: Any, nodes: Nodes, level: int) -> Any:
    """The attempt's answer as plain lists, whatever sequence its rows are, of the names of the nodes that have one."""
    return _plain(attempt(nodes, level))


def _plain(answer: Any) -> Any:
    if isinstance(answer, list | tuple | nn.ModuleList):
        return [_plain(item) for item in answer]
    return answer.name if isinstance(answer, Node) else answer


prune = Exercise(
    "05.prune",
    reference=reference,
    title="Cut the network down",
    minutes=10,
    difficulty=2,
    hints=(
        "Start at X(0, 2) and follow all arrows backwards. Write down the (i, j) of every node you meet. What do the sums i + j "
        "have in common?",
        "A node is needed if and only if i + j is at most `level`. So of row i the first `level + 1 - i` nodes stay.",
        "Slices do it all: `nodes[: level + 1]` are the rows that keep anything, and `row[: level + 1 - i]` is what row i keeps. "
        "`enumerate` counts i.",
    ),
    after="The next cell counts what each level costs.",
    call=used,
    shown=answers.prune,
)


def named(depth: int) -> list[list[Node]]:
    """The nodes of a triangle."""
    return [[Node(i, j) for j in range(depth + 1 - i)] for i in range(depth + 1)]


@prune.case
def two_levels_of_four(random: Random) -> tuple[Any, ...]:
    return named(4), 2


@prune.case
def one_level_of_three(random: Random) -> tuple[Any, ...]:
    return named(3), 1


@prune.case
def nothing_to_cut(random: Random) -> tuple[Any, ...]:
    return named(3), 3


@prune.case
def three_levels_of_six(random: Random) -> tuple[Any, ...]:
    return named(6), 3


@prune.case
def five_levels_of_six(random: Random) -> tuple[Any, ...]:
    return named(6), 5


@prune.case
def layers(random: Random) -> tuple[Any, ...]:
    return [[nn.Conv2d(i + 1, j + 2, 1) for j in range(5 - i)] for i in range(5)], 3


@prune.case
def held_in_module_lists(random: Random) -> tuple[Any, ...]:
    return nn.ModuleList(nn.ModuleList(nn.Conv2d(i + 1, j + 1, 3) for j in range(4 - i)) for i in range(4)), 2


@prune.behaviour
def the_trained_nodes_themselves(attempt: Any, random: Random) -> str | None:
    nodes = [[nn.Conv2d(1, 1, 1) for _ in range(4 - i)] for i in range(4)]
    fill_parameters(nn.ModuleList([node for row in nodes for node in row]), random.seed)
    image = random.tensor(1, 1, 3, 4)
    before = [[node(image) for node in row] for row in nodes]
    answer = attempt([list(row) for row in nodes], 2)
    for i, j in ((0, 0), (0, 2), (1, 1), (2, 0)):
        kept = answer[i][j]
        if not isinstance(kept, nn.Conv2d) or not torch.equal(kept(image), before[i][j]):
            return f"Your X({i}, {j}) no longer has the weights that it was trained with: keep the node itself."
        if kept is not nodes[i][j]:
            return f"Your X({i}, {j}) is a copy: put the node itself into the new list."
    if not all(node.training and node.weight.requires_grad for row in nodes for node in row):
        return "You changed the nodes (`.eval()`, `requires_grad_(False)`): whoever cuts may want to train on."
    return None


@prune.mistake(
    "One diagonal is missing: you kept the nodes with i + j below `level`. The head sits on X(0, level), and that node must "
    "stay: row i keeps `level + 1 - i` nodes."
)
def one_diagonal_short(nodes: Nodes, level: int) -> Any:
    return [list(row[: level - i]) for i, row in enumerate(nodes[:level])]


@prune.mistake(
    "You cut a square, i up to `level` and j up to `level`. Its lower right half is there as well, but no arrow leads from it "
    "to X(0, level): it is those with i + j at most `level` that count."
)
def a_square(nodes: Nodes, level: int) -> Any:
    return [list(row[: level + 1]) for row in nodes[: level + 1]]


@prune.mistake(
    "You kept the upper rows in full. They hold nodes to the right of X(0, level), which come after it and cannot help it. Cut "
    "each row off: `row[: level + 1 - i]`."
)
def rows_in_full(nodes: Nodes, level: int) -> Any:
    return [list(row) for row in nodes[: level + 1]]


@prune.mistake(
    "You kept the left columns of every row, down to the bottom. X(0, level) never reads deeper than row `level`: each step to "
    "the right goes up just one row."
)
def columns_in_full(nodes: Nodes, level: int) -> Any:
    return [list(row[: level + 1]) for row in nodes]


@prune.mistake(
    "You kept row 0 alone. But each of its nodes reads one from below as well, and that one from further below: follow the "
    "arrows down to X(level, 0)."
)
def top_row_only(nodes: Nodes, level: int) -> Any:
    return [list(nodes[0][: level + 1])]


@prune.mistake(
    "Your rows all have the same length. The further down, the fewer nodes are needed: row i keeps `level + 1 - i`, the last "
    "one only its encoder block."
)
def index_forgotten(nodes: Nodes, level: int) -> Any:
    return [list(row[:level]) for row in nodes[: level + 1]]


@prune.mistake(
    "All cut rows are right, but empty ones are left over below. The loop that uses the nodes counts the rows, and would look "
    "for a block in them: leave these rows out with `nodes[: level + 1]`."
)
def empty_rows_left(nodes: Nodes, level: int) -> Any:
    return [list(row[: max(level + 1 - i, 0)]) for i, row in enumerate(nodes)]


@prune.mistake(
    "Below row `level` the length `level + 1 - i` is negative, and a slice with a negative end counts from the back: deep "
    "nodes return. Cut the rows too: `nodes[: level + 1]`."
)
def negative_lengths(nodes: Nodes, level: int) -> Any:
    return [list(row[: level + 1 - i]) for i, row in enumerate(nodes)]
