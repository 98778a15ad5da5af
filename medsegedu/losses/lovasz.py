"""Lovasz-softmax loss: a surrogate of the IoU that agrees with it on every hard segmentation, and is convex in the errors.

M. Berman, A. Rannen Triki, M. B. Blaschko, "The Lovasz-Softmax Loss: A Tractable Surrogate for the Optimization of the
Intersection-over-Union Measure in Neural Networks", CVPR 2018. Sort the pixels by their error, the worst first, and count
them as wrong one after the other; each error is weighted by what its pixel adds to 1 - IoU. So an error weighs more in a small
object than in a large one.

*Deviations.* The paper averages over all classes or over those that are present; an absent class then costs its largest
error (one pixel with a gradient) or nothing. Here it costs its mean probability, as in `dice_loss`, so that every false
positive is pushed down.
"""

import torch
from torch import Tensor

from medsegedu.losses.overlap import Over, class_maps, measure


def lovasz_softmax_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = True,
    over: Over = "batch",
) -> Tensor:
    """Mean over the classes, and the samples if measured one by one, of the Lovasz extension of 1 - IoU; 0..1.

    Args:
        include_background: as in the paper, class 0 counts as a class too.
        over: "batch" sorts all pixels of the batch together, as in the authors' code; "sample" those of each sample.

    The other arguments are those of `dice_loss`.
    """
    probabilities, truth, counts = class_maps(logits, label, ignore_index, include_background)
    found = measure(probabilities, truth, counts, over)
    errors = (truth - probabilities).abs()  # 0 at ignored pixels, which are sorted last and add nothing
    if over == "sample":
        errors, truth = errors.flatten(2), truth.flatten(2)  # (N, C, pixels)
    else:
        errors, truth = errors.transpose(0, 1).flatten(1), truth.transpose(0, 1).flatten(1)  # (C, N * pixels)
    errors, order = errors.sort(dim=-1, descending=True)
    truth = truth.gather(-1, order)
    total = found.true[..., None]
    intersection = total - truth.cumsum(-1)  # with the first k pixels wrong, as the next one
    union = total + (1 - truth).cumsum(-1)
    growth = (1 - intersection / union).diff(dim=-1, prepend=torch.zeros_like(total))
    return found.settle((errors * growth).sum(-1)).mean()
