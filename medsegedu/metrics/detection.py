"""Lesion-wise F1: each lesion counts the same, whether it has three voxels or three thousand.

Matching rule. A lesion is a connected component, neighbours being voxels that share a face, an edge or a corner. A true
lesion is a hit if any predicted voxel lies in it, else a miss; a predicted component is a false alarm if no voxel of it lies
in a true lesion. So one lesion predicted in three pieces is one hit, and one blob over three lesions is three hits; neither
is an alarm. The metric asks what was seen; how well it was outlined, Dice and the surface distances say.
"""

import numpy as np
from scipy import ndimage

from medsegedu.metrics.masks import Mask, MaskLike, Spacing, as_masks, as_spacing


def lesion_f1(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """2 hits / (2 hits + false alarms + misses), 0..1; more is better. Both empty: 1. One empty: 0.

    The spacing changes nothing, since lesions are counted; it is accepted (and checked) as by every metric.
    """
    as_spacing(spacing, np.ndim(label))
    hits, alarms, misses = lesion_counts(prediction, label)
    return 2 * hits / (2 * hits + alarms + misses) if hits + alarms + misses else 1.0


def lesion_counts(prediction: MaskLike, label: MaskLike) -> tuple[int, int, int]:
    """(hits, false alarms, misses) by the rule above, for adding up over images before taking the F1."""
    predicted, true = as_masks(prediction, label)
    lesions, hits = _components(true, touched_by=predicted)
    claims, confirmed = _components(predicted, touched_by=true)
    return hits, claims - confirmed, lesions - hits


def _components(mask: Mask, *, touched_by: Mask) -> tuple[int, int]:
    """How many connected components `mask` has, and how many of them the other mask touches."""
    components, count = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    return int(count), np.unique(components[mask & touched_by]).size
