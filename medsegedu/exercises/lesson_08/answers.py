"""The right answers of lesson 08, each fit to be pasted into a notebook."""

from collections.abc import Sequence

import torch


def normalise(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """image (C, *spatial), mask (*spatial) -> the same shape: mean 0 and deviation 1 within the mask, 0 outside."""
    inside = image[:, mask]  # (C, pixels of the mask)
    constant = inside.amin(1) == inside.amax(1)  # rounding keeps the deviation of a constant above 0: ask the pixels
    mean, deviation = inside.mean(1), inside.std(1).masked_fill(constant, torch.inf)  # (C,) each; x / inf = 0
    each = (-1, *[1] * mask.ndim)
    return (image - mean.view(each)) / deviation.view(each) * mask


def early_fusion(scans: dict[str, torch.Tensor], order: Sequence[str]) -> torch.Tensor:
    """{contrast: (N, *spatial)}, names of the channels -> (N, C, *spatial); a channel whose contrast is missing is zero."""
    nothing = torch.zeros_like(next(iter(scans.values())))  # (N, *spatial)
    return torch.stack([scans.get(name, nothing) for name in order], dim=1)


def late_fusion(logits: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """logits (M, N, classes, *spatial), present (M, N) -> probabilities (N, classes, *spatial)."""
    weight = present / present.sum(0)  # (M, N), adds up to 1 for each patient
    weight = weight.view(*weight.shape, *[1] * (logits.ndim - 2))  # (M, N, 1, 1, ...)
    return (weight * logits.softmax(2)).sum(0)


def modality_dropout(image: torch.Tensor, numbers: torch.Tensor, share: float) -> torch.Tensor:
    """image (N, C, *spatial), numbers (N, C) -> a copy in which some channels are zero, never all of a patient's."""
    keep = numbers >= share  # (N, C)
    keep[torch.arange(len(keep)), numbers.argmax(1)] = True
    return image * keep.view(*keep.shape, *[1] * (image.ndim - 2))


def gamma_law(image: torch.Tensor, exponent: torch.Tensor) -> torch.Tensor:
    """image (N, C, *spatial), exponent (N, C) -> each channel raised to its power over its own range, in its own range."""
    space = tuple(range(2, image.ndim))
    low, high = image.amin(space, keepdim=True), image.amax(space, keepdim=True)  # (N, C, 1, ...)
    unit = (image - low) / (high - low).masked_fill(high == low, 1)  # 0 to 1, and 0 where all is the same
    power = exponent.view(*exponent.shape, *[1] * len(space))  # (N, C, 1, ...)
    return low + unit**power * (high - low)
