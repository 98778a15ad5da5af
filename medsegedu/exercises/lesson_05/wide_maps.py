"""Exercises 5.3 and 5.4: further wrong cuts, and further wrong ways to bring all scales together."""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.pruning import Nodes, prune
from medsegedu.exercises.lesson_05.pruning import reference as pruned
from medsegedu.exercises.lesson_05.scales import Branches, Maps, full_scale_fusion, fused, reference, resized


@prune.mistake(
    "You kept the encoder and the last diagonal, as if each node read X(i, 0) alone. In UNet++ a node reads every node to its "
    "left, so those in between are needed too."
)
def path_only(nodes: Nodes, level: int) -> Any:
    return [[row[j] for j in sorted({0, level - i})] for i, row in enumerate(nodes[: level + 1])]


@prune.mistake(
    "You kept the last diagonal alone, i + j equal to `level`. Its nodes read those to their left, back to the encoder: all "
    "with i + j *at most* `level` stay."
)
def diagonal_only(nodes: Nodes, level: int) -> Any:
    return [[row[level - i]] for i, row in enumerate(nodes[: level + 1])]


@prune.mistake("You return one long list. The network asks for nodes[i][j], so keep a list of rows.")
def one_long_list(nodes: Nodes, level: int) -> Any:
    return [node for row in pruned(nodes, level) for node in row]


@prune.mistake(
    "You cut the network that was handed to you (`del`, `pop`): after pruning to level 2 there is no way to level 3. Build new "
    "lists and leave `nodes` as it is."
)
def cut_in_place(nodes: Any, level: int) -> Any:
    for i in range(min(level + 1, len(nodes))):
        del nodes[i][level + 1 - i :]
    del nodes[level + 1 :]
    return nodes


@prune.mistake(
    "You return the whole network. At the full depth nothing is cut; below it only nodes with i + j at most `level` stay."
)
def uncut(nodes: Nodes, level: int) -> Any:
    return [list(row) for row in nodes]


@prune.mistake(
    "You cut to the level above: `level` counts from 1 at X(0, 1), and you counted from X(0, 0). One diagonal too many was "
    "kept."
)
def one_diagonal_more(nodes: Nodes, level: int) -> Any:
    return pruned(nodes, level + 1)


@prune.mistake(
    "Your slices cut from the wrong end: you kept the last nodes of each row, and those need the first ones, the encoder's. "
    "Keep from the start."
)
def wrong_end(nodes: Nodes, level: int) -> Any:
    return [list(row)[-(level + 1 - i) :] for i, row in enumerate(nodes[: level + 1])]


@prune.mistake(
    "You counted as if there were always four levels. A triangle may have any depth: let `level` alone decide, i + j at most "
    "`level`."
)
def four_levels_by_hand(nodes: Nodes, level: int) -> Any:
    return [list(row)[: max(len(row) - (4 - level), 0)] for row in nodes][: level + 1]


@prune.mistake(
    "Your nodes have the right shapes, but new weights: you made them afresh or reset them. Pruning is what you do *after* "
    "training; keep the nodes themselves."
)
def fresh_weights(nodes: Nodes, level: int) -> Any:
    kept = [[copy.deepcopy(node) for node in row] for row in pruned(nodes, level)]
    for row in kept:
        for node in row:
            if isinstance(node, nn.Conv2d):
                node.reset_parameters()
    return kept


@full_scale_fusion.mistake(
    "You halve or double each map once, whatever its distance. Two levels away is a factor of 4, three levels 8: 2 ** (level - "
    "k) and 2 ** (k - level)."
)
def one_step_only(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.max_pool2d(x, 2) if k < level else x for k, x in enumerate(maps)]
    parts = [F.interpolate(x, scale_factor=2, mode="bilinear") if k > level else x for k, x in enumerate(parts)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "Your factor is 2 * distance instead of 2 ** distance. They agree for one and two levels (2 and 4), and part at three: 6 "
    "against 8."
)
def twice_the_distance(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = list(maps)
    for k, x in enumerate(maps):
        if k < level:
            parts[k] = F.max_pool2d(x, 2 * (level - k))
        if k > level:
            parts[k] = F.interpolate(x, scale_factor=2 * (k - level), mode="bilinear")
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You brought all maps to the full resolution. The level that is asked for decides the size: H / 2**level."
)
def to_full_resolution(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fused([resized(x, k, 0) for k, x in enumerate(maps)], branches, fuse)


@full_scale_fusion.mistake(
    "Your maps are joined from the deepest up. `fuse` expects them from the full resolution down, in the order of `maps`."
)
def deepest_first(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [branches[k](resized(x, k, level)) for k, x in enumerate(maps)]
    return fuse(torch.cat(parts[::-1], 1))


@full_scale_fusion.mistake(
    "You sent each map through its branch first and resized it afterwards. The paper resizes first, so that the branch's "
    "kernel looks at the places of your level."
)
def branch_first(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(branch(x), k, level) for k, (x, branch) in enumerate(zip(maps, branches, strict=True))]
    return fuse(torch.cat(parts, 1))


@full_scale_fusion.mistake(
    "The branches stand idle: you joined the bare maps. Each map first goes through its own convolution, which brings it to "
    "the same number of channels as the others."
)
def branches_forgotten(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([resized(x, k, level) for k, x in enumerate(maps)], 1))


@full_scale_fusion.mistake(
    "You use `branches[0]` for every map. Each scale has a convolution of its own, `branches[k]`, since its channels mean "
    "something else."
)
def one_branch_for_all(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[0](resized(x, k, level)) for k, x in enumerate(maps)], 1))


@full_scale_fusion.mistake(
    "You returned what is joined, without `fuse`. That convolution lets the scales talk to each other; without it they only "
    "lie side by side."
)
def fuse_forgotten(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fused([resized(x, k, level) for k, x in enumerate(maps)], branches, nn.Identity())


@full_scale_fusion.mistake(
    "You added the scales. UNet 3+ keeps them side by side, so that `fuse` can weigh each of them: `torch.cat` on dimension 1."
)
def scales_added(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [branches[k](resized(x, k, level)) for k, x in enumerate(maps)]
    return fuse(sum(parts[1:], start=parts[0]))


@full_scale_fusion.mistake(
    "You joined along dimension 0, the batch: the scales of one image became images. The channels are dimension 1."
)
def scales_in_the_batch(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[k](resized(x, k, level)) for k, x in enumerate(maps)], 0))


@full_scale_fusion.mistake(
    "The numbers are right, but nothing flows back (`.detach()`, `.data`, `torch.no_grad()`): no level would learn from this "
    "one."
)
def scales_detached(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return reference(maps, level, branches, fuse).detach()
