"""Exercise 8.2: all contrasts into one image, as channels in the network's order."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers

Scans = dict[str, Tensor]

early_fusion = Exercise(
    "08.early_fusion",
    reference=answers.early_fusion,
    title="Early fusion",
    minutes=8,
    difficulty=1,
    hints=(
        "Walk through `order`, not through `scans`: the network knows its channels by their place, not by their name.",
        "What stands for a contrast that was not scanned? After exercise 8.1 the mean of every contrast is 0; "
        "`torch.zeros_like(...)` of a scan that is there has the right size.",
        "Each scan is (N, H, W), without an axis for channels. `torch.stack(list, dim=1)` makes one; `torch.cat` would not.",
    ),
    after="In the right order, and whole even where a scan is missing. The next cell shows what the wrong order costs.",
)


@early_fusion.case
def all_there_in_another_order(random: Random) -> tuple[Any, ...]:
    return {name: random.tensor(2, 5, 7) for name in ("FLAIR", "T1", "T2")}, ("T1", "T2", "FLAIR")


@early_fusion.case
def one_missing_in_the_middle(random: Random) -> tuple[Any, ...]:
    return {name: random.tensor(3, 6, 4) for name in ("FLAIR", "T1")}, ("T1", "T2", "FLAIR")


@early_fusion.case
def only_one_there(random: Random) -> tuple[Any, ...]:
    return {"T2": 1 + random.tensor(1, 4, 9)}, ("T1", "T2", "FLAIR")


@early_fusion.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return {name: random.tensor(2, 3, 5, 4).double() for name in ("T2", "T1")}, (
        "FLAIR",
        "T1",
        "T2",
        "T1 with contrast",
    )


@early_fusion.case
def a_scan_that_the_network_does_not_know(random: Random) -> tuple[Any, ...]:
    return {name: random.tensor(2, 4, 6) for name in ("diffusion", "T2")}, ("T2", "FLAIR")


def filled(scans: Scans, order: Sequence[str], filling: Tensor) -> Tensor:
    """The right channels, with `filling` for those that are missing."""
    return torch.stack([scans.get(name, filling) for name in order], dim=1)


def first(scans: Scans) -> Tensor:
    return next(iter(scans.values()))


@early_fusion.mistake(
    "You stacked the scans in the order in which the dict holds them. To the network, channel 0 is the first name of `order`, "
    "whatever arrives there: walk through `order`, and put zeros where `scans` has no such name."
)
def order_of_the_dict(scans: Scans, order: Sequence[str]) -> Tensor:
    return torch.stack(list(scans.values()), dim=1)


@early_fusion.mistake(
    "You left the missing contrasts out. Then there are too few channels, and those behind the gap stand in the wrong place. "
    "A missing contrast keeps its channel, filled with zeros."
)
def missing_left_out(scans: Scans, order: Sequence[str]) -> Tensor:
    return torch.stack([scans[name] for name in order if name in scans], dim=1)


@early_fusion.mistake(
    "You put the contrasts that are there in front and the zeros behind them. The number of channels is right, but FLAIR may "
    "now stand where T2 belongs. Each name of `order` has one place, whether it is there or not."
)
def zeros_at_the_end(scans: Scans, order: Sequence[str]) -> Tensor:
    there = [scans[name] for name in order if name in scans]
    return torch.stack(there + [torch.zeros_like(first(scans))] * (len(order) - len(there)), dim=1)


@early_fusion.mistake(
    "`scans[name]` raises a KeyError where a contrast was not scanned, and this happens every day. Ask first (`name in scans`), "
    "or use `scans.get(name, ...)` with zeros for the rest."
)
def nothing_may_be_missing(scans: Scans, order: Sequence[str]) -> Tensor:
    return torch.stack([scans[name] for name in order], dim=1)


@early_fusion.mistake(
    "You used the order of the alphabet. It agrees with itself, but not with a network that was trained on another one; the "
    "order is an argument so that nobody has to guess."
)
def alphabet(scans: Scans, order: Sequence[str]) -> Tensor:
    return answers.early_fusion(scans, sorted(order))


@early_fusion.mistake(
    'You wrote the names "T1", "T2" and "FLAIR" into the function. The next network has others, or these in another order: use '
    "`order`."
)
def names_written_down(scans: Scans, order: Sequence[str]) -> Tensor:
    return answers.early_fusion(scans, ("T1", "T2", "FLAIR"))


@early_fusion.mistake(
    "`torch.cat` joins along an axis that is there already: your patients now have more rows, and no channels. "
    "`torch.stack(..., dim=1)` makes a new axis."
)
def joined_the_rows(scans: Scans, order: Sequence[str]) -> Tensor:
    nothing = torch.zeros_like(first(scans))
    return torch.cat([scans.get(name, nothing) for name in order], dim=1)


@early_fusion.mistake(
    "`torch.cat` along dimension 0 made more patients out of more contrasts: each would be segmented three times, by a network "
    "that wants three channels. `torch.stack(..., dim=1)`."
)
def joined_the_patients(scans: Scans, order: Sequence[str]) -> Tensor:
    nothing = torch.zeros_like(first(scans))
    return torch.cat([scans.get(name, nothing) for name in order], dim=0)


@early_fusion.mistake(
    "Your first axis is the contrast and the second the patient. torch wants (N, C, H, W), so the new axis is number 1: "
    "`torch.stack(..., dim=1)`."
)
def contrast_first(scans: Scans, order: Sequence[str]) -> Tensor:
    return answers.early_fusion(scans, order).transpose(0, 1)


@early_fusion.mistake(
    "Your contrasts are the last axis, as in a colour picture on disk. torch wants the channels right behind the batch: "
    "`torch.stack(..., dim=1)`."
)
def contrast_last(scans: Scans, order: Sequence[str]) -> Tensor:
    return answers.early_fusion(scans, order).movedim(1, -1)


@early_fusion.mistake(
    "You averaged the contrasts into one image. A lesion that is bright in T2 and dark in T1 is grey there, like everything "
    "around it. Keep them apart as channels; the first convolution learns how to mix them."
)
def averaged(scans: Scans, order: Sequence[str]) -> Tensor:
    return torch.stack([scans[name] for name in order if name in scans]).mean(0)[:, None]


@early_fusion.mistake(
    "You filled the gap with ones. After normalising, 1 is a rather bright tissue, so you claim to have seen one everywhere. 0 "
    "is the mean of every contrast: it claims nothing."
)
def ones_for_the_missing(scans: Scans, order: Sequence[str]) -> Tensor:
    return filled(scans, order, torch.ones_like(first(scans)))


@early_fusion.mistake(
    "You copied another contrast into the gap. The network takes it for the missing one, and believes it: cerebrospinal fluid "
    "is bright in T2 and dark in FLAIR. Zeros say nothing, which is the truth."
)
def another_contrast_copied(scans: Scans, order: Sequence[str]) -> Tensor:
    return filled(scans, order, first(scans))


@early_fusion.mistake(
    "You filled the gap with the mean of the other contrasts at each pixel. It looks like a scan, but no scanner makes this "
    "one. Zeros say nothing, which is the truth."
)
def mean_of_the_others(scans: Scans, order: Sequence[str]) -> Tensor:
    return filled(scans, order, torch.stack([scans[name] for name in order if name in scans]).mean(0))


@early_fusion.mistake(
    "You filled the gap with NaN. It is an honest mark in a table, but in a network one NaN spreads to every pixel that can see "
    "it, and soon to all. Use zeros."
)
def nan_for_the_missing(scans: Scans, order: Sequence[str]) -> Tensor:
    return filled(scans, order, torch.full_like(first(scans), float("nan")))


@early_fusion.mistake(
    "Your zeros have the shape of one slice, without the axis of the patients, so they can't be stacked with the scans. "
    "`torch.zeros_like(scan)` has the right shape, type and device."
)
def zeros_of_one_slice(scans: Scans, order: Sequence[str]) -> Tensor:
    return filled(scans, order, torch.zeros(first(scans).shape[1:]))


@early_fusion.mistake(
    "You wrote the zeros into `scans`: from now on the caller's dict says that all contrasts were scanned. Read with "
    "`scans.get(name, nothing)`, which changes nothing."
)
def dict_filled_up(scans: Scans, order: Sequence[str]) -> Tensor:
    nothing = torch.zeros_like(first(scans))
    return torch.stack([scans.setdefault(name, nothing) for name in order], dim=1)


@early_fusion.mistake(
    "`scans.get(name) or zeros` asks a whole scan whether it is True, and a tensor of many pixels has no answer. Ask for the "
    "name instead: `name in scans`, or give `get` what stands for a missing one, `scans.get(name, zeros)`."
)
def either_or(scans: Scans, order: Sequence[str]) -> Tensor:
    nothing = torch.zeros_like(first(scans))
    return torch.stack([scans.get(name) or nothing for name in order], dim=1)
