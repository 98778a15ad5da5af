"""Soft Dice loss: 1 - 2 |P and T| / (|P| + |T|), with probabilities in place of the mask P.

F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net", 3DV 2016 (with squared terms in the denominator there); without squares:
M. Drozdzal et al., "The Importance of Skip Connections in Biomedical Image Segmentation", 2016. Each class counts the same,
however few pixels it has.

An absent class is the loss's hard case: without one true pixel the intersection is 0 whatever the network says. Two answers are
offered, and neither makes false positives free:

- empty="false positives": the class costs its mean probability, that is the part of the image that it claims falsely. The
  loss falls steadily to 0 as the false claims vanish, with the same gradient all the way.
- empty="smooth": the formula as it stands, 1 - eps / (|P| + eps), as in MONAI. It stays near 1 until the class claims
  less than about eps pixels, so its gradient is close to nothing and only another loss removes the false positives.
"""

from typing import Literal

import torch
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses.check import check_loss_input

Over = Literal["sample", "batch"]
Empty = Literal["false positives", "smooth"]


def dice_loss(
    logits: Tensor,
    label: Tensor,
    *,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples and classes of 1 - (2 |P and T| + eps) / (|P| + |T| + eps).

    Args:
        logits: (N, C, *spatial); the softmax is taken here.
        label: (N, *spatial) integers from 0 to C - 1.
        ignore_index: pixels with this label count neither as predicted nor as true.
        include_background: whether class 0 counts as a class too.
        over: "sample" measures each sample alone and averages, so each patient counts the same; "batch" measures the batch
            as if it were one image, so a large object outweighs small ones.
        empty: what a class costs that has no true pixel in the sample ("sample") or in the batch ("batch"): see above.
        eps: keeps the fraction defined.

    Returns:
        A scalar in 0..1; sums are taken in float32 at least, also for logits of half precision.
    """
    check_loss_input(logits, label, ignore_index)
    if over not in ("sample", "batch") or empty not in ("false positives", "smooth"):
        raise UserError(
            f"over is {over!r} and empty is {empty!r}; over is 'sample' or 'batch', empty 'false positives' or 'smooth'."
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    probabilities = torch.softmax(logits, dim=1, dtype=dtype)  # (N, C, *spatial)
    classes = torch.arange(logits.shape[1], device=label.device).view(-1, *[1] * (label.ndim - 1))  # (C, 1, ..., 1)
    truth = label[:, None] == classes  # (N, C, *spatial), boolean
    counts = torch.ones_like(label, dtype=dtype)[:, None]  # (N, 1, *spatial): 1 where a pixel counts
    if ignore_index is not None:
        counts = counts * (label != ignore_index)[:, None]
    if not include_background:
        probabilities, truth = probabilities[:, 1:], truth[:, 1:]

    axes = tuple(range(2, logits.ndim)) if over == "sample" else (0, *range(2, logits.ndim))
    claimed = (probabilities * counts).sum(axes)  # (N, C) or (C,), as the next three
    true = (truth * counts).sum(axes)
    both = (probabilities * truth * counts).sum(axes)
    loss = 1 - (2 * both + eps) / (claimed + true + eps)
    if empty == "false positives":
        pixels = counts.sum(axes).clamp(min=1)  # (N, 1) or (1,)
        loss = torch.where(true > 0, loss, claimed / pixels)
    return loss.mean()
