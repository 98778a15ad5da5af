"""Boundary loss: the probability of each pixel times its signed distance to the true outline, in mm.

H. Kervadec et al., "Boundary loss for highly unbalanced segmentation", MIDL 2019. A false positive costs its distance to the
object, so far away ones cost the most; a pixel inside is worth its depth, so the loss of a good answer is negative, by design.
Small objects are not deep: alone, this loss falls for the empty answer. The paper adds it to a Dice loss, with a weight that
starts at 0.01 and grows.

*Deviations.* In the paper's code, as in MONAI, a class that is absent or that fills the image has no outline, and so no cost:
false positives are free. Here its outline is as far away as the image is long (the diagonal in mm), outside or inside.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from medsegedu.losses.overlap import class_maps
from medsegedu.metrics.masks import Spacing, as_spacing


def boundary_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    spacing: Spacing = None,
) -> Tensor:
    """Mean over pixels and classes of probability times signed distance, in mm; below 0 for a good answer.

    Distances are measured by SciPy on the processor, at each call, from pixel centre to pixel centre.

    Args:
        logits: (N, C, *spatial); the softmax is taken here.
        label: (N, *spatial) integers from 0 to C - 1.
        ignore_index: pixels with this label do not count; an object that runs into them ends there.
        include_background: whether class 0 counts as a class too.
        spacing: mm along each axis, in axis order, the same for all samples; None is 1 mm.
    """
    probabilities, truth, counts = class_maps(logits, label, ignore_index, include_background)
    distances = signed_distances(truth, as_spacing(spacing, label.ndim - 1))  # (N, C, *spatial)
    return (probabilities * distances).sum() / (counts.sum().clamp(min=1) * truth.shape[1])


def signed_distances(truth: Tensor, spacing: tuple[float, ...]) -> Tensor:
    """For each mask of truth (N, C, *spatial): mm to the object outside of it, minus mm to its outermost layer inside."""
    if truth.is_meta:
        return torch.empty_like(truth)
    masks = truth.bool().cpu().numpy()
    return torch.from_numpy(np.array([[_signed(mask, spacing) for mask in sample] for sample in masks])).to(truth)


def _signed(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.float64]:
    if mask.all() or not mask.any():
        diagonal = np.linalg.norm(np.multiply(mask.shape, spacing))
        return np.where(mask, -diagonal, diagonal)
    # The nearest pixel outside is at least one pixel away, so that the outermost layer of the object is at 0.
    inside = ndimage.distance_transform_edt(mask, sampling=spacing) - min(spacing)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return np.where(mask, -inside, outside)
