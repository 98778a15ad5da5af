"""Inputs for the tests of losses: random from a seed, whatever the version of torch, in odd shapes."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def random_case(shape: tuple[int, ...], classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits (N, C, *spatial) in float64 and a label (N, *spatial) in which every sample holds every class."""
    random = np.random.default_rng(seed)
    logits = torch.from_numpy(random.standard_normal((shape[0], classes, *shape[1:])))
    label = torch.from_numpy(random.integers(0, classes, shape))
    label.flatten(1)[:, :classes] = torch.arange(classes)
    return logits, label


def certain(label: Tensor, classes: int) -> Tensor:
    """Logits of a network that is sure of this label map."""
    return 100.0 * F.one_hot(label, classes).movedim(-1, 1).double()


def blobs(shape: tuple[int, ...], classes: int, seed: int = 0) -> Tensor:
    """A label with connected, lopsided objects of every class, as in an image."""
    random = np.random.default_rng(seed)
    label = torch.zeros(shape, dtype=torch.int64)
    for sample in label:
        for number in range(1, classes):
            box = tuple(slice(start := int(random.integers(0, n - 3)), start + 3) for n in sample.shape)
            sample[box] = number
            corner = tuple(part.start for part in box)
            sample[corner] = 0
    return label
