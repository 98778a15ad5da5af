"""Soft normalised cut: good segments hold pixels that belong together, and lose little where they part. It needs no label.

J. Shi, J. Malik, "Normalized Cuts and Image Segmentation", IEEE TPAMI 2000; with probabilities in place of a decision: X. Xia,
B. Kulis, "W-Net", 2017. Two pixels i and j nearer than a radius are bound by

    w(i, j) = exp(-|intensity(i) - intensity(j)|^2 / sigma_intensity^2) * exp(-|i - j|^2 / sigma_distance^2)

and the loss counts, over K segments, the share of each segment's bonds that it does not keep to itself:

    K - sum_k  [sum_ij w(i, j) p_k(i) p_k(j)] / [sum_ij w(i, j) p_k(i)]

All bonds of an image of N pixels are N^2 numbers. Here they are visited one offset at a time, as two shifted views of the image,
so that memory grows with N times the offsets within the radius; each pair is met once and counted twice.
"""

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from medsegedu.errors import UserError


def soft_ncut_loss(
    logits: Tensor,
    image: Tensor,
    *,
    radius: float = 5,
    sigma_intensity: float = 0.2,
    sigma_distance: float = 4,
    spacing: Sequence[float] | None = None,
) -> Tensor:
    """The soft normalised cut of K segments, mean over the batch: 0 where no bond is cut, K - 1 for equal probabilities.

    Args:
        logits: (N, K, *spatial); the softmax over K is taken here.
        image: (N, C, *spatial), whose contrasts bind the pixels; the intensities' distance is over all C.
        radius: pixels at this distance or farther are not bound.
        sigma_intensity: the difference in intensity that still binds. The paper's 10 of 255 grey levels is 0.04 for images
            from 0 to 1; the default suits standardised images.
        sigma_distance: the distance that still binds, in the unit of `radius`.
        spacing: of a pixel along each axis; radius and sigma_distance then are millimetres. None: they are pixels.

    Returns:
        A scalar in 0..K; a segment that no pixel claims costs 1. Sums are taken in float32 at least.
    """
    dims = logits.ndim - 2
    if image.ndim != logits.ndim or image.shape[0] != logits.shape[0] or image.shape[2:] != logits.shape[2:]:
        raise UserError(
            f"logits have shape {tuple(logits.shape)} and image {tuple(image.shape)}; both need the same batch and size."
        )
    if min(radius, sigma_intensity, sigma_distance) <= 0:
        raise UserError(
            f"radius is {radius}, sigma_intensity {sigma_intensity}, sigma_distance {sigma_distance}; all must be above 0."
        )
    spacing = (1.0,) * dims if spacing is None else tuple(spacing)
    if len(spacing) != dims:
        raise UserError(f"spacing is {spacing}, but the image has {dims} spatial axes; give one number for each.")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    probabilities = torch.softmax(logits, dim=1, dtype=dtype)  # (N, K, *spatial)
    image = image.to(dtype)

    degree = torch.ones_like(image[:, :1])  # (N, 1, *spatial): a pixel's bonds in all; to itself it is bound by 1
    kept = probabilities / 2  # (N, K, *spatial): its bonds within each segment, each pair of pixels on one side only
    for offset, distance2 in _half_ball(radius, spacing, image.shape[2:]):
        here, there = _neighbours(offset, image.shape[2:])
        contrast2 = (image[here] - image[there]).square().sum(1, keepdim=True)  # (N, 1, *smaller)
        bond = torch.exp(-contrast2 / sigma_intensity**2 - distance2 / sigma_distance**2)
        kept[here] += bond * probabilities[there]
        degree[here] += bond
        degree[there] += bond
    inside = 2 * (probabilities * kept).flatten(2).sum(2)  # (N, K)
    in_all = (probabilities * degree).flatten(2).sum(2)  # (N, K)
    return (1 - inside / in_all.clamp(min=torch.finfo(dtype).tiny)).sum(1).mean()


def _half_ball(radius: float, spacing: Sequence[float], size: Sequence[int]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every offset nearer than `radius` with its squared distance, one of each pair (d, -d), and not zero."""
    reach = [min(int(radius / step), length - 1) for step, length in zip(spacing, size, strict=True)]
    for offset in itertools.product(*(range(-r, r + 1) for r in reach)):
        distance2 = sum((step * d) ** 2 for step, d in zip(spacing, offset, strict=True))
        if offset > (0,) * len(offset) and distance2 < radius**2:
            yield offset, distance2


def _neighbours(offset: Sequence[int], size: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the pixels are that have a neighbour at this offset, and where these neighbours are, in (N, C, *size)."""
    here = (slice(max(0, -d), min(n, n - d)) for d, n in zip(offset, size, strict=True))
    there = (slice(max(0, d), min(n, n + d)) for d, n in zip(offset, size, strict=True))
    return (slice(None), slice(None), *here), (slice(None), slice(None), *there)
