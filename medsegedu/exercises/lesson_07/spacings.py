"""Exercise 7.2: a label on voxels of another size."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise


def new_size(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> list[int]:
    """Voxels along each axis, as it should be."""
    return [max(1, round(n * old / new)) for n, old, new in zip(label.shape, spacing, new_spacing, strict=True)]


def reference(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    """label (X, Y, Z) int64 -> the same field of view in voxels of about new_spacing mm, int64."""
    size = [max(1, round(n * old / new)) for n, old, new in zip(label.shape, spacing, new_spacing, strict=True)]
    return F.interpolate(label[None, None].double(), size=size, mode="nearest-exact")[0, 0].long()


resample_label = Exercise(
    "07.resample_label",
    reference=reference,
    title="Other voxels, the same classes",
    minutes=12,
    difficulty=2,
    hints=(
        "First the size: an axis of `n` voxels is `n * spacing` mm long. How many new voxels is that? `round`, at least 1.",
        "Then the places. `m` new voxels share the `n` old ones evenly: the centre of new voxel number j lies at "
        "`(j + 0.5) * n / m`, counted in old voxels from the border. Round it down, and you have the old voxel's index.",
        '`F.interpolate(..., size=size, mode="nearest-exact")` does just that (the plain "nearest" reads each new voxel at its '
        "corner). It wants a batch and a channel axis and floats: `label[None, None].double()`. Take the axes off again with "
        "`[0, 0]`, and go back to whole numbers with `.long()`.",
    ),
    after="Now you can make thick slices. The next cell shows what they leave of a lesion.",
)


@resample_label.case
def thicker_slices(random: Random) -> tuple[Any, ...]:
    return random.integers(0, 5, 7, 9, 12), (1.0, 1.0, 1.0), (1.0, 1.0, 3.0)


@resample_label.case
def back_to_thin_ones(random: Random) -> tuple[Any, ...]:
    return random.integers(0, 5, 6, 5, 4), (1.0, 1.4, 4.0), (1.0, 1.0, 1.0)


@resample_label.case
def odd_ratios(random: Random) -> tuple[Any, ...]:
    return random.integers(0, 3, 11, 9, 15), (0.9, 1.2, 2.5), (1.37, 0.71, 1.9)


@resample_label.case
def one_thin_slab(random: Random) -> tuple[Any, ...]:
    return random.integers(0, 4, 5, 6, 3), (2.0, 2.0, 1.0), (1.0, 3.0, 9.0)


@resample_label.behaviour
def large_class_numbers(attempt: Any, random: Random) -> str | None:
    """Asked only of who is right with small numbers, so that a mistake is called by its name in float32 as in float64."""
    label, spacings = random.integers(0, 9, 5, 6, 3), ((1.0, 2.0, 1.0), (1.8, 0.98, 9.0))
    if not torch.equal(torch.as_tensor(attempt(label, *spacings)), reference(label, *spacings)):
        return None
    if torch.equal(attempt(2**24 + label, *spacings), reference(2**24 + label, *spacings)):
        return None
    return "Class numbers above 16,777,216 do not come out as they went in."


def nearest(label: Tensor, size: Sequence[int], mode: str = "nearest-exact") -> Tensor:
    """The values as they should be, for a size."""
    return F.interpolate(label[None, None].double(), size=tuple(size), mode=mode)[0, 0].long()


@resample_label.mistake(
    "Between background 0 and lesion 4 you interpolate, and cut 2 out of it: grey matter that nobody drew. Class numbers are "
    'names, not amounts. Use mode="nearest-exact".'
)
def invented_classes(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, spacing, new_spacing), "trilinear")


@resample_label.mistake(
    "You interpolate linearly and round. Rounding hides the fractions, not the mistake: half way between class 1 and class 3 "
    'lies class 2, which is not there. Use mode="nearest-exact".'
)
def interpolated_and_rounded(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return F.interpolate(label[None, None].double(), size=size, mode="trilinear")[0, 0].round().long()


@resample_label.mistake(
    'torch\'s mode="nearest" rounds every place down, so it reads a new voxel at its corner: the label moves by up to half a '
    'voxel. "nearest-exact" reads at the centre.'
)
def corner_of_the_voxel(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, spacing, new_spacing), "nearest")


@resample_label.mistake(
    "Your ratio is upside down: larger voxels must become fewer. An axis of n voxels is n * spacing mm long; divide that by the "
    "new spacing."
)
def ratio_upside_down(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, new_spacing, spacing))


@resample_label.mistake(
    "You rounded the new size down (`int`, `//`). Up to a whole voxel of the field of view is then squeezed into the others; "
    "`round` keeps the spacing as near as it can be to what was asked for."
)
def size_rounded_down(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    size = [max(1, int(n * a / b)) for n, a, b in zip(label.shape, spacing, new_spacing, strict=True)]
    return nearest(label, size)


@resample_label.mistake(
    "You rounded the new size up. That is a way to lose nothing, but here the nearest whole number is asked for: `round`."
)
def size_rounded_up(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    size = [max(1, -int(-n * a // b)) for n, a, b in zip(label.shape, spacing, new_spacing, strict=True)]
    return nearest(label, size)


@resample_label.mistake(
    "A thin slab of thick voxels can round to 0 voxels, and the label is gone or torch refuses. Take at least one: "
    "`max(1, round(...))`."
)
def nothing_left(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, [round(n * a / b) for n, a, b in zip(label.shape, spacing, new_spacing, strict=True)])


@resample_label.mistake(
    "You used the first axis's ratio for all three. Voxels are seldom cubes: each axis has a spacing of its own."
)
def one_ratio_for_all(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, (spacing[0],) * 3, (new_spacing[0],) * 3))


@resample_label.mistake(
    "You reversed the order of the spacing. `spacing[0]` belongs to axis 0 of the label, `spacing[2]` to axis 2; only some "
    "other libraries count the other way."
)
def spacing_reversed(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, spacing[::-1], new_spacing[::-1]))


@resample_label.mistake(
    "Your answer still has the batch and the channel axis that `F.interpolate` wanted. Take them off: `[0, 0]`."
)
def axes_left_on(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, spacing, new_spacing))[None, None]


@resample_label.mistake(
    "Your label came back as floats. `F.interpolate` needs floats, but class numbers are whole: end with `.long()`."
)
def floats_returned(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, spacing, new_spacing)).double()


@resample_label.mistake(
    "One thing is left. `.float()` holds whole numbers exactly up to 16,777,216, and brain atlases number some of their regions "
    "higher: neighbours melt into one. `.double()` holds them all."
)
def float_too_short(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return F.interpolate(label[None, None].float(), size=size, mode="nearest-exact")[0, 0].long()


@resample_label.mistake(
    "You forgot the old spacing: `n / new_spacing` voxels are right only where the old voxels measure 1 mm."
)
def old_spacing_forgotten(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, new_size(label, (1.0,) * 3, new_spacing))


@resample_label.mistake(
    "You set the new number of voxels along each axis to the new spacing's ratio alone and forgot how many there were: multiply "
    "it by `label.shape`."
)
def count_forgotten(label: Tensor, spacing: Sequence[float], new_spacing: Sequence[float]) -> Tensor:
    return nearest(label, [max(1, round(a / b)) for a, b in zip(spacing, new_spacing, strict=True)])
