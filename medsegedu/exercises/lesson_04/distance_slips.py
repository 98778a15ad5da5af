"""Exercise 4.5: further slips, in what is measured to, which percentile is taken, and what an empty mask costs."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from medsegedu.exercises.lesson_04.distance_mistakes import Distances, _larger, _wrong, both_ways, diagonal, edge
from medsegedu.exercises.lesson_04.distances import Mask, Spacing, hd95, reference


def _away(mask: Mask, spacing: Spacing) -> Distances:
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing))


MASK = (
    "A pixel inside the other mask then has distance 0, however far from its edge: a hole of 3 cm would cost nothing."
)

_wrong(
    "to_the_masks",
    f"You measured to the nearest pixel of the other *mask*, not of its outline. {MASK} Measure to the outline, in both "
    "directions.",
    lambda p, t, mm: _larger((_away(t, mm)[edge(p)], _away(p, mm)[edge(t)])),
)
_wrong(
    "to_the_mask_of_the_label",
    f"From the prediction you measured to the label's *mask*, not to its outline. {MASK} Give the distance map the label's "
    "outline.",
    lambda p, t, mm: _larger((_away(t, mm)[edge(p)], _away(edge(p), mm)[edge(t)])),
)
_wrong(
    "to_the_mask_of_the_prediction",
    f"From the label you measured to the prediction's *mask*, not to its outline. {MASK} Give the distance map the prediction's "
    "outline.",
    lambda p, t, mm: _larger((_away(edge(t), mm)[edge(p)], _away(p, mm)[edge(t)])),
)
_wrong(
    "from_the_masks",
    "You read the distances off at all pixels of the mask, where only its outline is asked: the many pixels inside shift the "
    "percentile. Measure from outline to outline.",
    lambda p, t, mm: _larger((_away(edge(t), mm)[p], _away(edge(p), mm)[t])),
)
_wrong(
    "spacing_averaged",
    "You measured in pixels and multiplied by the mean size. With unequal sizes the *nearest* pixel may be another one: give the "
    "distance map all of them, `sampling=spacing`.",
    lambda p, t, mm: _larger(both_ways(p, t, None)) * float(np.mean(mm)),
)
_wrong(
    "zeros_left_out",
    "You left out the distances that are 0. The places where the outlines agree belong to the list too: without them a good "
    "answer looks as bad as its worst part.",
    lambda p, t, mm: max(np.percentile(way[way > 0], 95) if way.any() else 0.0 for way in both_ways(p, t, mm)),
)
_wrong(
    "holes_filled",
    "You filled the holes of the masks first. A hole has an outline too, and a claim with a hole is not the same as one without. "
    "Take the masks as they are.",
    lambda p, t, mm: _larger(both_ways(ndimage.binary_fill_holes(p), ndimage.binary_fill_holes(t), mm)),
)
_wrong(
    "largest_piece_only",
    "You kept the largest piece of the prediction. Then a false alarm elsewhere is free. All that is claimed counts.",
    lambda p, t, mm: _larger(both_ways(_largest(p), t, mm)),
)
_wrong(
    "diagonal_without_overlap",
    "You charge the diagonal wherever the masks do not overlap. A claim right beside the lesion is nearly right, and its "
    "distance says so; the diagonal is for an *empty* mask.",
    lambda p, t, mm: _larger(both_ways(p, t, mm)) if (p & t).any() else diagonal(t, mm),
)


def _largest(mask: Mask) -> Mask:
    pieces, count = ndimage.label(mask)
    return pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:]) if count else mask


def _by_rank(name: str, how: str, rank: Callable[[Distances], float]) -> None:
    _wrong(
        f"percentile_{name}",
        f"Your percentile is {how}, a value of the list. There are several definitions; ours is the one that "
        "`np.percentile(distances, 95)` takes by itself, between the two neighbours in the list.",
        lambda p, t, mm: max(rank(way) for way in both_ways(p, t, mm)),
    )


_by_rank(
    "higher", "the next higher one (or `int(0.95 * n)`)", lambda way: float(np.percentile(way, 95, method="higher"))
)
_by_rank("lower", "the next lower one", lambda way: float(np.percentile(way, 95, method="lower")))
_by_rank("nearest", "the nearest one", lambda way: float(np.percentile(way, 95, method="nearest")))
_by_rank(
    "sorted_count",
    "the one at place `ceil(0.95 * n)`",
    lambda way: float(np.percentile(way, 95, method="inverted_cdf")),
)


def _measured(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return float(_larger(both_ways(prediction, label, spacing)))


def _one_is_empty(name: str, sentence: str, price: Callable[[Mask, Spacing], float]) -> None:
    """Add a mistake that charges another price for one empty mask."""

    def attempt(prediction: Mask, label: Mask, spacing: Spacing) -> float:
        alike = prediction.any() == label.any()
        return float(reference(prediction, label, spacing)) if alike else float(price(label, spacing))

    attempt.__name__ = name
    hd95.mistake(sentence)(attempt)


_one_is_empty(
    "diagonal_between_centres",
    "Your diagonal runs from the first pixel's centre to the last one's, with a pixel less along each axis. Ours is that of the "
    "whole image, the number of pixels times the spacing: `np.linalg.norm(np.multiply(label.shape, spacing))`.",
    lambda label, mm: float(np.linalg.norm(np.multiply(np.array(label.shape) - 1, mm))),
)
_one_is_empty(
    "longest_side",
    "For one empty mask you charge the longest side of the image. The farthest that two pixels can be apart is its diagonal: "
    "`np.linalg.norm(np.multiply(label.shape, spacing))`.",
    lambda label, mm: float(np.max(np.multiply(label.shape, mm))),
)
_one_is_empty(
    "sides_added",
    "For one empty mask you added up the sides of the image. The diagonal is the root of the sum of their squares: "
    "`np.linalg.norm`.",
    lambda label, mm: float(np.sum(np.multiply(label.shape, mm))),
)


@hd95.mistake(
    "Two empty masks are settled, *one* empty mask is not: there is no percentile of an empty list (that is the IndexError). If "
    "the prediction or the label is empty, return the image's diagonal in mm before anything is measured."
)
def one_empty_forgotten(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    return _measured(prediction, label, spacing) if prediction.any() or label.any() else 0.0


@hd95.mistake(
    "An empty prediction is settled, an empty *label* is not: there is no percentile of an empty list (that is the IndexError). "
    "A lesion that is made up costs the image's diagonal in mm, as a missed one does."
)
def empty_label_forgotten(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    if prediction.any():
        return _measured(prediction, label, spacing)
    return reference(prediction, label, spacing)


@hd95.mistake(
    "An empty label is settled, an empty *prediction* is not: there is no percentile of an empty list (that is the IndexError). "
    "A lesion that is missed altogether costs the image's diagonal in mm."
)
def empty_prediction_forgotten(prediction: Mask, label: Mask, spacing: Spacing) -> float:
    if label.any():
        return _measured(prediction, label, spacing)
    return reference(prediction, label, spacing)


@hd95.mistake(
    "You return both directions. Of the two percentiles take the larger, `max(there, back)`, a single number in mm."
)
def both_returned(prediction: Mask, label: Mask, spacing: Spacing) -> object:
    if not (prediction.any() and label.any()):
        return reference(prediction, label, spacing)
    return tuple(float(np.percentile(way, 95)) for way in both_ways(prediction, label, spacing))
