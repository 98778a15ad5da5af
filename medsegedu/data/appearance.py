"""Change how a batch of images (N, C, *spatial) looks and leave its anatomy alone: what another scan of the patient might show.

Every function returns a new tensor on the image's device and draws its own amount for each sample and channel, up to `most`.
Nothing depends on the unit of the intensities: amounts are measured by each image's own spread or range.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.fields import spline_field


def shade(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """Multiply by a smooth field: the bias field of an MRI coil. `most` is the root mean square of its logarithm."""
    samples, channels, *size = image.shape
    control = random.standard_normal((samples * channels, *[5] * len(size)), dtype=np.float32) * most
    field = spline_field(torch.from_numpy(control).to(image), size).view(image.shape)  # (N, C, *spatial)
    low, _ = _range(image)
    return low + (image - low) * field.exp()


def change_contrast(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """Stretch or squeeze the distance to the mean, up to (1 + most) times."""
    mean = image.mean(_space(image), keepdim=True)  # (N, C, 1, ...)
    return mean + (image - mean) * _factor(image, random, most)


def change_gamma(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """Raise the intensities, as parts of the image's own range, to a power between 1 / (1 + most) and 1 + most."""
    low, high = _range(image)
    span = (high - low).clamp(min=torch.finfo(image.dtype).tiny)  # a constant image stays as it is
    return low + ((image - low) / span) ** _factor(image, random, most) * (high - low)


def lower_resolution(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """Take fewer voxels, as a coarser scan would, and enlarge them again; voxels grow up to (1 + most) times."""
    smooth = "bilinear" if image.ndim == 4 else "trilinear"
    coarse = []
    for sample in image.split(1):  # (1, C, *spatial); each sample has a size of its own
        factor = 1 + random.uniform(0, most)
        few = [max(1, round(length / factor)) for length in sample.shape[2:]]
        small = F.interpolate(sample, few, mode="nearest-exact")  # (1, C, *few)
        coarse.append(F.interpolate(small, sample.shape[2:], mode=smooth, align_corners=False))  # (1, C, *spatial)
    return torch.cat(coarse)


def add_noise(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """Add Gaussian noise of a standard deviation of up to `most` of the image's own."""
    source = torch.Generator(image.device).manual_seed(int(random.integers(2**62)))
    noise = torch.empty_like(image).normal_(generator=source)
    spread = image.std(_space(image), keepdim=True, correction=0)  # (N, C, 1, ...)
    return image + noise * spread * _amount(image, random, 0, most)


def _factor(image: Tensor, random: np.random.Generator, most: float) -> Tensor:
    """(N, C, 1, ...): from 1 / (1 + most) to 1 + most, as often below 1 as above."""
    return (1 + most) ** _amount(image, random, -1, 1)


def _amount(image: Tensor, random: np.random.Generator, low: float, high: float) -> Tensor:
    """(N, C, 1, ...): a number for each sample and channel."""
    numbers = random.uniform(low, high, (*image.shape[:2], *[1] * (image.ndim - 2)))
    return torch.from_numpy(numbers).to(image)


def _range(image: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value of each sample and channel, (N, C, 1, ...) each."""
    return image.amin(_space(image), keepdim=True), image.amax(_space(image), keepdim=True)


def _space(image: Tensor) -> tuple[int, ...]:
    return tuple(range(2, image.ndim))
