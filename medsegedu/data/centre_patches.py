"""Patches around single pixels: what a sliding window reads, and a sampler that shows it every class equally often.

Mirrored borders and class-balanced patches: D. C. Ciresan et al., "Deep Neural Networks Segment Neuronal Membranes in
Electron Microscopy Images", NIPS 2012.
"""

from itertools import cycle, islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.case import Dataset
from medsegedu.errors import UserError


def extract_patch(image: Tensor, row: int, column: int, size: int) -> Tensor:
    """The square around one pixel: (C, H, W) -> (C, size, size). Beyond its border pixels the image is mirrored.

    Raises:
        UserError: the size is even (such a patch has no centre), or the image is too small to be mirrored that far.
    """
    padded = _mirrored(image, size)  # (C, H + size - 1, W + size - 1): the patch around (row, column) starts there
    return padded[:, row : row + size, column : column + size].clone()  # (C, size, size)


def balanced_sample(label: Tensor, n: int, random: np.random.Generator) -> Tensor:
    """Draw `n` pixels of a label map (*spatial), equally many of each class that is present -> (n, axes) int64.

    The draw is with replacement, class by class; what `n` leaves over goes to the first classes, one each.
    """
    classes = label.unique()
    share, rest = divmod(n, len(classes))
    drawn = []
    for k, value in enumerate(classes):
        pixels = (label == value).nonzero()  # (pixels of this class, axes)
        drawn.append(pixels[random.integers(len(pixels), size=share + (k < rest))])
    return torch.cat(drawn)  # (n, axes)


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
        self._images: list[Tensor] = []  # mirrored: (C, H + size - 1, W + size - 1)
        labels: list[Tensor] = []
        for case in dataset:
            if case.label is None:
                raise UserError(f"Case {case.id} has no label, so nothing can be learnt from it; leave it out.")
            self._images.append(_mirrored(case.image, size))
            labels.append(case.label)
        counts = np.array([label.numel() for label in labels])
        self._starts = np.cumsum(counts) - counts  # each image's first pixel among the pixels of all images
        self._widths = np.array([label.shape[1] for label in labels])
        self._label = torch.cat([label.flatten() for label in labels])  # (pixels of all images,)
        groups = [self._label == value for value in self._label.unique()] if balanced else [self._label >= 0]
        self._places = [group.nonzero()[:, 0].numpy() for group in groups]  # of each class, where its pixels are

    def draw(self) -> tuple[Tensor, Tensor]:
        """One batch: patches (batch, C, size, size) float32 and the classes (batch,) int64 of their centres."""
        taken = islice(cycle(self._places), self.batch)  # class by class
        pixels = np.array([place[self.random.integers(len(place))] for place in taken])  # (batch,)
        which = np.searchsorted(self._starts, pixels, side="right") - 1  # (batch,) images
        rows, columns = np.divmod(pixels - self._starts[which], self._widths[which])
        patches = [
            self._images[image][:, row : row + self.size, column : column + self.size]
            for image, row, column in zip(which, rows, columns, strict=True)
        ]
        return torch.stack(patches), self._label[pixels]


def _mirrored(image: Tensor, size: int) -> Tensor:
    """(C, H, W) -> (C, H + size - 1, W + size - 1), so that the patch around pixel (i, j) begins at (i, j)."""
    half, least = size // 2, min(image.shape[-2:])
    if size < 1 or size % 2 == 0:
        raise UserError(f"size is {size}; choose an odd number: the patch needs a centre pixel.")
    if half >= least:
        raise UserError(
            f"An image of {image.shape[-2]} x {image.shape[-1]} can't be mirrored by {half} pixels for patches of {size}; "
            f"choose a size below {2 * least}."
        )
    return F.pad(image[None], (half,) * 4, mode="reflect")[0]
