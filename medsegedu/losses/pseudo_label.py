"""Learning from images without a label: a network's own answers, where it is sure, or those of another network.

D.-H. Lee, "Pseudo-Label", ICML workshop 2013; with a confidence threshold: K. Sohn et al., "FixMatch", NeurIPS 2020. Two networks
that teach each other: X. Chen et al., "Semi-Supervised Semantic Segmentation with Cross Pseudo Supervision", CVPR 2021.
"""

import torch
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses.check import check_logits, check_number
from medsegedu.losses.cross_entropy import cross_entropy


@torch.no_grad()
def pseudo_label(logits: Tensor, threshold: float, *, ignore_index: int = -1) -> Tensor:
    """The class of each pixel in logits (N, C, *spatial), as a label (N, *spatial) to train with; it carries no gradient.

    Args:
        threshold: pixels whose largest probability is below it become `ignore_index`. They are left out, and not made
            background: "I don't know" is not "there is nothing".
        ignore_index: a number that is no class; give it to the loss too.
    """
    check_logits(logits)
    check_number("threshold", threshold, 0, 1)
    if 0 <= ignore_index < logits.shape[1]:
        raise UserError(
            f"ignore_index is {ignore_index}, which is one of the {logits.shape[1]} classes; give another number, such as -1."
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    confidence, label = torch.softmax(logits, dim=1, dtype=dtype).max(1)  # (N, *spatial) each
    return label.masked_fill(confidence < threshold, ignore_index)


def cross_pseudo_loss(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    """Cross-entropy of each network with the other's hard answer as label; both logits (N, C, *spatial), same images.

    An answer is a class number: no gradient passes through it, so each network learns as a pupil and never as a teacher.
    """
    check_logits(logits_a, logits_b)
    return cross_entropy(logits_a, logits_b.argmax(1)) + cross_entropy(logits_b, logits_a.argmax(1))
