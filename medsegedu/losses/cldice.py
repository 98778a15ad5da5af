"""clDice loss: do the skeleton of each tube and the other tube overlap? For vessels and airways, where gaps matter.

S. Shit et al., "clDice: a Novel Topology-Preserving Loss Function for Tubular Structure Segmentation", CVPR 2021. A Dice loss
hardly notices a gap of one pixel in a long vessel, but the skeleton is cut in two. Skeletons are soft: morphology by
minimum and maximum filters, which gradients pass through.

*Deviations.* The paper has one foreground class; here each class is measured alone, sample by sample, and averaged. An even
probability has no skeleton, so without a true pixel the formula lets false positives go free: an absent class costs its mean
probability instead, as in `dice_loss`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.losses.check import check_number
from medsegedu.losses.overlap import class_maps, measure


def cldice_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    iterations: int = 10,
    smooth: float = 1.0,
) -> Tensor:
    """Mean over samples and classes of 1 - clDice; 0..1. The paper adds it to a Dice loss, since skeletons have no width.

    Args:
        ignore_index: pixels with this label belong to no tube, predicted or true: a tube that runs into them ends there.
        iterations: layers that are peeled off; at least the radius, in pixels, of the widest tube.
        smooth: pixels added to every sum that is divided, as in the authors' code.

    The other arguments are those of `dice_loss`.
    """
    check_number("iterations", iterations, 0)
    probabilities, truth, counts = class_maps(logits, label, ignore_index, include_background)
    precision = _part_inside(soft_skeleton(probabilities, iterations), truth, smooth)  # (N, C), as the next one
    sensitivity = _part_inside(soft_skeleton(truth, iterations), probabilities, smooth)
    loss = 1 - 2 * precision * sensitivity / (precision + sensitivity)
    return measure(probabilities, truth, counts, "sample").settle(loss).mean()


def soft_skeleton(maps: Tensor, iterations: int) -> Tensor:
    """The centre lines of maps (N, C, *spatial) of values 0..1: what an opening would remove, layer by layer."""
    skeleton = F.relu(maps - _open(maps))
    for _ in range(iterations):
        maps = _erode(maps)
        found = F.relu(maps - _open(maps))
        skeleton = skeleton + F.relu(found - skeleton * found)  # a soft "or"
    return skeleton


def _part_inside(skeleton: Tensor, tube: Tensor, smooth: float) -> Tensor:
    axes = tuple(range(2, tube.ndim))
    return ((skeleton * tube).sum(axes) + smooth) / (skeleton.sum(axes) + smooth)


def _open(maps: Tensor) -> Tensor:
    return _max(_erode(maps), [3] * (maps.ndim - 2))


def _erode(maps: Tensor) -> Tensor:
    """The least of each pixel and its face neighbours."""
    dims = maps.ndim - 2
    lines = [[3 if axis == along else 1 for axis in range(dims)] for along in range(dims)]  # 3 x 1, 1 x 3
    return torch.stack([-_max(-maps, line) for line in lines]).amin(0)


def _max(maps: Tensor, window: list[int]) -> Tensor:
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(window) - 1]
    return pool(maps, window, stride=1, padding=[size // 2 for size in window])
