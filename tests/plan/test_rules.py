"""The rules one by one: what nnU-Net says of them, and what must hold for any data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plan_data import print_of

from medsegedu.plan import Rule, make_plan
from medsegedu.plan.rules import (
    MOST_CHANNELS,
    batch_rule,
    candidates,
    depth_of,
    norm_rule,
    patch_rule,
    size_rule,
    spacing_rule,
    steps_rule,
)

sizes = st.one_of(st.tuples(*[st.integers(1, 300)] * 2), st.tuples(*[st.integers(1, 300)] * 3))


def need(patch: tuple[int, ...], depth: int, batch: int) -> float:
    """GB, roughly."""
    return batch * math.prod(patch) * 5e-7 + 0.001 * 4**depth


def test_the_spacing_is_the_median() -> None:
    rule = spacing_rule(print_of((60, 70, 50), (1.2, 0.8, 2.0)))
    assert rule.value == (1.2, 0.8, 2.0)
    assert "20 cases" in rule.why


@pytest.mark.parametrize("axis", range(3))
def test_thick_slices_take_the_10th_percentile(axis: int) -> None:
    def placed(*values: float) -> tuple[float, ...]:
        others = list(values[1:])
        return tuple(values[0] if a == axis else others.pop(0) for a in range(3))

    spacing, size = placed(8, 0.8, 1.0), placed(20, 200, 220)
    assert spacing_rule(print_of(size, spacing, low=placed(5, 0.5, 0.7))).value == placed(5, 0.8, 1.0)
    assert spacing_rule(print_of(size, spacing, low=placed(0.6, 0.5, 0.7))).value == placed(
        1.0, 0.8, 1.0
    )  # never finer
    assert (
        spacing_rule(print_of(placed(90, 200, 220), spacing, low=placed(5, 0.5, 0.7))).value == spacing
    )  # many slices
    thin = placed(2.9, 0.8, 1.0)
    assert spacing_rule(print_of(size, thin, low=placed(2, 0.5, 0.7))).value == thin  # not thick enough


@settings(max_examples=20, deadline=None)
@given(
    size=st.tuples(*[st.integers(4, 300)] * 3), spacing=st.tuples(*[st.floats(0.3, 9)] * 3),
    order=st.permutations(range(3)),
)  # fmt: skip
def test_no_axis_comes_first(size: tuple[int, ...], spacing: tuple[float, ...], order: list[int]) -> None:
    def turned(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(values[a] for a in order)

    low = tuple(0.7 * s for s in spacing)
    one = make_plan(print_of(size, spacing, low=low), memory_gb=0.4)
    other = make_plan(print_of(turned(size), turned(spacing), low=turned(low)), memory_gb=0.4)
    for name in ("spacing", "size", "patch"):
        assert other[name] == turned(one[name])
    for name in ("depth", "batch", "norm", "steps"):
        assert other[name] == one[name]


@example(size=(115, 129), width=4)  # rounded up to 128 x 128, it could be halved once more than before
@given(size=sizes, width=st.sampled_from([4, 16, 32]))
def test_candidates_are_divisible_and_shrink(size: tuple[int, ...], width: int) -> None:
    found = list(itertools.islice(candidates(size, width), 1000))
    assert len(found) < 1000
    for patch, depth in found:
        assert all(n % 2**depth == 0 for n in patch)
        assert depth >= 1
        assert width * 2**depth <= MOST_CHANNELS[len(size)]
        assert depth == 1 or min(patch) >= 4 * 2**depth  # 4 voxels at the bottom
    first = found[0][0]
    assert all(n <= p < n + 2 ** found[0][1] for n, p in zip(size, first, strict=True))  # covers the image, and no more
    volumes = [math.prod(patch) for patch, _ in found]
    assert all(a > b for a, b in itertools.pairwise(volumes))
    assert all(a[1] >= b[1] for a, b in itertools.pairwise(found))


def test_the_shape_of_a_patch_stays_that_of_the_image() -> None:
    size = (160, 80, 120)
    for patch, depth in candidates(size, 16):
        if min(patch) >= 32:
            shares = [p / n for p, n in zip(patch, size, strict=True)]
            assert max(shares) - min(shares) <= 2**depth / min(size) * 1.5


@given(size=sizes, room=st.floats(0.005, 3), more=st.floats(1, 4), voxels=st.floats(1e3, 1e8))
def test_a_patch_fits_and_more_room_never_makes_it_smaller(
    size: tuple[int, ...], room: float, more: float, voxels: float
) -> None:
    small, large = (patch_rule(size, 16, r, need, v) for r, v in ((room, voxels), (room * more, voxels * more)))
    every = list(candidates(size, 16))
    hurried = {2: 8, 3: 4}[len(size)]
    fitting = [(p, d) for p, d in every if need(p, d, 2) <= room and hurried * math.prod(p) <= voxels]
    if small is None:
        assert not fitting
        return
    rule, depth = small
    assert (rule.value, depth) == fitting[0]  # the first, that is the largest
    assert large is not None
    assert all(a <= b for a, b in zip(rule.value, large[0].value, strict=True))


def test_why_says_what_limits_the_patch() -> None:
    whole, _ = patch_rule((35, 50, 36), 16, 9, need) or pytest.fail("nothing fits")
    assert whole.value == (40, 56, 40)
    assert "whole median image of 35 x 50 x 36" in whole.why
    memory, _ = patch_rule((128, 160, 128), 16, 0.5, need) or pytest.fail("nothing fits")
    assert "of which 2 fit into the memory" in memory.why
    time, _ = patch_rule((128, 160, 128), 16, 90, need, 1e5) or pytest.fail("nothing fits")
    assert "of which 4 fit into the time" in time.why


@given(room=st.floats(0.01, 3), more=st.floats(1, 3), total=st.floats(1e3, 1e9), voxels=st.floats(1e4, 1e8))
def test_a_batch_is_the_most_that_fits(room: float, more: float, total: float, voxels: float) -> None:
    patch = (32, 40, 24)
    one = math.prod(patch)
    batch = batch_rule(patch, 2, room, need, total, voxels).value
    assert 2 <= batch <= 16

    def allowed(b: int) -> bool:
        return need(patch, 2, b) <= room and b * one <= 0.05 * total and b * one <= voxels

    assert batch == max([2, *(b for b in range(3, 17) if all(map(allowed, range(3, b + 1))))])
    assert batch_rule(patch, 2, room * more, need, total, voxels).value >= batch


@given(sides=st.tuples(*[st.integers(1, 500)] * 3))
def test_depth_ends_at_four_voxels(sides: tuple[int, ...]) -> None:
    depth = depth_of(sides, 4)
    assert depth == 1 or min(sides) / 2**depth >= 4
    assert min(sides) / 2 ** (depth + 1) < 4 or 4 * 2 ** (depth + 1) > 320


def test_size_is_the_extent_at_the_spacing() -> None:
    assert size_rule(print_of((100, 80), (0.5, 2)), (1.0, 2.0)).value == (50, 80)
    assert size_rule(print_of((101, 80), (0.5, 2)), (1.0, 2.0)).value == (51, 80)


def test_small_batches_are_normalised_by_instance_and_steps_follow_the_data() -> None:
    assert [norm_rule(b).value for b in (2, 3, 4, 16)] == ["instance", "instance", "batch", "batch"]
    assert steps_rule(1e6, 4, (32, 32, 32), 2.5).name == "minutes"
    steps = [steps_rule(total, 4, (10, 10, 10), None).value for total in (1e3, 2e5, 1e9)]
    assert steps == [300, 900, 2000]  # 2e5 x 0.6 are 30 batches, 30 times


def test_a_rule_reads_as_a_sentence() -> None:
    assert str(Rule("patch", (40, 56, 40), "it fits.")) == "patch 40 x 56 x 40: it fits."
    assert [Rule("a", v, "").text for v in ((), True, 0.006, 1.0)] == ["none", "yes", "0.006", "1"]


@settings(max_examples=12, deadline=None)
@given(gb=st.floats(0.02, 3), more=st.floats(1, 3), size=st.tuples(*[st.integers(8, 200)] * 3))
def test_a_plan_takes_no_more_than_it_may(gb: float, more: float, size: tuple[int, ...]) -> None:
    import torch

    from medsegedu.models import UNet
    from medsegedu.plan import training_bytes

    found = print_of(size, (1, 1, 1), classes=3)
    plan, roomy = (make_plan(found, memory_gb=g) for g in (gb, gb * more))
    with torch.device("meta"):
        model = UNet(1, 3, width=plan["width"], depth=plan["depth"], dims=3, norm=plan["norm"])
    assert training_bytes(model, 1, plan["patch"], plan["batch"]) <= gb * 1e9
    assert math.prod(roomy["patch"]) >= math.prod(plan["patch"])
    assert np.all(np.array(roomy["patch"]) >= plan["patch"])
