"""Exercise 11.2: more mistakes, of the median and of rounding, and two at once; a pair's sentence names the one to mend first."""

import numpy as np

from medsegedu.exercises.lesson_11.prints import Array, ceil, fingerprint


@fingerprint.mistake(
    "The spacing is a mean. One scan with slices of 9 mm makes all others coarser; the median does not mind it: `np.median`."
)
def mean_spacing(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = spacings.mean(0)
    return spacing, ceil(np.median(sizes * spacings, axis=0), spacing)


@fingerprint.mistake(
    "The size comes from a mean extent. One whole body among the heads makes all larger; the median does not mind it: "
    "`np.median`."
)
def mean_extent(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, ceil((sizes * spacings).mean(0), spacing)


@fingerprint.mistake(
    "Your spacing is one number for all axes, without `axis=0`. The axes of a scan differ: 1 mm in the slice, 5 mm between "
    "slices. Take the median over the cases, for each axis."
)
def one_number(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings)
    return spacing, ceil(np.median(sizes * spacings, axis=0), spacing)


@fingerprint.mistake(
    "You rounded down: `int`, `//`, `np.floor` and `.astype(int)` all do. What is left of a voxel at the edge is then cut off "
    "the patient: take 0.001 off and round up, `np.ceil`."
)
def cut_off(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.floor(np.median(sizes * spacings, axis=0) / spacing).astype(int)


@fingerprint.mistake(
    "You rounded up and took nothing off before, or less than 0.001. Sums of a computer are a little wrong, and a voxel that "
    "is 0.0005 full would count: take 0.001 off, then `np.ceil`."
)
def nothing_off(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.ceil(np.median(sizes * spacings, axis=0) / spacing).astype(int)


@fingerprint.mistake(
    "You took the number in the middle of the sorted ones. Of four there are two in the middle, and the median is their mean: "
    "`np.median` does that."
)
def upper_of_two(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.sort(spacings, axis=0)[len(spacings) // 2]
    return spacing, ceil(np.median(sizes * spacings, axis=0), spacing)


@fingerprint.mistake(
    "You made whole voxels of each image and took the median then. Of two sizes in the middle it is a half voxel, cut off: "
    "take the median of the extents in mm, and round once, in the end."
)
def rounded_one_by_one(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, np.median(np.ceil(sizes * spacings / spacing - 1e-3), axis=0).astype(int)


@fingerprint.mistake(
    "You rounded the spacing. 1.454 mm are not 1.5: with 150 voxels that is a slice or more at the edge. Keep the median as it "
    "is."
)
def rounded_spacing(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0).round(1)
    return spacing, ceil(np.median(sizes * spacings, axis=0), spacing)


@fingerprint.mistake(
    "Go by mm, `sizes * spacings`: your size is the median number of voxels as stored. A patient with voxels half as long has "
    "twice as many for the same head. (And make whole numbers of it in the end.)"
)
def stored_and_floating(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    return np.median(spacings, axis=0), np.median(sizes, axis=0)


@fingerprint.mistake(
    "You took the last patient's extent (or the first's) in the place of the median of all. Which patient comes first should "
    "not decide anything."
)
def first_patient(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = np.median(spacings, axis=0)
    return spacing, ceil(sizes[0] * spacings[0], spacing)


@fingerprint.mistake(
    "First take the median, not the mean: one far-off scanner must not decide. And then the size: go by mm, `sizes * "
    "spacings`, not by the stored voxels."
)
def mean_of_stored_voxels(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    return spacings.mean(0), np.ceil(sizes.mean(0) - 1e-3).astype(int)


@fingerprint.mistake(
    "First say `axis=0`: you took one median over all axes together. And then the size: go by mm, `sizes * spacings`, not by "
    "the stored voxels."
)
def one_of_stored_voxels(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    dims = spacings.shape[1]
    return np.full(dims, np.median(spacings)), np.full(dims, np.ceil(np.median(sizes))).astype(int)


@fingerprint.mistake(
    "First take the median, not the mean: one far-off scanner must not decide. And round up in the end, `np.ceil`, or the edge "
    "of the patient is cut off."
)
def mean_rounded_down(sizes: Array, spacings: Array) -> tuple[Array, Array]:
    spacing = spacings.mean(0)
    return spacing, np.floor((sizes * spacings).mean(0) / spacing + 1e-3).astype(int)
