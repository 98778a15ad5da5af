"""MS-SSIM loss: do probabilities and truth look alike in structure, at several scales? It favours clear, right outlines.

Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale Structural Similarity for Image Quality Assessment", Asilomar 2003; as a
loss for segmentation in H. Huang et al., "UNet 3+", ICASSP 2020. In a window of 11 pixels (Gaussian, sigma 1.5, all of it
inside the image) two maps have means m, variances v and a covariance c:

    luminance = (2 m1 m2 + .01^2) / (m1^2 + m2^2 + .01^2),    contrast = (2 c + .03^2) / (v1 + v2 + .03^2)

Each is averaged over the image; then both are halved in size, and so on. MS-SSIM is the product of the contrasts of all scales
and, at the coarsest alone, the luminance, each to the power of its scale's weight. That is Wang's definition, which
pytorch-msssim and MONAI follow. A contrast below 0 (the opposite of the truth) counts as 0, with no gradient, and
then so does the product: add this loss to another one.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses.check import check_number
from medsegedu.losses.overlap import class_maps
from medsegedu.losses.power import safe_power

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # finest scale first; Wang's, from experiments with observers
WINDOW, SIGMA = 11, 1.5


def ms_ssim_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    scales: int = 5,
) -> Tensor:
    """1 - the mean over samples and classes of MS-SSIM(probabilities, truth); 0..1.

    An absent class is compared with an empty map, so that false positives cost at every scale.

    Args:
        logits: (N, C, *spatial); the softmax is taken here.
        label: (N, *spatial) integers from 0 to C - 1.
        ignore_index: pixels with this label count as 0 in both maps.
        include_background: whether class 0 counts as a class too.
        scales: 1 to 5; every axis needs 11 * 2^(scales - 1) pixels, so 176 for 5, 44 for 3. With fewer than 5 the weights of
            the finest are scaled up to the same sum.
    """
    check_number("scales", scales, 1, len(WEIGHTS))
    probabilities, truth, _ = class_maps(logits, label, ignore_index, include_background)
    _check_size(tuple(label.shape[1:]), scales)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[label.ndim - 2]
    similarity = truth.new_ones(truth.shape[:2])  # (N, C)
    for scale, weight in enumerate(WEIGHTS[:scales]):
        if scale > 0:
            probabilities, truth = pool(probabilities, 2), pool(truth, 2)  # an odd last row is dropped
        luminance, contrast = _compare(probabilities, truth)
        look = luminance * contrast if scale == scales - 1 else contrast
        exponent = weight * sum(WEIGHTS) / sum(WEIGHTS[:scales])
        similarity = similarity * safe_power(look.flatten(2).mean(-1), exponent)
    return (1 - similarity).mean()


def _compare(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance and contrast of each window of two maps (N, C, *spatial), 10 pixels smaller along each axis."""
    mean_x, mean_y = _blur(x), _blur(y)
    variances = _blur(x * x) - mean_x**2 + _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return luminance, (2 * covariance + 0.03**2) / (variances + 0.03**2)


def _blur(maps: Tensor) -> Tensor:
    """Gaussian mean around each pixel: along one axis after the other, a weighted sum of 11 shifted copies."""
    heights = [math.exp(-(((k - WINDOW // 2) / SIGMA) ** 2) / 2) for k in range(WINDOW)]
    for axis in range(2, maps.ndim):
        size = maps.shape[axis] - WINDOW + 1
        copies = [height / sum(heights) * maps.narrow(axis, k, size) for k, height in enumerate(heights)]
        maps = torch.stack(copies).sum(0)
    return maps


def _check_size(size: tuple[int, ...], scales: int) -> None:
    if min(size) >= WINDOW * 2 ** (scales - 1):
        return
    fitting = [n for n in range(1, scales) if min(size) >= WINDOW * 2 ** (n - 1)]
    fix = f"give scales={fitting[-1]}, or larger images" if fitting else f"give images of at least {WINDOW} pixels"
    raise UserError(
        f"{' x '.join(map(str, size))} is too small for {scales} scales, which need {WINDOW * 2 ** (scales - 1)} pixels "
        f"along each axis; {fix}."
    )
