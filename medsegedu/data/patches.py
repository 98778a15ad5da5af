"""Random patches, drawn so that rare classes are seen as often as common ones."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.data.case import Dataset
from medsegedu.errors import UserError


class PatchSampler:
    """Draws batches of patches from a dataset; the same seed draws the same patches.

    Half of the patches (`foreground`) are centred on a pixel of a class drawn evenly among the foreground classes present,
    the others lie anywhere. Without that, a lesion that fills 0.1 % of an image is met in every twentieth patch or less.

    Args:
        dataset: images of any sizes, all labelled; those smaller than the patch are padded at the far ends with zeros.
        size: of a patch, one number or one per axis.
        batch: patches in a batch.
        foreground: the share of patches centred on a foreground pixel.
        margin: a shift of the centre by up to this share of the patch, so that targets are not always in the middle.
    """

    def __init__(
        self, dataset: Dataset, size: int | tuple[int, ...], batch: int = 16, *, foreground: float = 0.5, margin: float = 0.25,
        seed: int = 0,
    ) -> None:  # fmt: skip
        dims = dataset[0].dims
        self.size = (size,) * dims if isinstance(size, int) else tuple(size)
        self.batch, self.foreground, self.margin = batch, foreground, margin
        self.random = np.random.default_rng(seed)
        self.cases = list(dataset)
        self.shapes: list[np.ndarray] = []  # of the images, padded
        self.places: dict[int, list[tuple[int, Tensor]]] = {}  # class -> [(image, flat indices of its pixels)]
        for which, case in enumerate(self.cases):
            if case.label is None:
                raise UserError(f"Case {case.id} has no label, so nothing can be learnt from it; leave it out.")
            label = self._padded(case.label)
            self.shapes.append(np.array(label.shape))
            for value in torch.unique(label).tolist():
                if value > 0:
                    pixels = (label.flatten() == value).nonzero()[:, 0].int()
                    self.places.setdefault(value, []).append((which, pixels))

    def draw(self) -> tuple[Tensor, Tensor]:
        """One batch: image (N, C, *size) float32 and label (N, *size) int64."""
        patches = [self._patch() for _ in range(self.batch)]
        images, labels = zip(*patches, strict=True)
        return torch.stack(images), torch.stack(labels)

    def _patch(self) -> tuple[Tensor, Tensor]:
        if self.places and self.random.random() < self.foreground:
            value = list(self.places)[self.random.integers(len(self.places))]
            which, pixels = self.places[value][self.random.integers(len(self.places[value]))]
            flat = int(pixels[self.random.integers(len(pixels))])
            centre = np.array(np.unravel_index(flat, self.shapes[which]))
            start = centre - np.array(self.size) // 2 + self._shift()
        else:
            which = int(self.random.integers(len(self.cases)))
            start = self.random.integers(0, self.shapes[which] - self.size + 1)
        start = np.clip(start, 0, self.shapes[which] - self.size)
        window = tuple(slice(int(s), int(s) + n) for s, n in zip(start, self.size, strict=True))
        image, label = self.cases[which].image, self.cases[which].label
        assert label is not None
        return self._padded(image)[:, *window], self._padded(label)[window]

    def _shift(self) -> np.ndarray:
        reach = (np.array(self.size) * self.margin).astype(int)
        return self.random.integers(-reach, reach + 1)

    def _padded(self, array: Tensor) -> Tensor:
        short = [max(0, n - m) for n, m in zip(self.size, array.shape[-len(self.size) :], strict=True)]
        return F.pad(array, [n for s in reversed(short) for n in (0, s)]) if any(short) else array
