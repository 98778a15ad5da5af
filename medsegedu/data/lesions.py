"""Lesions: rough balls in the white matter, of known place, size and contrast."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.fields import smooth_field


@dataclass(frozen=True)
class Lesions:
    """How hard the lesions are to find.

    Args:
        count: the fewest and most lesions of a patient.
        diameter: the smallest and largest diameter in mm, each equally likely on a log scale (so most are small).
        contrast: 1 for full contrast to white matter, 0 for none.
        roughness: how far the boundary leaves the sphere, as a share of the radius.
    """

    count: tuple[int, int] = (12, 24)
    diameter: tuple[float, float] = (4.0, 16.0)
    contrast: float = 1.0
    roughness: float = 0.25


def lesion_shares(random: np.random.Generator, knobs: Lesions, white: Tensor, place: Tensor, grid: Tensor) -> Tensor:
    """The share of lesion in each voxel (X, Y, P): rough balls around places deep in the white matter."""
    share = torch.zeros(place.shape[1:])
    candidates = (white > 0.9).nonzero()  # (M, 3) voxels of the atlas
    low, high = np.log(knobs.diameter)
    for _ in range(random.integers(knobs.count[0], knobs.count[1] + 1)):
        radius = float(np.exp(random.uniform(low, high))) / 2
        centre = candidates[int(random.integers(len(candidates)))].float()
        bumps = smooth_field(random, 1, 5, (17, 17, 17))[0] * knobs.roughness * radius  # (17, 17, 17) mm
        reach = radius * (1 + 3 * knobs.roughness) + float(grid.max())
        box = _box(place, centre, reach / grid)
        offset = (place[:, *box] - centre[:, None, None, None]) * grid[:, None, None, None]  # (3, x, y, p) mm
        unit = (offset / reach).flip(0).permute(1, 2, 3, 0)[None]  # (1, x, y, p, 3)
        push = F.grid_sample(bumps[None, None], unit, align_corners=True)[0, 0]  # (x, y, p), 0 outside the bumps
        inside = radius + push - offset.norm(dim=0)  # mm; 0 on the boundary
        share[box] = torch.maximum(share[box], (0.5 + inside / grid.mean()).clamp(0, 1))
    return share


def _box(place: Tensor, centre: Tensor, reach: Tensor) -> tuple[slice, slice, slice]:
    """The part of the patient's grid in which every voxel that looks up a place within `reach` voxels of `centre` lies."""
    slices = []
    for axis in range(3):
        near = (place[axis] - centre[axis]).abs() < reach[axis]  # (X, Y, P)
        others = tuple(i for i in range(3) if i != axis)
        index = near.any(others[1]).any(others[0]).nonzero()
        slices.append(slice(int(index.min()), int(index.max()) + 1) if len(index) else slice(0, 0))
    return slices[0], slices[1], slices[2]
