"""The rules that follow from the data: spacing, patch, depth, batch, normalisation and steps.

They are nnU-Net's (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z, and its code), each as a function that can be read and
tested on its own. `make_plan` calls them in order.

Deviations: the course's U-Net halves all axes together, so that the shortest side of the patch limits the depth, where nnU-Net
stops halving one axis after another; a step may also be limited by time, not by memory alone; and the batch ends at 16.
nnU-Net's patch comes before its batch, since it trains for a day. In minutes more and smaller patches serve better: 300 steps on
slices of virtual patients reached Dice 0.93 of lesions with 8 patches of 64 x 48 and 0.90 with 2 of 128 x 112, 200 steps on
hippocampi 0.87 with 4 of 32 x 40 x 32 and 0.85 with 2 of 40 x 56 x 40, in 0.6 and 0.7 of the time (means of 3 seeds, unseen
patients; batch normalisation with 4 and 8, instance normalisation with 2).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from medsegedu.plan.fingerprint import Fingerprint
from medsegedu.plan.rule import Rule, by

Patch = tuple[int, ...]
Need = Callable[[Patch, int, int], float]  # patch, depth, batch -> GB

ANISOTROPIC = 3  # so many times longer than the other sides a voxel must be to count as anisotropic, as in nnU-Net
SMALLEST = 4  # voxels along each axis at the bottom of the network, at least
MOST_CHANNELS = {2: 512, 3: 320}  # at the bottom, as in nnU-Net; by dims
LEAST_BATCH, MOST_BATCH = 2, 16
HURRIED_BATCH = {2: 8, 3: 4}  # at least, where time limits the patch; by dims
SHARE = 0.05  # of all voxels in one batch, at most: more would leave steps too alike
LOOKS = 30  # how often each voxel for training is seen without --minutes
STEPS = (300, 2000)  # the fewest and the most steps without --minutes
LEAST_STEPS = 400  # that must fit into --minutes
TRAINED = 0.6  # the share of the patients who train


def spacing_rule(found: Fingerprint) -> Rule:
    """The median spacing; along an axis of thick slices the 10th percentile."""
    medians = [s.median for s in found.spacing]
    target = list(medians)
    coarse = max(range(len(medians)), key=medians.__getitem__)
    others = [s for axis, s in enumerate(medians) if axis != coarse]
    sizes = [s.median for s in found.size]
    few = sizes[coarse] * ANISOTROPIC < min(n for axis, n in enumerate(sizes) if axis != coarse)
    why = f"the median of {found.cases} cases, so that along each axis half of them lose nothing by it"
    if medians[coarse] > ANISOTROPIC * max(others) and few:
        target[coarse] = max(found.spacing[coarse].low, max(others))
        why += (
            f"; along the thick slices of {medians[coarse]:.4g} mm the 10th percentile, because interpolating a thin slice "
            f"from thick ones costs less than losing thin ones"
        )
    return Rule("spacing", tuple(round(s, 4) for s in target), f"{why}.")


def size_rule(found: Fingerprint, spacing: Sequence[float]) -> Rule:
    """The median image at the target spacing."""
    size = tuple(
        max(1, math.ceil(e.median / s - 1e-3)) for e, s in zip(found.extent, spacing, strict=True)
    )  # as `Grid.spaced` counts
    extent = by([e.median for e in found.extent])
    return Rule("size", size, f"the median image measures {extent} mm, which are so many voxels of that spacing.")


def depth_of(sides: Sequence[float], width: int) -> int:
    """How often an image can be halved until its shortest side has `SMALLEST` voxels or the maps have enough channels."""
    most = max(1, int(math.log2(MOST_CHANNELS[len(sides)] / width)))
    return max(1, min(most, int(math.log2(max(min(sides) / SMALLEST, 1)))))


def depth_rule(patch: Patch, depth: int, width: int) -> Rule:
    """What `depth_of` found, in words."""
    bottom = [n // 2**depth for n in patch]
    limit = f"{SMALLEST} voxels would be the fewest" if width * 2 ** (depth + 1) <= MOST_CHANNELS[len(patch)] else (
        f"the maps there have {width * 2**depth} channels, and twice as many would be too many weights"
    )  # fmt: skip
    return Rule(
        "depth", depth, f"halved {depth} times the patch is {by(bottom)} voxels at the bottom of the network; {limit}."
    )


def candidates(size: Sequence[int], width: int) -> Iterator[tuple[Patch, int]]:
    """Patches from the median image downwards, each with its depth: the side that covers most of its axis is cut next.

    Every side is a multiple of 2**depth, so the largest patch may be a little larger than the image. Sides that cover the same
    share are cut together, so that no axis comes first.
    """
    sides: Sequence[int] = size
    depth = depth_of(sides, width)
    least = [min(2 * SMALLEST, n + n % 2) for n in size]
    while True:
        depth = min(depth, depth_of(sides, width))  # sides that were rounded up might allow one more again
        step = 2**depth
        patch = tuple(math.ceil(n / step) * step for n in sides)
        yield patch, depth
        shares = [p / n if p - step >= low else 0.0 for p, n, low in zip(patch, size, least, strict=True)]
        largest = max(shares)
        if largest == 0:
            return
        sides = [p - step if share > largest - 1e-9 else p for p, share in zip(patch, shares, strict=True)]


def patch_rule(
    size: Sequence[int], width: int, room: float, need: Need, voxels: float = math.inf
) -> tuple[Rule, int] | None:
    """The first candidate of which a batch of two fits into memory, and one of `HURRIED_BATCH` into time; None if none does.

    Args:
        room: GB for a training step.
        need: how many GB a step takes.
        voxels: that a batch may have at most, when time is short; then more than two patches must fit.
    """
    choices = list(candidates(size, width))
    hurried = HURRIED_BATCH[len(size)]

    def fits(choice: tuple[Patch, int]) -> bool:
        patch, depth = choice
        return hurried * math.prod(patch) <= voxels and need(patch, depth, LEAST_BATCH) <= room

    first = bisect_left(choices, True, key=fits)  # they get smaller, so all fit behind the first that does
    if first == len(choices):
        return None
    patch, depth = choices[first]
    step = 2**depth
    if first == 0:
        why = f"the whole median image of {by(size)} voxels, each side rounded up to a multiple of {step} for depth {depth}"
    else:
        timed = need(choices[first - 1][0], choices[first - 1][1], LEAST_BATCH) <= room
        limit = f"{hurried} fit into the time" if timed else f"{LEAST_BATCH} fit into the memory"
        why = (
            f"the largest part of the median image ({by(size)}) of which {limit}, each side cut in "
            f"proportion, a multiple of {step} for depth {depth}"
        )
    return Rule("patch", patch, f"{why}: a larger patch shows the network more of what lies around."), depth


def batch_rule(patch: Patch, depth: int, room: float, need: Need, total: float, voxels: float = math.inf) -> Rule:
    """As many patches as fit behind the patch's size: at least two, at most 16 and a twentieth of all voxels (`total`)."""
    one = math.prod(patch)
    most = {
        f"{room:.3g} GB hold no more": next(
            (b for b in range(MOST_BATCH, LEAST_BATCH, -1) if need(patch, depth, b) <= room), LEAST_BATCH
        ),
        f"more would be over {100 * SHARE:g} % of all voxels in one step": int(SHARE * total / one),
        f"more would leave fewer than {LEAST_STEPS} steps": int(min(voxels / one, MOST_BATCH)),
        "more makes steps slower but hardly better": MOST_BATCH,
    }
    why, batch = min(most.items(), key=lambda item: item[1])
    batch = max(batch, LEAST_BATCH)
    if batch == LEAST_BATCH and "GB" in why:
        why += "; two are enough, because a larger patch serves more than a larger batch"
    return Rule("batch", batch, f"takes {need(patch, depth, batch):.2g} of {room:.3g} GB; {why}.")


def norm_rule(batch: int) -> Rule:
    """Batch normalisation, unless the batch is too small to know a mean."""
    if batch < 4:
        return Rule("norm", "instance", f"a mean over {batch} patches is noisy, so each patch is normalised by itself.")
    return Rule("norm", "batch", f"{batch} patches are enough for the mean and deviation of a channel.")


def steps_rule(total: float, batch: int, patch: Patch, minutes: float | None) -> Rule:
    """How long to train: as many steps as fit into the minutes, or so many that each voxel was seen `LOOKS` times."""
    if minutes is not None:
        return Rule(
            "minutes",
            minutes,
            "you said so; how many steps that is, is measured on the first few when training starts.",
        )
    low, high = STEPS
    once = TRAINED * total / (batch * math.prod(patch))  # steps that see as many voxels as train
    steps = min(max(round(LOOKS * once), low), high)
    return Rule(
        "steps",
        steps,
        f"{LOOKS} times {TRAINED:.0%} of the data are {LOOKS * once:.0f} steps; {low} to {high} are allowed.",
    )
