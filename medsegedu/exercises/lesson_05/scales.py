"""Exercise 5.4: what one decoder level of UNet 3+ reads."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_05 import answers

Maps = Sequence[Tensor]
Branches = Sequence[nn.Module]


def resized(x: Tensor, k: int, level: int) -> Tensor:
    """The map of level k at the size of `level`: pooled from above, enlarged from below."""
    if k < level:
        return F.max_pool2d(x, 2 ** (level - k))  # (N, C, h, w)
    if k > level:
        return F.interpolate(x, scale_factor=2 ** (k - level), mode="bilinear")  # (N, C, h, w)
    return x


def reference(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    """maps[k] (N, C_k, H / 2**k, W / 2**k) -> (N, D, H / 2**level, W / 2**level), of all scales at once."""
    same_size = [branch(resized(x, k, level)) for k, (x, branch) in enumerate(zip(maps, branches, strict=True))]
    return fuse(torch.cat(same_size, dim=1))


full_scale_fusion = Exercise(
    "05.full_scale_fusion",
    reference=reference,
    title="All scales at once",
    minutes=12,
    difficulty=2,
    hints=(
        "Take a map two levels above yours: how many times larger is it along each axis? And one two levels below?",
        "From above: `F.max_pool2d` with a window of 2 ** (level - k). From below: `F.interpolate` with mode='bilinear' and "
        "the factor 2 ** (k - level). At your own level: nothing.",
        "Resize, then `branches[k]`, for each map in the order from the full resolution down. Join on dimension 1, and `fuse` "
        "at the end.",
    ),
    after="The next cell shows what the five scales bring to one level.",
    gradients=True,
    shown=answers.full_scale_fusion,
)


def drawn(
    random: Random, channels: Sequence[int], size: tuple[int, int], width: int = 3
) -> tuple[list[Tensor], nn.ModuleList, nn.Module]:
    """Maps of all levels for an image of `size`, with branches of `width` channels each and the convolution behind them."""
    maps = [random.tensor(2, c, size[0] // 2**k, size[1] // 2**k) for k, c in enumerate(channels)]
    branches = nn.ModuleList(nn.Sequential(nn.Conv2d(c, width, 3, padding=1), nn.ReLU()) for c in channels)
    joined = width * len(channels)
    fuse = nn.Sequential(nn.Conv2d(joined, joined, 3, padding=1), nn.ReLU())
    fill_parameters(nn.ModuleList([branches, fuse]), random.seed)
    return maps, branches, fuse


@full_scale_fusion.case
def middle_level(random: Random) -> tuple[Any, ...]:
    maps, branches, fuse = drawn(random, (2, 4, 8), (12, 20))
    return maps, 1, list(branches), fuse


@full_scale_fusion.case
def full_resolution(random: Random) -> tuple[Any, ...]:
    maps, branches, fuse = drawn(random, (3, 3, 3), (8, 12))
    return maps, 0, list(branches), fuse


@full_scale_fusion.case
def two_levels_down(random: Random) -> tuple[Any, ...]:
    maps, branches, fuse = drawn(random, (2, 2, 2, 2), (24, 16))
    return maps, 2, list(branches), fuse


@full_scale_fusion.case
def nothing_but_the_join(random: Random) -> tuple[Any, ...]:
    """The modules pass on what they read, so that each wrong choice shows as such."""
    maps, _, _ = drawn(random, (2, 1, 3, 2, 1), (32, 48))
    return maps, 2, [nn.Identity() for _ in maps], nn.Identity()


@full_scale_fusion.case
def paper_depth_first_level(random: Random) -> tuple[Any, ...]:
    maps, _, _ = drawn(random, (1, 1, 1, 1, 1), (48, 16))
    return maps, 1, [nn.Identity() for _ in maps], nn.Identity()


@full_scale_fusion.case
def three_levels_down(random: Random) -> tuple[Any, ...]:
    maps, _, _ = drawn(random, (2, 1, 1, 2, 1), (32, 48))
    return maps, 3, [nn.Identity() for _ in maps], nn.Identity()


@full_scale_fusion.case
def the_deepest_level(random: Random) -> tuple[Any, ...]:
    maps, _, _ = drawn(random, (1, 2, 1, 1, 2), (48, 32))
    return maps, 4, [nn.Identity() for _ in maps], nn.Identity()


@full_scale_fusion.case
def everything_from_below(random: Random) -> tuple[Any, ...]:
    maps, _, _ = drawn(random, (1, 1, 1, 1, 1), (32, 16))
    return maps, 0, [nn.Identity() for _ in maps], nn.Identity()


@full_scale_fusion.behaviour
def every_scale_counts(attempt: Any, random: Random) -> str | None:
    maps, branches, fuse = drawn(random, (2, 3, 4, 5), (16, 24))
    for x in maps:
        x.requires_grad_()
    output = attempt(list(maps), 1, list(branches), fuse)
    if not output.requires_grad:
        return "Your output is cut off from the maps (`.detach()`, `.data` or `torch.no_grad()`): nothing would learn."
    output.sin().sum().backward()
    silent = [k for k, x in enumerate(maps) if x.grad is None]
    return f"No gradient reaches the map of level {silent[0]}: it is not used, or it was cut off." if silent else None


def fused(parts: Maps, branches: Branches, fuse: nn.Module) -> Tensor:
    """Everything behind the resizing as it should be."""
    return fuse(torch.cat([branch(x) for x, branch in zip(parts, branches, strict=True)], 1))


@full_scale_fusion.mistake(
    "You pooled by averaging. UNet 3+ takes the maximum, like the encoder: what matters is whether a fine detail was found "
    "there, not how often. `F.max_pool2d`."
)
def average_pooled(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.avg_pool2d(x, 2 ** (level - k)) if k < level else resized(x, k, level) for k, x in enumerate(maps)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You shrank the larger maps by interpolation, which looks at a few pixels and skips the rest: a thin line may vanish. Pool "
    "them with `F.max_pool2d`; interpolation is for the smaller ones."
)
def interpolated_down(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    size = maps[level].shape[2:]
    return fused([F.interpolate(x, size=size, mode="bilinear") for x in maps], branches, fuse)


@full_scale_fusion.mistake(
    "You enlarged by repeating pixels, which is what `F.interpolate` does unless told otherwise (and adaptive pooling too). "
    "The paper enlarges smoothly: mode='bilinear'."
)
def repeated_pixels(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [x if k == level else resized(x, k, level) for k, x in enumerate(maps)]
    for k in range(level + 1, len(maps)):
        parts[k] = F.interpolate(maps[k], scale_factor=2 ** (k - level))
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You set align_corners=True, which pins the corner pixels' centres on each other and shifts everything between them "
    "against the pooled maps. Leave it out."
)
def corners_aligned(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    for k in range(level + 1, len(maps)):
        factor = 2 ** (k - level)
        parts[k] = F.interpolate(maps[k], scale_factor=factor, mode="bilinear", align_corners=True)
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You join just the levels above and your own: the decoder's maps from below, which know what is there, are missing. All "
    "levels come in."
)
def nothing_from_below(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [branches[k](resized(x, k, level)) for k, x in enumerate(maps) if k <= level]
    return fuse(torch.cat(parts, 1))


@full_scale_fusion.mistake(
    "You join just your own level and the one below it: that is the ordinary U-Net. A full-scale skip brings every level, "
    "those two and more steps away too."
)
def plain_skip(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[k](resized(maps[k], k, level)) for k in (level, level + 1)], 1))


@full_scale_fusion.mistake(
    "Your own level is missing: you joined the larger and the smaller maps and forgot the one that needs no resizing. An "
    "`else` branch, or no `if` at all for k == level."
)
def own_level_missing(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[k](resized(x, k, level)) for k, x in enumerate(maps) if k != level], 1))
