"""Exercise 11.3: patch, depth and batch from the median image and the memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_11 import answers

Plan = tuple[tuple[int, ...], int, int]

plan = Exercise(
    "11.plan",
    reference=answers.plan,
    title="Plan a network",
    minutes=15,
    difficulty=3,
    hints=(
        "A step has room for `gigabytes * 1e9 / each` voxels, a patch for half of that. If the image has more voxels, all "
        "sides shrink by one factor. What factor on each side makes a volume eight times smaller? And an image four times?",
        "`scale = min(1, (room / 2 / voxels) ** (1 / len(size)))`. The shortest side then says how deep: `int(np.log2(shortest "
        "/ 4))`, at least 1 and at most 5.",
        "Each side of the patch: `max(1, int(side / 2**depth)) * 2**depth`. The batch: `int(room / voxels of the patch)`, at "
        "least 2 and at most 16.",
    ),
    after="Flat and solid, cut and whole. Next comes the same plan with its reasons, and a picture of what each rule does.",
)


@plan.case
def a_volume_that_is_cut(random: Random) -> tuple[Any, ...]:
    return (131, 94, 77), 0.9, 3100.0


@plan.case
def thick_slices(random: Random) -> tuple[Any, ...]:
    return (203, 188, 17), 1.3, 2700.0


@plan.case
def a_large_image(random: Random) -> tuple[Any, ...]:
    return (1900, 1453), 1.0, 1700.0


@plan.case
def small_volumes(random: Random) -> tuple[Any, ...]:
    return (37, 50, 35), 1.6, 3000.0  # the hippocampus


@plan.case
def many_small_images(random: Random) -> tuple[Any, ...]:
    return (61, 45), 2.0, 1500.0


@plan.case
def a_few_slices_only(random: Random) -> tuple[Any, ...]:
    return (95, 83, 7), 0.25, 4100.0


@plan.case
def hardly_any_memory(random: Random) -> tuple[Any, ...]:
    return (310, 287, 3), 0.006, 3900.0


@plan.case
def a_power_of_two(random: Random) -> tuple[Any, ...]:
    return (64, 96), 1.1, 1900.0  # halved four times, 64 are 4: just enough


@plan.case
def long_and_whole(random: Random) -> tuple[Any, ...]:
    return (200, 12, 10), 0.16, 3000.0  # it fits, though one side is longer than that of a cube that fits


@plan.case
def any_size(random: Random) -> tuple[Any, ...]:
    return tuple(int(n) for n in random.integers(40, 300, 3)), random.uniform(0.3, 2.0), 3300.0


def planned(
    size: Sequence[int], gigabytes: float, each: float, *, giga: float = 1e9, patches: float = 2, root: float | None = None,
    largest: float = 1.0, bottom: float = 4, deepest: float = 5, shallowest: float = 1, shortest: Any = min,
    times: Any = np.floor, log: Any = int, least: int = 1, fewest: float = 2, most: float = 16, cube: bool = False,
    batch_of: Any = int, batch_room: float = 1, of_sides: bool = False, logarithm: Any = np.log2, side_of: Any = float,
    halved: bool = False, capped: bool = False,
) -> Plan:  # fmt: skip
    """The plan with one or two of its rules changed."""
    room = gigabytes * giga / each
    scale = min(largest, (room / patches / np.prod(size, dtype=float)) ** (1 / (root or len(size))))
    if halved and scale < 1:
        scale = 0.5 ** np.ceil(-np.log2(scale))
    sides = [side_of(scale * n) for n in size]
    if cube:
        side = (room / patches) ** (1 / len(size))
        sides = [min(n, side) if capped else side for n in size]
    depth = int(min(deepest, max(shallowest, log(logarithm(shortest(sides) / bottom)))))
    patch = tuple(max(least, int(times(side / 2**depth))) * 2**depth for side in sides)
    voxels = np.prod(sides) if of_sides else max(1, np.prod(patch))
    batch = int(min(most, max(fewest, batch_of(batch_room * room / voxels))))
    return patch, depth, batch
