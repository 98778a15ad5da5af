"""Focal Tversky loss: a root of the Tversky loss of each class, so that a class that is nearly right still has a say.

N. Abraham, N. M. Khan, "A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion Segmentation", ISBI 2019.

Several formulas go by this name. The paper's, and ours, takes the power of each class *before* they are put together, and its
exponent is *one over* gamma: (1 - TI_c)^(1 / gamma), gamma = 4/3. Segmentation Models PyTorch raises the mean over classes
instead, mean(1 - TI)^gamma, with its gamma as the exponent; for one class the two agree, with gamma turned upside down.

*Deviations.* The paper adds the classes up, this is their mean. The paper's alpha = 0.7 is the price of false negatives and
beta = 0.3 of false positives; here the letters are those of `tversky_loss`, the other way round, with the same prices.
"""

from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses.overlap import Empty, Over, overlap
from medsegedu.losses.power import safe_power
from medsegedu.losses.tversky import tversky_by_class


def focal_tversky_loss(
    logits: Tensor,
    label: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    ignore_index: int | None = None,
    include_background: bool = False,
    over: Over = "sample",
    empty: Empty = "false positives",
    eps: float = 1e-5,
) -> Tensor:
    """Mean over samples and classes of (Tversky loss of the class)^(1 / gamma); 0..1.

    Args:
        gamma: above 1 the gradient grows as a class gets better, below 1 it fades as in the focal loss; 1 is `tversky_loss`.

    The other arguments are those of `tversky_loss`; an absent class costs its mean probability to the same power.
    """
    if not gamma > 0:
        raise UserError(f"gamma is {gamma!r}; give a number above 0, since its inverse is the exponent.")
    sums = overlap(logits, label, ignore_index=ignore_index, include_background=include_background, over=over)
    loss = sums.settle(tversky_by_class(sums, alpha, beta, eps), empty)  # (N, C) or (C,)
    return safe_power(loss, 1 / gamma).mean()
