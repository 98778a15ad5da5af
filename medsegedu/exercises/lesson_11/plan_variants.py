"""Exercise 11.3: rules of the plan as students change them, one or two at once, and what to tell them."""

from typing import Any

import numpy as np

INFINITE = float("inf")
VARIANTS: dict[str, tuple[dict[str, Any], str]] = {
    "gibibytes": (
        {"giga": 2**30},
        "You took 1024**3 bytes for a gigabyte. That is a gibibyte, 7 % more, and a plan that is 7 % too large stops with an "
        "error: take 1e9.",
    ),
    "room_for_one": (
        {"patches": 1},
        "You gave one patch all the room. Then a step can't hold two of them: let the patch have half.",
    ),
    "square_root_always": (
        {"root": 2},
        "You took a square root. That is right for images; a volume has three sides, and each shrinks by the third root: "
        "`** (1 / len(size))`.",
    ),
    "cube_root_always": (
        {"root": 3},
        "You took a third root. That is right for volumes; an image has two sides, and each shrinks by the square root: "
        "`** (1 / len(size))`.",
    ),
    "no_root": (
        {"root": 1},
        "You shrank each side by the factor that the whole volume should shrink by. Half of each side is an eighth of a volume: "
        "take the root, `** (1 / len(size))`.",
    ),
    "larger_than_the_image": (
        {"largest": INFINITE},
        "Your patch grows beyond the image when there is memory left. Nothing is out there to be seen: the factor is 1 at most, "
        "and the memory goes into the batch.",
    ),
    "cubes": (
        {"cube": True},
        "Your patch has equal sides. An image of 203 x 188 x 17 has no room for a cube of 60: shrink all sides by one factor, "
        "so that the patch has the image's shape.",
    ),
    "never_cut": (
        {"patches": 1e-12},
        "You never cut the image: the patch is all of it, however little memory there is. First shrink the sides, all by one "
        "factor, until two patches have room. (Rules 1 and 2.)",
    ),
    "down_to_one": (
        {"bottom": 1},
        "You halve until one voxel is left. A 3 x 3 x 3 kernel then sees nothing but padding: stop at 4, `log2(side / 4)`.",
    ),
    "down_to_two": (
        {"bottom": 2},
        "You halve until two voxels are left. Four are to stay at the bottom, so that a kernel of 3 has something around it.",
    ),
    "down_to_eight": (
        {"bottom": 8},
        "You stop one level too early: at least 4 voxels stay at the bottom, not 8. Off by one?",
    ),
    "longest_side": (
        {"shortest": max},
        "The longest side decides your depth. The shortest one runs out of voxels first: take `min`.",
    ),
    "first_side": (
        {"shortest": lambda sides: sides[0]},
        "The first side decides your depth. Thick slices may be the last axis, or any: take the shortest side.",
    ),
    "last_side": (
        {"shortest": lambda sides: sides[-1]},
        "The last side decides your depth. Thick slices may be any axis: take the shortest side, `min`.",
    ),
    "mean_side": (
        {"shortest": lambda sides: sum(sides) / len(sides)},
        "The mean of the sides decides your depth. The shortest one runs out of voxels first: take `min`.",
    ),
    "depth_rounded": (
        {"log": round},
        "You rounded the logarithm to the nearest whole number. 2.6 halvings are two halvings: with three there would be fewer "
        "than 4 voxels left.",
    ),
    "no_deepest": (
        {"deepest": INFINITE},
        "You let the network become as deep as the image allows. Each level doubles the channels: stop at 5.",
    ),
    "four_at_most": (
        {"deepest": 4},
        "You stop at a depth of 4. The text allows 5: `min(5, ...)`.",
    ),
    "before_four": (
        {"log": lambda log2: np.ceil(log2) - 1},
        "You stop before 4 voxels are left. 64 can be halved four times: 4 voxels are enough, so `>= 4`, not `> 4`.",
    ),
    "depth_rounded_up": (
        {"log": np.ceil},
        "You rounded the logarithm up. 2.6 halvings are two halvings: with three there would be fewer than 4 voxels left.",
    ),
    "natural_logarithm": (
        {"logarithm": np.log},
        "You took the natural logarithm, which counts divisions by 2.718. A level halves: `np.log2`.",
    ),
    "no_shallowest": (
        {"shallowest": 0},
        "For a very flat volume your depth is 0: no U is left of the U-Net. Halve at least once.",
    ),
    "shallower_than_none": (
        {"shallowest": -9},
        "For a very flat volume your depth is below 0. Halve at least once: `max(1, ...)`.",
    ),
    "rounded_up": (
        {"times": np.ceil},
        "You rounded the sides up to a multiple. Then the patch is larger than what fits, and the training stops with an error "
        "in the night: round down.",
    ),
    "rounded_to_nearest": (
        {"times": np.round},
        "You rounded the sides to the nearest multiple. Where that is up, the patch is larger than what fits: round down.",
    ),
    "no_voxel_left": (
        {"least": 0},
        "A side became 0: three slices, rounded down to a multiple of two or four, may be none. Take one multiple at least.",
    ),
    "no_largest_batch": (
        {"most": INFINITE},
        "You let the batch fill the memory. Beyond 16 a step becomes slower but hardly better: stop there.",
    ),
    "no_smallest_batch": (
        {"fewest": 1},
        "Your batch can be 1. One patch is no batch: take two at least.",
    ),
    "no_batch": (
        {"fewest": 0},
        "Your batch can be 0, where even one patch is more than the memory holds. Take two at least, `max(2, ...)`.",
    ),
    "batch_rounded": (
        {"batch_of": round},
        "You rounded the batch to the nearest whole number. Where that is up, the last patch does not fit: `int`.",
    ),
    "batch_rounded_up": (
        {"batch_of": np.ceil},
        "You rounded the batch up. The last patch does not fit: `int`, or `//`.",
    ),
    "batch_of_half_the_room": (
        {"batch_room": 0.5},
        "Your batch has half of the room only. One *patch* may take half, so that two fit; the batch may fill all of it.",
    ),
    "batch_of_uncut_sides": (
        {"of_sides": True},
        "You divided the room by the voxels before the sides were rounded down. The patch became smaller then: divide by the "
        "voxels of the patch.",
    ),
    "sides_rounded_first": (
        {"side_of": lambda side: max(1, round(side))},
        "You rounded the shrunken sides to the nearest whole number before you went on. Where that is up, a side may reach one "
        "multiple more than fits: keep the sides as they are, and round down once.",
    ),
    "halved_until_it_fits": (
        {"halved": True},
        "You halve all sides until the patch fits. That may leave most of the room empty: shrink them by the one factor that "
        "just fits, `(room / 2 / voxels) ** (1 / len(size))`.",
    ),
    "capped_cubes": (
        {"cube": True, "capped": True},
        "Your patch has equal sides, cut where the image ends. So it loses the image's shape, and with thick slices much of its "
        "room: shrink all sides by one factor.",
    ),
    "cubes_for_one": (
        {"cube": True, "patches": 1},
        "First the shape: your patch has equal sides, and an image with 17 slices has no room for a cube. Shrink all sides by "
        "one factor. Then let a patch have half of the room, because a step holds two.",
    ),
    "cubes_of_third_root": (
        {"cube": True, "times": np.ceil},
        "First the shape: your patch has equal sides. Shrink all sides of the image by one factor. Then round down to a "
        "multiple, not up.",
    ),
    "longest_side_down_to_one": (
        {"shortest": max, "bottom": 1},
        "First the side that decides the depth: the shortest one, `min`. Then stop at 4 voxels, not at 1.",
    ),
    "one_patch_rounded_up": (
        {"patches": 1, "times": np.ceil},
        "First let a patch have half of the room, because a step holds two. Then round its sides down to a multiple, not up.",
    ),
    "square_root_rounded_up": (
        {"root": 2, "times": np.ceil},
        "First the root: it is as high as there are axes, `** (1 / len(size))`. Then round the sides down, not up.",
    ),
    "one_patch_many_in_a_batch": (
        {"patches": 1, "most": INFINITE},
        "First let a patch have half of the room, because a step holds two. Then stop at a batch of 16.",
    ),
    "no_limits": (
        {"deepest": INFINITE, "most": INFINITE},
        "First stop at a depth of 5, because each level doubles the channels. Then stop at a batch of 16.",
    ),
}  # fmt: skip
