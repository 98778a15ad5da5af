"""Exercise 11.3: the plan's named mistakes. Most are the plan with one rule changed, or two."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.plan_variants import VARIANTS
from medsegedu.exercises.lesson_11.plans import Plan, plan, planned


def changed(name: str, options: dict[str, Any]) -> Callable[..., Plan]:
    """The plan with these rules, as a function of this name."""

    def mistake(size: Sequence[int], gigabytes: float, each: float) -> Plan:
        return planned(size, gigabytes, each, **options)

    mistake.__name__ = name
    return mistake


for _name, (_options, _sentence) in VARIANTS.items():
    plan.mistake(_sentence)(changed(_name, _options))


@plan.mistake("You returned depth and patch in the wrong order. First the patch, then the depth, then the batch.")
def exchanged(size: Sequence[int], gigabytes: float, each: float) -> tuple[int, tuple[int, ...], int]:
    patch, depth, batch = answers.plan(size, gigabytes, each)
    return depth, patch, batch


@plan.mistake(
    "Your sides are no multiples of 2**depth. Where a side of 37 is halved, 18 come out and one voxel is lost, and on the way "
    "up the maps no longer fit: round down to a multiple."
)
def no_multiple(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    patch, depth, _ = answers.plan(size, gigabytes, each)
    room = gigabytes * 1e9 / each
    scale = min(1.0, (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size)))
    patch = tuple(max(1, int(scale * n)) for n in size)
    return patch, depth, min(16, max(2, int(room / np.prod(patch))))


@plan.mistake(
    "Your sides are multiples of `depth`, or of `2 * depth`. Each halving divides by 2, so d halvings divide by `2**depth`."
)
def multiple_of_twice_the_depth(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    _, depth, _ = answers.plan(size, gigabytes, each)
    room = gigabytes * 1e9 / each
    scale = min(1.0, (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size)))
    patch = tuple(max(1, int(scale * n / (2 * depth))) * 2 * depth for n in size)
    return patch, depth, min(16, max(2, int(room / np.prod(patch))))


@plan.mistake(
    "You took the depth from the whole image, before it was cut. The network never sees more than a patch: the shortest side "
    "*of the patch* decides."
)
def depth_of_the_image(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    room = gigabytes * 1e9 / each
    scale = min(1.0, (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size)))
    depth = min(5, max(1, int(np.log2(min(size) / 4))))
    patch = tuple(max(1, int(scale * n / 2**depth)) * 2**depth for n in size)
    return patch, depth, min(16, max(2, int(room / np.prod(patch))))


@plan.mistake(
    "Your batch is always 2. Where the patch is the whole image and memory is left, more patches fit: `room` divided by the "
    "voxels of a patch, up to 16."
)
def always_two(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    patch, depth, _ = answers.plan(size, gigabytes, each)
    return patch, depth, 2


@plan.mistake(
    "A side of your patch is 0 where the image has three slices, and no batch can be counted. Take one multiple at least: "
    "`max(1, int(side / step)) * step`."
)
def nothing_left_to_count(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    room = gigabytes * 1e9 / each
    scale = min(1.0, (room / 2 / np.prod(size, dtype=float)) ** (1 / len(size)))
    depth = min(5, max(1, int(np.log2(min(size) * scale / 4))))
    patch = tuple(int(scale * n / 2**depth) * 2**depth for n in size)
    with np.errstate(divide="ignore"):
        return patch, depth, min(16, max(2, int(room / np.prod(patch))))


@plan.mistake(
    "You ask whether the longest side is too long for a cube that fits. A long and narrow image may fit all the same, and your "
    "factor then makes it larger: compare voxels with voxels, or take `min(1, factor)`."
)
def asked_of_one_side(size: Sequence[int], gigabytes: float, each: float) -> Plan:
    half = gigabytes * 1e9 / each / 2
    cut = max(size) > half ** (1 / len(size))
    return planned(size, gigabytes, each, largest=float("inf") if cut else 1.0)
