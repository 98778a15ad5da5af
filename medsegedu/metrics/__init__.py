"""Metrics of one object: `metric(prediction, label, spacing)` with two masks (*spatial) and mm along each axis gives a float.

Masks are NumPy arrays or tensors of booleans (or of 0 and 1); choose a class by `dice(prediction == 4, label == 4)`. No
metric is ever NaN: both masks empty is perfect, and one of them empty is as bad as the metric gets for that image.
(`expected_calibration_error` is of probabilities, and `evaluate` of a whole dataset.)
"""

from medsegedu.metrics.calibration import expected_calibration_error
from medsegedu.metrics.centreline import cldice
from medsegedu.metrics.detection import lesion_counts, lesion_f1
from medsegedu.metrics.evaluate import Evaluation, Interval, bootstrap, evaluate
from medsegedu.metrics.frechet import frechet_distance
from medsegedu.metrics.overlap import dice, iou, precision, sensitivity
from medsegedu.metrics.surface import (
    SurfaceDistances,
    average_surface_distance,
    hausdorff,
    hausdorff95,
    surface_distances,
)
from medsegedu.metrics.surface_dice import surface_dice
from medsegedu.metrics.volume_error import volume_error

__all__ = [
    "Evaluation",
    "Interval",
    "SurfaceDistances",
    "average_surface_distance",
    "bootstrap",
    "cldice",
    "dice",
    "evaluate",
    "expected_calibration_error",
    "frechet_distance",
    "hausdorff",
    "hausdorff95",
    "iou",
    "lesion_counts",
    "lesion_f1",
    "precision",
    "sensitivity",
    "surface_dice",
    "surface_distances",
    "volume_error",
]
