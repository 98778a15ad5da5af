"""Exercise 7.2: further ways to choose the old voxel under a new one."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_07.spacings import new_size, resample_label

Spacing = Sequence[float]
Pick = Callable[[Tensor, int, int, float], Tensor]


def picked(
    label: Tensor, size: Sequence[int], spacing: Spacing, new_spacing: Spacing, pick: Pick, clamp: bool = True
) -> Tensor:
    """The old voxels that `pick(0, 1, 2, ...; old count, new count, new mm over old)` names along each axis, rounded down."""
    for axis, (m, old, new) in enumerate(zip(size, spacing, new_spacing, strict=True)):
        n = label.shape[axis]
        index = pick(torch.arange(m, dtype=torch.float64), n, m, new / old).floor().long()
        label = label.index_select(axis, index.clamp(0, n - 1) if clamp else index)
    return label


def in_mm(place: Tensor, n: int, m: int, ratio: float) -> Tensor:
    """The centres of voxels of exactly the new spacing, counted in old voxels."""
    return (place + 0.5) * ratio


def corner_in_mm(place: Tensor, n: int, m: int, ratio: float) -> Tensor:
    """Their corners."""
    return place * ratio


@resample_label.mistake(
    "Nearly. Your voxels are exactly as long as the new spacing, `(j + 0.5) * new / old`; but their number was rounded, so "
    "they don't fill the field of view. Here m new voxels divide it evenly: the centre lies at `(j + 0.5) * n / m`."
)
def exactly_the_new_spacing(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return picked(label, new_size(label, spacing, new_spacing), spacing, new_spacing, in_mm)


@resample_label.mistake(
    "Your last centre lies beyond the old grid: the number of voxels was rounded, so at exactly the new spacing they don't "
    "fit. Here m new voxels divide the field of view evenly: the centre of number j lies at `(j + 0.5) * n / m`."
)
def beyond_the_grid(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return picked(label, new_size(label, spacing, new_spacing), spacing, new_spacing, in_mm, clamp=False)


@resample_label.mistake(
    "The last voxel of your loop lies beyond the old grid: the number of voxels was rounded, and at exactly the new spacing they "
    "don't fit. Let m new voxels divide the field of view evenly: the centre of number j lies at `(j + 0.5) * n / m`."
)
def loop_beyond_the_grid(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    index = [
        ((torch.arange(m) + 0.5) * new / old).long()
        for m, old, new in zip(new_size(label, spacing, new_spacing), spacing, new_spacing, strict=True)
    ]
    for axis, (places, n) in enumerate(zip(index, label.shape, strict=True)):
        if places[-1] >= n:
            raise IndexError(f"index {int(places[-1])} is out of bounds for dimension {axis} with size {n}")
    return label[torch.meshgrid(*index, indexing="ij")]


@resample_label.mistake(
    "You read each new voxel at its corner, `j * new / old`: add the half, for its centre. And new voxels divide the field of "
    "view evenly, so in the end it is `(j + 0.5) * n / m`."
)
def corner_at_the_new_spacing(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return picked(label, new_size(label, spacing, new_spacing), spacing, new_spacing, corner_in_mm)


@resample_label.mistake(
    "Half a voxel too much: you took 0.5 off again, and then rounded down. `(j + 0.5) * n / m` counts from the border of the "
    "grid, where old voxel 0 begins; rounded down as it is, it is the old voxel's index."
)
def half_taken_off(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return picked(label, size, spacing, new_spacing, lambda place, n, m, _: (place + 0.5) * n / m - 0.5)


@resample_label.mistake(
    "Two things. You took 0.5 off and rounded down: half a voxel too much. And new voxels divide the field of view evenly: "
    "`(j + 0.5) * n / m`, rounded down as it is, is the old voxel's index."
)
def half_taken_off_at_the_new_spacing(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return picked(label, size, spacing, new_spacing, lambda place, n, m, ratio: (place + 0.5) * ratio - 0.5)


@resample_label.mistake(
    "You laid the first new centre on the first old one and the last on the last (`linspace(0, n - 1, m)`, "
    "`scipy.ndimage.zoom`). But borders lie on borders here: the centre of new voxel j is at `(j + 0.5) * n / m`."
)
def ends_on_ends(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return picked(label, size, spacing, new_spacing, lambda place, n, m, _: (place * (n - 1) / max(1, m - 1)).round())


@resample_label.mistake(
    "`scale_factor=` makes torch round the new size down, and a thin slab vanishes. Compute the size yourself, "
    "`max(1, round(n * old / new))` for each axis, and pass `size=`."
)
def scale_factor_given(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    factors = [old / new for old, new in zip(spacing, new_spacing, strict=True)]
    return F.interpolate(label[None, None].double(), scale_factor=factors, mode="nearest-exact")[0, 0].long()


@resample_label.mistake(
    "You interpolate linearly and cut off the fraction: between background 0 and lesion 4 that makes 2, grey matter that nobody "
    'drew. (And `.float()` makes a 3 of 2.9999999.) Class numbers are names, not amounts. Use mode="nearest-exact".'
)
def invented_classes_in_float32(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return F.interpolate(label[None, None].float(), size=size, mode="trilinear")[0, 0].long()


@resample_label.mistake(
    "You interpolate linearly and round, but rounding only hides the fractions: half way between class 1 and class 3 lies "
    'class 2, which is not there. Class numbers are names, not amounts. Use mode="nearest-exact".'
)
def interpolated_and_rounded_in_float32(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)
    return F.interpolate(label[None, None].float(), size=size, mode="trilinear")[0, 0].round().long()


@resample_label.mistake(
    "You changed the last axis only. The first two may have another spacing as well: treat each axis alike."
)
def last_axis_only(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = new_size(label, spacing, new_spacing)[2:]
    return picked(label.movedim(2, 0), size, spacing[2:], new_spacing[2:], in_mm).movedim(0, 2)


@resample_label.mistake(
    "Your ratio is upside down, in the size and in the places: larger voxels must become fewer. The size is `n * old / new`; and "
    "then the centres lie at `(j + 0.5) * n / m` old voxels."
)
def upside_down_in_both(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return picked(label, new_size(label, new_spacing, spacing), new_spacing, spacing, in_mm)


@resample_label.mistake(
    "Right, but for one thing: a thin slab of thick voxels rounds to 0 voxels, and the label is empty. Take at least one: "
    "`max(1, round(...))`."
)
def slab_left_empty(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    size = [round(n * a / b) for n, a, b in zip(label.shape, spacing, new_spacing, strict=True)]
    return picked(label, size, spacing, new_spacing, lambda place, n, m, _: (place + 0.5) * n / m)


@resample_label.mistake(
    "`F.interpolate` takes images of a batch: (N, C, X, Y, Z). You gave it the label alone, and it took X for the batch. Add two "
    "axes, `label[None, None]`, and take them off again, `[0, 0]`."
)
def no_batch_axes(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return F.interpolate(label.double(), size=new_size(label, spacing, new_spacing), mode="nearest-exact").long()


@resample_label.mistake(
    "`F.interpolate` does not take whole numbers (\"not implemented for 'Long'\"). Make floats of them first, `.double()`, and "
    "whole numbers again at the end, `.long()`."
)
def whole_numbers_interpolated(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    return F.interpolate(label[None, None], size=new_size(label, spacing, new_spacing), mode="nearest-exact")[0, 0]


@resample_label.mistake(
    "You take every k-th voxel (`label[::k]`). That makes voxels larger only by whole factors, never smaller, and it reads each "
    "at its corner. Compute the index of the old voxel under each new centre."
)
def every_kth(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
    x, y, z = (int(new / old) for old, new in zip(spacing, new_spacing, strict=True))
    return label[::x, ::y, ::z]
