"""Move a batch of images and their labels together: mirrored exactly, or rotated, scaled and displaced in one interpolation.

Each output voxel looks up its place in the input. The image is interpolated linearly; of the label the nearest voxel is
taken, since between class 0 and class 2 lies no class 1. Places outside are mirrored back in, for image and label
alike, so that nothing is drawn where nothing is seen.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.fields import spline_field

NODES = 5  # control points of the displacement along an axis


def flip(image: Tensor, label: Tensor, axes: Sequence[int], random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mirror each of `axes` in half of the samples -> copies of image (N, C, *spatial) and label (N, *spatial)."""
    image, label = image.clone(), label.clone()
    for axis in axes:
        chosen = np.flatnonzero(random.random(len(image)) < 0.5)
        image[chosen] = image[chosen].flip(axis + 2)
        label[chosen] = label[chosen].flip(axis + 1)
    return image, label


def warp(
    image: Tensor, label: Tensor, random: np.random.Generator, *, rotation: float, scale: float, elastic: float,
    spacing: Sequence[float],
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Rotate, scale and displace each sample at random: image (N, C, *spatial), label (N, *spatial) -> the same shapes.

    Args:
        rotation, scale, elastic: as for `Augment`.
        spacing: in mm along each axis; rotations are of the patient, not of the voxel grid.
    """
    size = image.shape[2:]
    dims = len(size)
    half = np.multiply(size, spacing) / 2  # mm from the centre to the border
    # In the units of grid_sample, -1 to 1 from border to border: to mm, turned and scaled, and back.
    turns = np.stack([_matrix(random, dims, rotation, scale) for _ in range(len(image))])  # (N, dims, dims)
    unit = turns * half[None, None, :] / half[None, :, None]
    theta = np.zeros((len(image), dims, dims + 1), dtype=np.float32)
    theta[:, :, :dims] = unit[:, ::-1, ::-1]  # grid_sample names the last axis first
    grid = F.affine_grid(
        torch.from_numpy(theta).to(image.device), list(image.shape), align_corners=False
    )  # (N, *size, dims)
    if elastic:
        control = random.standard_normal((len(image) * dims, *[NODES + 2] * dims), dtype=np.float32)
        shift = spline_field(torch.from_numpy(control).to(image.device), size)  # (N dims, *size) of variance 1
        shift = shift.view(len(image), dims, *size).movedim(1, -1)  # (N, *size, dims), last axis first like the grid
        grid += shift * torch.from_numpy((elastic / half)[::-1].astype(np.float32)).to(image.device)
    moved = F.grid_sample(image, grid.to(image.dtype), padding_mode="reflection", align_corners=False)  # (N, C, *size)
    drawn = label[:, None].to(grid.dtype)  # (N, 1, *size)
    drawn = F.grid_sample(drawn, grid, mode="nearest", padding_mode="reflection", align_corners=False)
    return moved, drawn[:, 0].to(label.dtype)  # (N, *size)


def _matrix(random: np.random.Generator, dims: int, rotation: float, scale: float) -> np.ndarray:
    """One rotation about every axis, times a scale (dims, dims)."""
    matrix = np.eye(dims) * (1 + scale) ** random.uniform(-1, 1)
    for i, j in itertools.combinations(range(dims), 2):  # the planes of rotation: one in 2D, three in 3D
        angle = np.deg2rad(random.uniform(-rotation, rotation))
        turn = np.eye(dims)
        turn[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        matrix = matrix @ turn
    return matrix
