"""Exercise 5.1: further wrong ways to make a node of its neighbours."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.nodes import Maps, joined, nested_node, reference


@nested_node.mistake(
    "The maps of the row stand from right to left. The block's kernels expect X(i, 0) first and the nearest neighbour last: "
    "`maps[i][:j]` is in order already."
)
def row_reversed(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(list(maps[i][:j])[::-1], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "You added the maps. Adding is what a residual network does; UNet++ keeps all of them side by side, so that the block can "
    "weigh each one: `torch.cat` on dimension 1."
)
def added(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(sum(maps[i][:j], start=enlarge(maps[i + 1][j - 1])))


@nested_node.mistake(
    "You joined along dimension 0, the batch: the maps of one image became further images. The channels are dimension 1."
)
def joined_the_batch(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([*maps[i][:j], enlarge(maps[i + 1][j - 1])], 0))


@nested_node.mistake(
    "You returned what is joined, without the block. Its two convolutions make C channels of (j + 1) C again; without them the "
    "maps would grow with each step to the right."
)
def block_forgotten(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i + 1][j - 1]), nn.Identity())


@nested_node.mistake(
    "You enlarged the lower map with `F.interpolate`, and `enlarge` stands idle. It is an up-convolution: it learns how to "
    "enlarge and halves the channels on the way."
)
def interpolated(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], F.interpolate(maps[i + 1][j - 1], scale_factor=2), block)


@nested_node.mistake(
    "The map from below is still half as large as those of the row, so they cannot be joined. `enlarge` it first."
)
def never_enlarged(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], maps[i + 1][j - 1], block)


@nested_node.mistake(
    "You joined the row alone. Without the enlarged map from below the node learns nothing of what the deeper rows see: add "
    "`enlarge(maps[i + 1][j - 1])`, in the last place."
)
def row_alone(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([*maps[i][:j]], 1))


@nested_node.mistake(
    "Your node reads nothing but the enlarged map: there are no skips. Join the j maps to the left in the same row in front of "
    "it, `maps[i][:j]`."
)
def no_skips(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(enlarge(maps[i + 1][j - 1]))


@nested_node.mistake(
    "Your indices are exchanged: `maps[j]` is the row j levels down. In X(i, j) the first number counts the levels down, the "
    "second the steps to the right, and so it is in `maps[i][j]`."
)
def indices_exchanged(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[j][:i], enlarge(maps[j - 1][i + 1]), block)


@nested_node.mistake(
    "Your indices are exchanged: `maps[j]` is the row j levels down. In X(i, j) the first number counts the levels down, the "
    "second the steps to the right: `maps[i][:j]`, and from below `maps[i + 1][j - 1]`."
)
def indices_exchanged_throughout(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[j][:i], enlarge(maps[j + 1][i - 1]), block)


@nested_node.mistake(
    "From below you took the newest map of the row, `maps[i + 1][-1]`. While the triangle grows diagonal by diagonal that is "
    "the right one, but the row may hold more already: name it, `maps[i + 1][j - 1]`."
)
def below_newest(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i + 1][-1]), block)


@nested_node.mistake(
    "You took the last j maps of the row, `maps[i][-j:]`. While the triangle grows they are the right ones, but the row may "
    "hold more already, to the right of your node: the first j, `maps[i][:j]`."
)
def last_of_the_row(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][-j:], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "Both choices count from the end (`maps[i][-j:]` and `maps[i + 1][-1]`). The rows may hold more maps than are due: first "
    "take `maps[i][:j]` along the row, then `maps[i + 1][j - 1]` from below."
)
def both_from_the_end(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][-j:], enlarge(maps[i + 1][-1]), block)


@nested_node.mistake(
    "Two things. First the row: you joined all of `maps[i]`; the first j are yours, `maps[i][:j]`. Then the order: the "
    "enlarged map stands in front, and belongs behind them."
)
def whole_row_below_first(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([enlarge(maps[i + 1][j - 1]), *maps[i]], 1))


@nested_node.mistake(
    "Two things. First the map from below: it is X(i + 1, j - 1), one step to the left of yours, not X(i + 1, j). Then the "
    "row: join all maps to the left, `maps[i][:j]`, not the nearest alone."
)
def nearest_and_below_same_step(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined([maps[i][j - 1]], enlarge(maps[i + 1][j]), block)


@nested_node.mistake(
    "Two things. First the row: join all maps to the left, `maps[i][:j]`, not the nearest alone. Then the order: the enlarged "
    "map belongs behind them."
)
def nearest_below_first(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([enlarge(maps[i + 1][j - 1]), maps[i][j - 1]], 1))


@nested_node.mistake(
    "You joined along dimension 2, so the maps stand one above the other like bricks. Side by side means the channels: "
    "`torch.cat([...], dim=1)`."
)
def joined_the_heights(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat([*maps[i][:j], enlarge(maps[i + 1][j - 1])], 2))


@nested_node.mistake(
    "`maps[i][:j]` is a list, and a tensor cannot be added to a list. Put both into one list, `[*maps[i][:j], up]`, and join "
    "that."
)
def tensor_added_to_a_list(i: int, j: int, maps: Any, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return block(torch.cat(maps[i][:j] + enlarge(maps[i + 1][j - 1]), 1))


@nested_node.mistake(
    "Your node is right, but you also append it to `maps[i]`. The loop below does that, and would then store it twice: only "
    "return it."
)
def appended(i: int, j: int, maps: Any, enlarge: nn.Module, block: nn.Module) -> Tensor:
    maps[i].append(reference(i, j, maps, enlarge, block))
    return maps[i][-1]


@nested_node.mistake(
    "The numbers are right, but the row's maps were cut off (`.detach()`, `.data`): the encoder would hear from the truth only "
    "through the depth. Join the maps as they are."
)
def row_detached(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined([x.detach() for x in maps[i][:j]], enlarge(maps[i + 1][j - 1]), block)


@nested_node.mistake(
    "The numbers are right, but the map from below was cut off (`.detach()`, `.data`): all deeper rows would never learn. "
    "Enlarge the map as it is."
)
def below_detached(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    return joined(maps[i][:j], enlarge(maps[i + 1][j - 1].detach()), block)


@nested_node.mistake(
    "The numbers are right, but the whole node is cut off (`torch.no_grad()`, `.detach()`): nothing in the network would learn "
    "from it. Leave that for predicting."
)
def node_detached(i: int, j: int, maps: Maps, enlarge: nn.Module, block: nn.Module) -> Tensor:
    with torch.no_grad():
        return reference(i, j, maps, enlarge, block)
