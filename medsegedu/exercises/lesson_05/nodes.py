"""Exercise 5.1: one node of the nested U."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_05 import answers
from medsegedu.layers import ConvBlock

Maps = Sequence[Sequence[Tensor]]


def reference(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    """X(i, j) (N, C, h, w) from the j maps to its left in row i and, enlarged, the map one row down and one step left."""
    left = maps[i][:j]  # j maps (N, C, h, w)
    below = enlarge(maps[i + 1][j - 1])  # (N, 2 C, h / 2, w / 2) -> (N, C, h, w)
    return block(torch.cat([*left, below], dim=1))  # (N, (j + 1) C, h, w) -> (N, C, h, w)


nested_node = Exercise(
    "05.nested_node",
    reference=reference,
    title="One node",
    minutes=10,
    difficulty=2,
    hints=(
        "Put a finger on X(1, 2) in the drawing. Which maps have an arrow into it? How many come along the row, and which one "
        "comes from below?",
        "Along the row: all maps from X(i, 0) up to X(i, j - 1), the first j entries of `maps[i]`. From below: X(i + 1, j - 1).",
        "Three steps: `enlarge` the map from below, join it behind the maps of the row with `torch.cat` on dimension 1, and send "
        "the result through `block`.",
    ),
    after="The next cells build the whole triangle from your node.",
    gradients=True,
    shown=answers.nested_node,
)


def made(random: Random, widths: Sequence[int], size: tuple[int, int], steps: Sequence[int]) -> list[list[Tensor]]:
    """Random maps of a triangle; row i holds `steps[i]` of them. Two images a batch."""
    return [
        [random.tensor(2, width, size[0] // 2**i, size[1] // 2**i) for _ in range(count)]
        for i, (width, count) in enumerate(zip(widths, steps, strict=True))
    ]


def parts(random: Random, i: int, j: int, widths: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    """The up-convolution and the block of X(i, j), random but fixed."""
    pair = nn.ModuleList(
        [nn.ConvTranspose2d(widths[i + 1], widths[i], 2, stride=2), ConvBlock((j + 1) * widths[i], widths[i])]
    )
    fill_parameters(pair, random.seed)
    return pair[0], pair[1]


@nested_node.case
def top_of_the_second_diagonal(random: Random) -> tuple[Any, ...]:
    widths = (3, 6, 12)
    return 0, 2, made(random, widths, (8, 12), (2, 2, 1)), *parts(random, 0, 2, widths)


@nested_node.case
def inside_the_triangle(random: Random) -> tuple[Any, ...]:
    widths = (2, 4, 8, 16)
    return 1, 2, made(random, widths, (24, 16), (3, 2, 2, 1)), *parts(random, 1, 2, widths)


@nested_node.case
def first_step(random: Random) -> tuple[Any, ...]:
    widths = (3, 5, 7)
    return 1, 1, made(random, widths, (16, 24), (2, 1, 1)), *parts(random, 1, 1, widths)


@nested_node.case
def nothing_but_the_join(random: Random) -> tuple[Any, ...]:
    """All maps are there already, and the block passes on what it reads, so that each wrong choice shows as such."""
    widths = (2, 2, 2, 2, 2)
    enlarge, _ = parts(random, 1, 2, widths)
    return 1, 2, made(random, widths, (32, 48), (5, 4, 3, 2, 1)), enlarge, nn.Identity()


@nested_node.case
def the_longest_row(random: Random) -> tuple[Any, ...]:
    widths = (2, 2, 2, 2, 2)
    enlarge, _ = parts(random, 0, 4, widths)
    return 0, 4, made(random, widths, (16, 32), (4, 4, 3, 2, 1)), enlarge, nn.Identity()


@nested_node.behaviour
def every_map_learns(attempt: Any, random: Random) -> str | None:
    widths = (2, 4, 8)
    maps = [[x.requires_grad_() for x in row] for row in made(random, widths, (8, 12), (2, 2, 1))]
    output = attempt(0, 2, [list(row) for row in maps], *parts(random, 0, 2, widths))
    if not output.requires_grad:
        return "Your node is cut off from everything before it (`.detach()`, `.data` or `torch.no_grad()`)."
    output.sin().sum().backward()
    for i, j in ((0, 0), (0, 1), (1, 1)):
        if maps[i][j].grad is None:
            return (
                f"No gradient reaches X({i}, {j}): it is not used in X(0, 2), or it was cut off (`.detach()`, `.data`)."
            )
    return None


def joined(maps: Sequence[Tensor], below: Tensor, block: nn.Module) -> Tensor:
    """The join and the block as they should be."""
    return block(torch.cat([*maps, below], 1))


@nested_node.mistake(
    "You joined only the nearest map on the left. In a nested U each node reads all of them, X(i, 0) to X(i, j - 1): that is "
    "what the paper calls dense skips. Take `maps[i][:j]`."
)
def nearest_only(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined([maps[i][j - 1]], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "You joined only the encoder's map X(i, 0). That is the plain skip of a U-Net; here the nodes between it and yours count "
    "too. Take `maps[i][:j]`."
)
def encoder_only(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined([maps[i][0]], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "You joined all of `maps[i]`. It may hold maps further to the right than your node, when the triangle has been computed "
    "once already: the first j are yours, `maps[i][:j]`."
)
def whole_row(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "You stop one map short: `maps[i][:j - 1]` leaves out the nearest neighbour X(i, j - 1). A slice already excludes its end; "
    "write `maps[i][:j]`."
)
def one_short(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][: j - 1], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "You take one map too many: `maps[i][:j + 1]` reaches as far as X(i, j), the very node that you are computing. The j maps "
    "to its left are `maps[i][:j]`."
)
def itself_too(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][: j + 1], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "From below you took X(i + 1, j), which lies on the next diagonal and is not computed yet when your node is due. The arrow "
    "comes from X(i + 1, j - 1): one row down, one step to the left."
)
def below_same_step(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i + 1][j]), block)


@nested_node.mistake(
    "From below you always took the encoder's map X(i + 1, 0). Then nothing ever comes up from deeper rows: each node would "
    "see just one row below itself. Take X(i + 1, j - 1)."
)
def below_encoder(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i + 1][0]), block)


@nested_node.mistake(
    "You took X(i - 1, ...), the row above. Rows are counted from the top: what is enlarged comes from one row further down, i "
    "+ 1. (And for i = 0 Python's index -1 quietly means the last row.)"
)
def row_above(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i - 1][j - 1]), block)


@nested_node.mistake(
    "Right parts, other order: you put the enlarged map first. It would train as well, but not with the weights of this "
    "course: the row from left to right, then the map from below."
)
def below_first(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([enlarge(maps[i + 1][j - 1]), *maps[i][:j]], 1))
