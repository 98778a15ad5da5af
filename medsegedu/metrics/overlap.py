"""Metrics that count voxels: Dice, IoU, sensitivity and precision.

P and T are the voxels of the prediction and of the label. All are between 0 and 1, more is better, and all share one rule for the
empty cases: both empty is perfect, 1; one empty is a miss or a false alarm, 0. None depends on the spacing, which
scales numerator and denominator alike; it is accepted (and checked) so that every metric is called in the same way.
"""

from medsegedu.metrics.masks import MaskLike, Spacing, as_masks, as_spacing


def dice(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """2 |P and T| / (|P| + |T|) (Dice 1945): the overlap as a part of the mean size. Equal to 2 IoU / (1 + IoU)."""
    both, predicted, true = _counts(prediction, label, spacing)
    return 2 * both / (predicted + true) if predicted + true else 1.0


def iou(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """|P and T| / |P or T| (Jaccard 1912): never more than Dice, and equal to it only at 0 and 1."""
    both, predicted, true = _counts(prediction, label, spacing)
    return both / (predicted + true - both) if predicted + true else 1.0


def sensitivity(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """|P and T| / |T| (recall): the part of the object that was found. Without an object any claim scores 0."""
    both, predicted, true = _counts(prediction, label, spacing)
    return both / true if true else float(predicted == 0)


def precision(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """|P and T| / |P|: the part of the prediction that is right. A missed object scores 0."""
    both, predicted, true = _counts(prediction, label, spacing)
    return both / predicted if predicted else float(true == 0)


def _counts(prediction: MaskLike, label: MaskLike, spacing: Spacing) -> tuple[int, int, int]:
    """How many voxels are in both masks, in the prediction, and in the label."""
    predicted, true = as_masks(prediction, label)
    as_spacing(spacing, true.ndim)
    return int((predicted & true).sum()), int(predicted.sum()), int(true.sum())
