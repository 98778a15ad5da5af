"""Surface Dice (normalised surface distance): how much of the outline needs no correction.

S. Nikolov et al., "Clinically Applicable Segmentation of Head and Neck Anatomy for Radiotherapy", JMIR 2021, who set the
tolerance to the distance by which two experts differ.

Two definitions are about, and differ most where voxels are long along one axis. `by="area"`, the default, is the paper's and
that of its code (DeepMind's surface-distance; MONAI's `use_subvoxels=True`): each piece of surface weighs its area, see
`metrics.surface_area`. `by="voxels"` counts surface voxels, as MONAI does unless asked. Name yours when you report a number.
"""

from typing import Literal

from medsegedu.errors import UserError
from medsegedu.metrics.masks import Mask, MaskLike, Spacing, as_masks, as_spacing
from medsegedu.metrics.surface import crop_to_both, distances_between, surface_distances, within
from medsegedu.metrics.surface_area import surface_elements

By = Literal["area", "voxels"]


def surface_dice(
    prediction: MaskLike, label: MaskLike, spacing: Spacing = None, *, tolerance: float, by: By = "area"
) -> float:
    """The part of both surfaces within `tolerance` mm of the other, 0..1. More is better. Both empty: 1. One empty: 0."""
    if by not in ("area", "voxels"):
        raise UserError(f"by is {by!r}; choose 'area' or 'voxels'.")
    predicted, true = as_masks(prediction, label)
    if by == "voxels" or not (predicted.any() and true.any()):
        return surface_distances(predicted, true, spacing).dice(tolerance)
    return _by_area(*crop_to_both(predicted, true), as_spacing(spacing, true.ndim), tolerance)


def _by_area(predicted: Mask, true: Mask, spacing: tuple[float, ...], tolerance: float) -> float:
    (first, first_areas), (second, second_areas) = surface_elements(predicted, spacing), surface_elements(true, spacing)
    to_second, to_first = distances_between(first, second, spacing)
    close = first_areas[within(to_second, tolerance)].sum() + second_areas[within(to_first, tolerance)].sum()
    return float(close / (first_areas.sum() + second_areas.sum()))
