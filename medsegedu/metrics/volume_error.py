"""How wrong the measured volume is, in mm3 (mm2 in 2D); less is better."""

import math

from medsegedu.metrics.masks import MaskLike, Spacing, as_masks, as_spacing


def volume_error(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """|volume of the prediction - volume of the label| in mm3, wherever the two lie.

    Without a sign, so that too much in one patient never makes up for too little in another. Both empty: 0. One empty: the volume
    of the other, which an object drawn far too large exceeds: read it beside Dice, never alone.
    """
    predicted, true = as_masks(prediction, label)
    voxel = math.prod(as_spacing(spacing, true.ndim))  # mm3
    return abs(int(predicted.sum()) - int(true.sum())) * voxel
