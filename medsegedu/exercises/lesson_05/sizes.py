"""Exercise 5.4: maps that end up at the wrong size, or at the right one by the wrong way; and two mistakes at once."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_05.scales import Branches, Maps, full_scale_fusion, fused, resized


def enlarged(x: Tensor, maps: Maps, level: int) -> Tensor:
    """To the size of the level, as it should be."""
    h, w = maps[level].shape[2:]
    return F.interpolate(x, size=(h, w), mode="bilinear")


@full_scale_fusion.mistake(
    "You pool with 2 * distance instead of 2 ** distance. They agree for one and two levels (2 and 4), and part at three: 6 "
    "against 8. What you enlarge is right."
)
def twice_the_distance_above(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.max_pool2d(x, 2 * (level - k)) if k < level else enlarged(x, maps, level) for k, x in enumerate(maps)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You enlarge by 2 * distance instead of 2 ** distance. They agree for one and two levels (2 and 4), and part at three: 6 "
    "against 8. What you pool is right."
)
def twice_the_distance_below(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    for k in range(level + 1, len(maps)):
        parts[k] = F.interpolate(maps[k], scale_factor=2 * (k - level), mode="bilinear")
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You pool by 2, whatever the distance. Two levels up is a factor of 4, three levels 8: a window of 2 ** (level - k)."
)
def pooled_once(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.max_pool2d(x, 2) if k < level else enlarged(x, maps, level) for k, x in enumerate(maps)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You pool by 4 at most. A level may lie three or four steps above yours: a window of 2 ** (level - k), for any distance."
)
def pooled_twice_at_most(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(x, max(k, level - 2), level) for k, x in enumerate(maps)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You enlarge by 2, whatever the distance. Two levels below is a factor of 4, three levels 8: 2 ** (k - level)."
)
def enlarged_once(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.interpolate(x, scale_factor=2, mode="bilinear") if k > level else resized(x, k, level)
             for k, x in enumerate(maps)]  # fmt: skip
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You enlarge by 8 at most. From level 4 to level 0 it is 16: 2 ** (k - level), for any distance."
)
def enlarged_by_eight_at_most(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fused([resized(x, min(k, level + 3), level) for k, x in enumerate(maps)], branches, fuse)


@full_scale_fusion.mistake(
    "Above and below are exchanged: you enlarge the maps of small k and pool those of large k. Level 0 is the full resolution, "
    "so k < level is too large and must be pooled."
)
def the_wrong_way_round(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [F.max_pool2d(x, 2 ** (k - level)) if k > level else enlarged(x, maps, level) for k, x in enumerate(maps)]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "Above and below are exchanged: for k < level you enlarge by a factor, for k > level you pool. Level 0 is the full "
    "resolution, so k < level is too large: pool it, and enlarge the others."
)
def the_wrong_way_round_by_factors(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = []
    for k, x in enumerate(maps):
        if k < level:
            x = F.interpolate(x, scale_factor=2 ** (level - k), mode="bilinear")
        elif k > level:
            x = F.max_pool2d(x, 2 ** (k - level))
        parts.append(x)
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You keep every second, fourth ... pixel of the larger maps and drop the rest, and with it any thin line between them. A "
    "max-pool looks at all of them: `F.max_pool2d`."
)
def every_nth_pixel(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    parts[:level] = [x[..., :: 2 ** (level - k), :: 2 ** (level - k)] for k, x in enumerate(maps[:level])]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You enlarge in steps of 2. Pooling may be done so, for the maximum of maxima is the maximum; but two interpolations in a "
    "row blur more than one: interpolate once, by 2 ** (k - level)."
)
def enlarged_step_by_step(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    for k in range(level + 1, len(maps)):
        for step in range(level, k):
            parts[k] = F.interpolate(parts[k] if step > level else maps[k], scale_factor=2, mode="bilinear")
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You made the enlarged maps square. Images need not be: take both sizes, `maps[level].shape[2:]`, or a scale factor."
)
def square(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    side = maps[level].shape[2]
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    parts[level:] = [F.interpolate(x, size=(side, side), mode="bilinear") for x in maps[level:]]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You enlarged with mode='bicubic', which overshoots at edges. The paper's way is the plainer one: mode='bilinear'."
)
def bicubic(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    h, w = maps[level].shape[2:]
    parts = [resized(x, k, level) for k, x in enumerate(maps)]
    parts[level + 1 :] = [F.interpolate(x, size=(h, w), mode="bicubic") for x in maps[level + 1 :]]
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "You handed `fuse` a list. It is a convolution and reads one tensor: join the maps first, `torch.cat(parts, dim=1)`."
)
def a_list_to_fuse(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse([branches[k](resized(x, k, level)) for k, x in enumerate(maps)])


@full_scale_fusion.mistake(
    "You send every map through `branches[level]`. Each scale has a convolution of its own: the map of level k goes through "
    "`branches[k]`."
)
def the_branch_of_the_level(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[level](resized(x, k, level)) for k, x in enumerate(maps)], 1))


@full_scale_fusion.mistake(
    "You join only the levels above yours. Your own level and all those below come in too: loop over all of `maps`."
)
def nothing_but_above(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return fuse(torch.cat([branches[k](resized(maps[k], k, level)) for k in range(level)], 1))


@full_scale_fusion.mistake(
    "Two things. First the larger maps: pool them with `F.max_pool2d`, since interpolation skips pixels. Then the smaller ones: "
    "`F.interpolate` repeats pixels unless told mode='bilinear'."
)
def nearest_for_all(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    h, w = maps[level].shape[2:]
    return fused([F.interpolate(x, size=(h, w)) for x in maps], branches, fuse)


@full_scale_fusion.mistake(
    "Two things. First the larger maps: take the maximum, `F.max_pool2d`, not the average. Then the smaller ones: "
    "`F.interpolate` repeats pixels unless told mode='bilinear'."
)
def average_and_nearest(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    parts = []
    for k, x in enumerate(maps):
        pooled = F.avg_pool2d(x, 2 ** (level - k)) if k < level else x
        parts.append(F.interpolate(pooled, scale_factor=2 ** (k - level)) if k > level else pooled)
    return fused(parts, branches, fuse)


@full_scale_fusion.mistake(
    "Both kinds of modules stand idle. First send each resized map through its own `branches[k]`; then `fuse` what is joined."
)
def no_module_at_all(maps: Maps, level: int, branches: Branches, fuse: nn.Module) -> Tensor:
    return torch.cat([resized(x, k, level) for k, x in enumerate(maps)], 1)
