"""Exercise 4.5: what goes wrong in HD95. Each mistake changes one part of the way."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from medsegedu.exercises.lesson_04.distances import Mask, Spacing, hd95, reference

Distances = np.ndarray


def diagonal(label: Mask, spacing: Spacing) -> float:
    """What one empty mask costs."""
    return float(np.linalg.norm(np.multiply(label.shape, spacing)))


def edge(mask: Mask) -> Mask:
    """The outline, as it should be."""
    return mask & ~ndimage.binary_erosion(mask)


def both_ways(
    prediction: Mask, label: Mask, spacing: Any, outline: Callable[[Mask], Mask] = edge
) -> tuple[Distances, Distances]:
    """Distances from the prediction's outline to the label's, and back."""
    first, second = outline(prediction), outline(label)
    to_first, to_second = (ndimage.distance_transform_edt(~each, sampling=spacing) for each in (first, second))
    return to_second[first], to_first[second]


EMPTY_TOO = "Besides, empty masks need an answer of their own: both empty 0, one empty the image's diagonal in mm."


def _wrong(name: str, sentence: str, formula: Callable[[Mask, Mask, Spacing], float]) -> None:
    """Add a mistake that treats the empty cases rightly, and one that does not treat them at all."""

    def bare(prediction: Mask, label: Mask, spacing: Spacing) -> float:
        with warnings.catch_warnings(action="ignore"):  # the mean of no distances
            return float(formula(prediction, label, spacing))

    def guarded(prediction: Mask, label: Mask, spacing: Spacing) -> float:
        whole = prediction.any() and label.any()
        return bare(prediction, label, spacing) if whole else reference(prediction, label, spacing)

    guarded.__name__, bare.__name__ = name, f"{name}_and_no_empty_case"
    hd95.mistake(sentence)(guarded)
    hd95.mistake(f"{sentence} {EMPTY_TOO}")(bare)


def _larger(ways: tuple[Distances, Distances], percentile: float = 95) -> float:
    return max(np.percentile(ways[0], percentile), np.percentile(ways[1], percentile))


_wrong(
    "spacing_ignored",
    "You counted pixels, not millimetres. Where a pixel is 3 mm high and 0.8 mm wide, one step down is not one step to the "
    "right: give the distance map `sampling=spacing`.",
    lambda p, t, mm: _larger(both_ways(p, t, None)),
)
_wrong(
    "spacing_reversed",
    "You turned the spacing around. It is in the order of the array's axes, rows first; some libraries give x first, and this is "
    "how a wrong HD95 gets into a paper.",
    lambda p, t, mm: _larger(both_ways(p, t, mm[::-1])),
)
_wrong(
    "first_size_for_all",
    "You measured in pixels and multiplied by the first size alone. With unequal sizes the *nearest* pixel may be another one: "
    "give the distance map all of them, `sampling=spacing`.",
    lambda p, t, mm: _larger(both_ways(p, t, None)) * mm[0],
)
_wrong(
    "hausdorff",
    "That is the Hausdorff distance, the largest of all: one stray pixel decides it. Take the 95th percentile of each "
    "direction instead of the maximum.",
    lambda p, t, mm: _larger(both_ways(p, t, mm), 100),
)
_wrong(
    "quantile_for_percentile",
    "`np.percentile` counts to 100, `np.quantile` to 1. You took the 0.95th *percentile*, where almost no distance is smaller.",
    lambda p, t, mm: _larger(both_ways(p, t, mm), 0.95),
)
_wrong(
    "prediction_to_label_only",
    "You measured from the prediction to the label only. One pixel on the true outline would be perfect. Measure back too, "
    "and take the larger.",
    lambda p, t, mm: np.percentile(both_ways(p, t, mm)[0], 95),
)
_wrong(
    "label_to_prediction_only",
    "You measured from the label to the prediction only. A false alarm far away from the lesion would be free, as long as the "
    "lesion is drawn well. Measure both ways, and take the larger.",
    lambda p, t, mm: np.percentile(both_ways(p, t, mm)[1], 95),
)
_wrong(
    "pooled",
    "You put both directions into one heap before the percentile. MedPy does so, and it is a fair definition, but another one: a "
    "large surface drowns a small one. Ours is the larger of two percentiles, as MONAI's.",
    lambda p, t, mm: np.percentile(np.concatenate(both_ways(p, t, mm)), 95),
)
_wrong(
    "mean_of_both",
    "You took the mean of the two directions. Then an error that only one direction sees is halved. Take the larger.",
    lambda p, t, mm: np.mean([np.percentile(way, 95) for way in both_ways(p, t, mm)]),
)
_wrong(
    "smaller_of_both",
    "You took the smaller of the two directions, where the one that is right hides the one that is wrong. Take the larger.",
    lambda p, t, mm: min(np.percentile(way, 95) for way in both_ways(p, t, mm)),
)
_wrong(
    "average_distance",
    "You took the mean distance. That is a useful number, the average surface distance, but it says what is usual; HD95 says "
    "how far off the worse places are.",
    lambda p, t, mm: max(way.mean() for way in both_ways(p, t, mm)),
)
_wrong(
    "whole_masks",
    "You took all pixels of the masks, not their outlines. Most lie inside both and have distance 0, so the percentile says "
    "nearly nothing. Take away the eroded mask first.",
    lambda p, t, mm: _larger(both_ways(p, t, mm, outline=lambda mask: mask)),
)
_wrong(
    "border_forgotten",
    "Where a mask reaches the border of the image, your outline has a gap: you let the image go on beyond it (`border_value=1`). "
    "Here what lies beyond the border is outside.",
    lambda p, t, mm: _larger(
        both_ways(
            p, t, mm, outline=lambda mask: mask & ~ndimage.binary_erosion(mask, border_value=1) if mask.any() else mask
        )
    ),
)
_wrong(
    "thick_outline",
    "Your outline also takes pixels that touch the outside only at a corner: you eroded with a full square. A pixel belongs to "
    "it if one of its *faces* touches the outside, the default of `binary_erosion`.",
    lambda p, t, mm: _larger(
        both_ways(p, t, mm, outline=lambda mask: mask & ~ndimage.binary_erosion(mask, np.ones((3,) * mask.ndim)))
    ),
)
_wrong(
    "outline_from_outside",
    "Your outline lies around the object, not in it: dilation adds a layer outside. Take the object's own outermost pixels, "
    "those that erosion removes.",
    lambda p, t, mm: _larger(both_ways(p, t, mm, outline=lambda mask: ndimage.binary_dilation(mask) & ~mask)),
)
_wrong(
    "distance_inside",
    "`distance_transform_edt` measures to the nearest *zero*. You gave it the outline, so outline pixels are measured to what is "
    "beside them. Give it the opposite, `~outline`.",
    lambda p, t, mm: max(
        np.percentile(ndimage.distance_transform_edt(edge(a), sampling=mm)[edge(b)], 95) for a, b in ((p, t), (t, p))
    ),
)


@hd95.mistake(
    "For a missed object you return nan. Whoever averages with `nanmean` then leaves the failures out, and the mean *improves* "
    "as the network gets worse. One empty mask costs the image's diagonal."
)
def nan_when_missed(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return reference(prediction, label, spacing) if prediction.any() == label.any() else float("nan")


@hd95.mistake(
    "For a missed object you return 0, the best there is. To miss a lesion, or to make one up, costs the image's diagonal; "
    "only if both masks are empty the distance is 0."
)
def nothing_when_missed(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return reference(prediction, label, spacing) if prediction.any() and label.any() else 0.0


@hd95.mistake(
    "For a missed object you return infinity. One such slice makes every mean infinite. Take the longest distance there could "
    "be, the image's diagonal in mm."
)
def infinite_when_missed(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return reference(prediction, label, spacing) if prediction.any() == label.any() else float("inf")


@hd95.mistake(
    "Your diagonal is in pixels. Distances here are in mm: multiply the shape by the spacing before you take the norm."
)
def diagonal_in_pixels(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    if prediction.any() != label.any():
        return diagonal(label, (1.0,) * label.ndim)
    return reference(prediction, label, spacing)


@hd95.mistake(
    "Two empty masks cost the diagonal with you. Nothing was there and nothing was claimed, which is a perfect answer: 0."
)
def both_empty_is_worst(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return reference(prediction, label, spacing) if prediction.any() or label.any() else diagonal(label, spacing)


@hd95.mistake(
    "Right where both masks hold something. For an empty one your code fails: there is no percentile of nothing. Both empty is "
    "0, one empty the image's diagonal in mm; settle that first."
)
def empty_forgotten(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    ways = both_ways(prediction, label, spacing)
    return float(_larger(ways))
