"""Distances between the surfaces of two masks, in mm, measured once for every metric that is read from them.

A surface voxel belongs to the mask and has a face neighbour outside, or lies at the image's border. Distances run between
voxel centres. Both are as in MONAI.

HD95 has several definitions, which can differ by half on one and the same pair of masks. This one is MONAI's: the 95th
percentile of each direction (interpolated linearly), then the larger of the two. MedPy pools both directions before the
percentile; DeepMind's surface-distance weights each piece of surface by its area. Name yours when you report a number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from medsegedu.errors import UserError
from medsegedu.metrics.masks import Mask, MaskLike, Spacing, as_masks, as_spacing


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Two directed sets of distances; measure once with `surface_distances`, then ask for several metrics.

    Attributes:
        from_prediction: for each surface voxel of the prediction, how far the label's surface is, in mm.
        from_label: for each surface voxel of the label, how far the prediction's surface is, in mm.
        diagonal: of the image, in mm, from corner to corner.
    """

    from_prediction: NDArray[np.float64]
    from_label: NDArray[np.float64]
    diagonal: float

    def hausdorff(self, percentile: float = 100) -> float:
        """The larger of the two directed percentiles, in mm: 100 is the Hausdorff distance, 95 is HD95."""
        return float(max(np.percentile(self.from_prediction, percentile), np.percentile(self.from_label, percentile)))

    def average(self) -> float:
        """The mean over the surface voxels of both masks, in mm."""
        return float(np.concatenate([self.from_prediction, self.from_label]).mean())

    def dice(self, tolerance: float) -> float:
        """The part of both surfaces that lies within `tolerance` mm of the other: `surface_dice` with by="voxels"."""
        distances = np.concatenate([self.from_prediction, self.from_label])
        return float((within(distances, tolerance) & (distances < self.diagonal)).mean())  # the diagonal means "missed"


def surface_distances(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> SurfaceDistances:
    """Measure two masks (*spatial) on a grid of `spacing` mm, in the order of the array's axes.

    The empty cases are defined here for every metric: with both masks empty each set is one distance of 0; with one of them
    empty each is one distance as long as the image's diagonal, longer than any inside the image. So a missed object is
    worse than any found one and never improves an average, and nothing is NaN.
    """
    predicted, true = as_masks(prediction, label)
    size = as_spacing(spacing, true.ndim)
    diagonal = float(np.linalg.norm(np.multiply(true.shape, size)))
    if not (predicted.any() and true.any()):
        same = np.array([diagonal if predicted.any() or true.any() else 0.0])
        return SurfaceDistances(same, same, diagonal)
    predicted, true = (_surface(mask) for mask in crop_to_both(predicted, true))
    return SurfaceDistances(*distances_between(predicted, true, size), diagonal)


def hausdorff(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """The largest distance in mm from a surface voxel of one mask to the other surface: one stray voxel decides.

    Less is better. Both empty: 0. One empty: the image's diagonal.
    """
    return surface_distances(prediction, label, spacing).hausdorff()


def hausdorff95(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """The larger of the two directed 95th percentiles in mm: a bound that all but a twentieth of each surface keeps.

    Less is better. Both empty: 0. One empty: the image's diagonal.
    """
    return surface_distances(prediction, label, spacing).hausdorff(95)


def average_surface_distance(prediction: MaskLike, label: MaskLike, spacing: Spacing = None) -> float:
    """The mean distance in mm to the other surface, over the surface voxels of both masks (MONAI's `symmetric=True`).

    The larger surface has more voxels and so more weight; MedPy's `assd`, the mean of the two directed means, differs a
    little. Less is better. Both empty: 0. One empty: the image's diagonal.
    """
    return surface_distances(prediction, label, spacing).average()


def crop_to_both(predicted: Mask, true: Mask) -> tuple[Mask, Mask]:
    """Both masks in the box around both objects, which no distance between them leaves."""
    box = ndimage.find_objects((predicted | true).view(np.uint8))[0]
    return predicted[box], true[box]


def distances_between(
    first: Mask, second: Mask, spacing: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From each voxel of `first` to the nearest of `second`, in mm, and the other way round.

    Surfaces are thin, so a tree of their points is several times faster than a distance map of every voxel; and where two
    surfaces coincide there is nothing to search.
    """
    points = [np.argwhere(mask) * spacing for mask in (first, second)]  # (n, dims) in mm
    both = []
    for here, there, own, other in ((first, second, *points), (second, first, *points[::-1])):
        distances, apart = np.zeros(len(own)), ~there[here]
        tree = KDTree(other, leafsize=32, balanced_tree=False, compact_nodes=False)
        distances[apart] = tree.query(own[apart])[0]
        both.append(distances)
    return both[0], both[1]


def within(distances: NDArray[np.float64], tolerance: float) -> Mask:
    """Which distances are at most `tolerance` mm, with room for rounding: three voxels of 0.7 mm are within 2.1 mm."""
    if not tolerance >= 0:
        raise UserError(f"tolerance is {tolerance!r}; give a distance in mm of at least 0.")
    return distances <= tolerance * (1 + 1e-9)


def _surface(mask: Mask) -> Mask:
    """The voxels of the mask with a face neighbour outside; beyond the border counts as outside."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        near, kept = mask.swapaxes(0, axis), inner.swapaxes(0, axis)  # views
        kept[1:] &= near[:-1]
        kept[:-1] &= near[1:]
        kept[[0, -1]] = False
    return mask & ~inner
