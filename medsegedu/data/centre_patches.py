"""Patches around single pixels: what a sliding window reads, and a sampler that shows it every class equally often.

Mirrored borders and class-balanced patches: D. C. Ciresan et al., "Deep Neural Networks Segment Neuronal Membranes in
Electron Microscopy Images", NIPS 2012.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.case import Dataset
from medsegedu.errors import UserError


def extract_patch(image: Tensor, row: int, column: int, size: int) -> Tensor:
    """The square around one pixel: (C, H, W) -> (C, size, size), a copy; beyond its border the image is mirrored.

    Raises:
        UserError: the size is even (such a patch has no centre), or the image is too small to be mirrored that far.
    """
    half = _half(size, image)
    rows = _mirrored(torch.arange(row - half, row + half + 1, device=image.device), image.shape[1])
    columns = _mirrored(torch.arange(column - half, column + half + 1, device=image.device), image.shape[2])
    return image[:, rows[:, None], columns]  # (C, size, size)


def balanced_sample(label: Tensor, n: int, random: np.random.Generator) -> Tensor:
    """Draw `n` pixels of a label map (*spatial), equally many of each class that is present -> (n, axes) int64.

    The draw is with replacement, class by class; what `n` leaves over goes to the first classes, one each.
    """
    flat = _draw(_places(label.flatten()), n, random)
    return torch.stack(torch.unravel_index(flat, label.shape), dim=1)  # (n, axes)


class CentrePatchSampler:
    """Draws patches, each with the class of its centre pixel, for `training.fit`; the same seed draws the same patches.

    Args:
        dataset: labelled 2D images of any sizes.
        size: of a patch in pixels, odd.
        batch: patches in a batch.
        balanced: equally many patches of each class; False draws any pixel, so that rare classes stay rare.

    Raises:
        UserError: a case without a label, an even size, or an image too small to be mirrored that far.
    """

    def __init__(self, dataset: Dataset, size: int, batch: int = 128, *, balanced: bool = True, seed: int = 0) -> None:
        self.size, self.batch, self.random = size, batch, np.random.default_rng(seed)
        self._images: list[Tensor] = []
        labels: list[Tensor] = []
        for case in dataset:
            if case.label is None:
                raise UserError(f"Case {case.id} has no label, so nothing can be learnt from it; leave it out.")
            half = _half(size, case.image)
            # (C, H, W) -> (C, H + size - 1, W + size - 1): the patch around pixel (i, j) now starts at (i, j)
            self._images.append(F.pad(case.image[None], (half,) * 4, mode="reflect")[0])
            labels.append(case.label)
        self._widths = np.array([label.shape[1] for label in labels])
        counts = np.array([label.numel() for label in labels])
        self._starts = np.cumsum(counts) - counts  # each image's first pixel in the row of all pixels
        self._label = torch.cat([label.flatten() for label in labels])  # (pixels of all images,)
        self._places = _places(self._label) if balanced else [torch.arange(len(self._label))]

    def draw(self) -> tuple[Tensor, Tensor]:
        """One batch: patches (batch, C, size, size) float32 and the classes (batch,) int64 of their centres."""
        pixels = _draw(self._places, self.batch, self.random)  # (batch,)
        which = np.searchsorted(self._starts, pixels.numpy(), side="right") - 1  # (batch,) images
        rows, columns = np.divmod(pixels.numpy() - self._starts[which], self._widths[which])
        patches = [
            self._images[image][:, row : row + self.size, column : column + self.size]
            for image, row, column in zip(which, rows, columns, strict=True)
        ]
        return torch.stack(patches), self._label[pixels]


def _half(size: int, image: Tensor) -> int:
    """How far a patch reaches from its centre."""
    half, least = size // 2, min(image.shape[-2:])
    if size < 1 or size % 2 == 0:
        raise UserError(f"size is {size}; choose an odd number: the patch needs a centre pixel.")
    if half >= least:
        raise UserError(
            f"An image of {image.shape[-2]} x {image.shape[-1]} can't be mirrored by {half} pixels for patches of {size}; "
            f"choose a size below {2 * least}."
        )
    return half


def _mirrored(index: Tensor, length: int) -> Tensor:
    """... -2 -1 0 1 ... -> ... 2 1 0 1 ..., and the same at the far end."""
    return length - 1 - (length - 1 - index.abs()).abs()


def _places(label: Tensor) -> list[Tensor]:
    """For each class present, from the smallest number on, the indices of its pixels in the flat `label`."""
    return [(label == value).nonzero()[:, 0] for value in label.unique()]


def _draw(places: Sequence[Tensor], n: int, random: np.random.Generator) -> Tensor:
    """`n` indices, as evenly from all `places` as can be."""
    share, rest = divmod(n, len(places))
    counts = [share + (k < rest) for k in range(len(places))]
    chosen = [torch.from_numpy(random.integers(len(p), size=count)) for p, count in zip(places, counts, strict=True)]
    return torch.cat([place[index] for place, index in zip(places, chosen, strict=True)])  # (n,)
