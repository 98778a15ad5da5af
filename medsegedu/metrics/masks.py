"""What each metric asks of its inputs: two masks of one object, and the spacing of their grid."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from medsegedu.errors import UserError

Mask = NDArray[np.bool_]
MaskLike = ArrayLike | Tensor
Spacing = float | Sequence[float] | None


def as_masks(prediction: MaskLike, label: MaskLike) -> tuple[Mask, Mask]:
    """Both as boolean arrays of the same shape.

    Booleans are taken as they are, numbers if each is 0 or 1. A map of several classes is refused, since a metric is of one
    object: `dice(prediction == 4, label == 4)`.

    Raises:
        UserError: other values, or different shapes.
    """
    masks = _as_mask(prediction, "prediction"), _as_mask(label, "label")
    if masks[0].shape != masks[1].shape:
        raise UserError(
            f"The prediction has shape {masks[0].shape} and the label {masks[1].shape}; bring both to the same grid first."
        )
    return masks


def as_spacing(spacing: Spacing, dims: int) -> tuple[float, ...]:
    """The size of a voxel in mm along each axis, in axis order: one number for all axes; None is 1 mm."""
    values = np.atleast_1d(1.0 if spacing is None else np.asarray(spacing, dtype=float))
    if values.shape not in ((1,), (dims,)) or not (np.isfinite(values) & (values > 0)).all():
        raise UserError(f"spacing is {spacing!r}; give {dims} positive sizes in mm, in the order of the array's axes.")
    return tuple(np.broadcast_to(values, dims).tolist())


def _as_mask(values: MaskLike, name: str) -> Mask:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.ndim == 0 or array.dtype.kind not in "biuf":
        raise UserError(f"The {name} is {type(values).__name__}; give an array of booleans.")
    mask = array.astype(bool)
    if array.dtype != bool and not (array == mask).all():
        raise UserError(
            f"The {name} has values other than 0 and 1, for example {array[array != mask].flat[0]}; a metric is of one "
            f"object, so choose it: metric(prediction == 1, label == 1, ...)."
        )
    return mask
