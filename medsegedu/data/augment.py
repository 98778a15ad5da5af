"""Augmentation: changes that the same patient in the same scanner could have shown, made at random on a whole batch.

A network that has seen few patients remembers them; one that has seen each of them turned, stretched, shaded and blurred
must look at what stays. Image and label move together (`data.warp`); the appearance changes in the image alone
(`data.appearance`).

Why not a library: TorchIO and MONAI change one image after another, most of it on one processor core. Here a batch is changed
in a few tensor operations, on the CPU or the GPU where it is needed next: tests/benchmarks/augmentation.py compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from torch import Tensor

from medsegedu.data.appearance import add_noise, change_contrast, change_gamma, lower_resolution, shade
from medsegedu.data.warp import flip, warp
from medsegedu.errors import UserError


@dataclass(frozen=True)
class Augment:
    """How far a batch may be changed: `image, label = Augment()(image, label, random)`. 0 switches a change off.

    Args:
        flips: the spatial axes that are mirrored, each in half of the samples. Name those along which a mirror image could be
            a patient too: both of a microscopy image, but not the one along which "anterior" and "posterior" are told apart.
        rotation: the largest angle in degrees, about each axis in 3D.
        scale: the largest change of size: 0.2 is from 1 / 1.2 to 1.2 times.
        elastic: root mean square of a smooth random displacement, in mm.
        contrast: the largest change of the distance to the mean: 0.3 is from 1 / 1.3 to 1.3 times.
        gamma: the same for the exponent of an intensity law over each image's own range.
        bias: root mean square of the logarithm of a smooth shading.
        noise: the largest standard deviation of Gaussian noise, as a part of the image's own.
        resolution: the coarsest voxel, in voxels, from which the image is enlarged again.
        moved: the share of the samples that are rotated, scaled and displaced, all at once.
        changed: the share of the samples that each change of appearance meets, independently.
    """

    flips: Sequence[int] = ()
    rotation: float = 15.0
    scale: float = 0.2
    elastic: float = 2.0
    contrast: float = 0.3
    gamma: float = 0.3
    bias: float = 0.2
    noise: float = 0.1
    resolution: float = 2.0
    moved: float = 0.5
    changed: float = 0.25

    def __post_init__(self) -> None:
        for knob in fields(self)[1:]:
            value = getattr(self, knob.name)
            if not 0 <= value < float("inf"):
                raise UserError(f"{knob.name} is {value}; give a number of at least 0.")
        if self.moved > 1 or self.changed > 1:
            raise UserError(f"moved is {self.moved} and changed {self.changed}; shares of the samples are from 0 to 1.")

    def __call__(
        self, image: Tensor, label: Tensor, random: np.random.Generator, *, spacing: Sequence[float] | None = None
    ) -> tuple[Tensor, Tensor]:
        """A changed copy of image (N, C, *spatial) and label (N, *spatial), on their device.

        Args:
            random: the same state of it gives the same changes.
            spacing: of a voxel in mm, so that a rotation stays a rotation where voxels are not cubes; 1 mm by default.

        Raises:
            UserError: image and label do not fit together, or `flips` names an axis that the image lacks.
        """
        dims = image.ndim - 2
        if dims not in (2, 3) or label.shape != (len(image), *image.shape[2:]):
            raise UserError(
                f"Augment takes an image (N, C, *spatial) with its label (N, *spatial) in 2D or 3D, not {tuple(image.shape)} and "
                f"{tuple(label.shape)}."
            )
        axes = tuple(self.flips)
        if any(not 0 <= axis < dims for axis in axes):
            raise UserError(f"flips is {axes}, but the spatial axes of this image are 0 to {dims - 1}.")
        image, label = flip(image, label, axes, random)
        chosen = np.flatnonzero(random.random(len(image)) < self.moved)
        if chosen.size and (self.rotation or self.scale or self.elastic):
            mm = (1.0,) * dims if spacing is None else tuple(spacing)
            image[chosen], label[chosen] = warp(
                image[chosen], label[chosen], random, rotation=self.rotation, scale=self.scale, elastic=self.elastic, spacing=mm
            )  # fmt: skip
        for change, most in (
            (shade, self.bias),
            (change_contrast, self.contrast),
            (change_gamma, self.gamma),
            (lower_resolution, self.resolution - 1),
            (add_noise, self.noise),  # last: a scanner's noise is as sharp as its voxels
        ):
            chosen = np.flatnonzero(random.random(len(image)) < self.changed)
            if most > 0 and chosen.size:
                image[chosen] = change(image[chosen], random, most)
        return image, label
