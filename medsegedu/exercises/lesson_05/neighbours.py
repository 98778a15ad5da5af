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
