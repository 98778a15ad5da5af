"""Sizes at the door: is this a batch of images, and how does an odd size pass through stages that halve it?"""

import torch.nn.functional as F
from torch import Tensor

from medsegedu.errors import UserError


def check_image(image: Tensor, in_channels: int, dims: int) -> None:
    """Raise a UserError unless `image` is (N, in_channels, *spatial) with `dims` spatial axes, none of them empty."""
    if image.ndim != dims + 2:
        raise UserError(
            f"The image has shape {tuple(image.shape)}, but this network takes {dims + 2} axes: batch, channels and {dims} of "
            f"space. For one image without a batch axis pass image[None]."
        )
    if image.shape[1] != in_channels:
        raise UserError(
            f"The image has {image.shape[1]} channels, but this network was made for {in_channels}; "
            f"build it with in_channels={image.shape[1]} or choose the contrasts."
        )
    if 0 in image.shape:
        raise UserError(f"The image has shape {tuple(image.shape)}: an axis is empty. Check how it was cut.")


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Repeat the last pixel of each spatial axis until its size is a multiple: (N, C, *spatial) -> (N, C, *larger).

    Padding at the end only, so that cutting the result back to the first rows and columns gives the image again. Repeating
    an edge invents no contrast where there is none, and works for any size, down to one pixel.
    """
    margins = [(-size) % multiple for size in image.shape[2:]]
    if not any(margins):
        return image
    ends = [side for margin in reversed(margins) for side in (0, margin)]  # F.pad counts from the last axis
    return F.pad(image, ends, mode="replicate")


def crop(image: Tensor, start: tuple[int, ...], size: tuple[int, ...]) -> Tensor:
    """Cut a box: (N, C, *spatial) -> (N, C, *size)."""
    box = tuple(slice(first, first + length) for first, length in zip(start, size, strict=True))
    return image[(slice(None), slice(None), *box)]


def check_statistics(norm: str | None, training: bool, batch: int, size: tuple[int, ...], pools: int) -> None:
    """Raise a UserError when the deepest map of a network would hold one value, which no normalisation can centre.

    Args:
        norm, training: the network's normalisation, and whether it trains.
        batch, size: the batch's length and the image's spatial size.
        pools: how often the network halves the size.
    """
    one_pixel = all(length <= 2**pools for length in size)
    if one_pixel and (norm == "instance" or (norm == "batch" and training and batch == 1)):
        raise UserError(
            f"An image of {' x '.join(map(str, size))} shrinks to one pixel after {pools} poolings, so {norm} normalisation has "
            f"nothing to average; use at least {2**pools + 1} pixels along one axis, a smaller depth, or norm='group'."
        )
