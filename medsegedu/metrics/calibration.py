"""Expected calibration error: does a network that says "90 % sure" hit 90 times of 100?

C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Several things go by this name. Here it is the *top-label*
confidence, the probability of the class that was chosen, in *equal-width* bins; the other classes' probabilities, and bins of
equal counts, make other numbers. Every pixel counts, and most are background that no one doubts, which flatters: to judge an
object, ignore what is far from it.
"""

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from medsegedu.errors import UserError


def expected_calibration_error(
    probabilities: ArrayLike | Tensor, label: ArrayLike | Tensor, *, bins: int = 15, ignore_index: int | None = None
) -> float:
    """The mean over pixels of |accuracy - confidence| in the pixel's bin of confidence, 0..1; less is better.

    Args:
        probabilities: (C, *spatial), the softmax of the logits. Several images: stack them after the classes, (C, N, *spatial).
        label: (*spatial) integers from 0 to C - 1.
        bins: parts of 0..1, each without its lower end and with its upper.
        ignore_index: pixels with this label do not count.

    Raises:
        UserError: shapes or values that do not fit, or no pixel that counts.
    """
    p, truth = (np.asarray(v.detach().cpu().double() if isinstance(v, Tensor) else v) for v in (probabilities, label))
    if p.ndim < 2 or p.shape[1:] != truth.shape:
        raise UserError(
            f"The probabilities have shape {p.shape} and the label {truth.shape}; give (C, *spatial) and (*spatial)."
        )
    if bins < 1:
        raise UserError(f"bins is {bins}; give at least 1.")
    counts = truth != ignore_index
    if not counts.any():
        raise UserError(f"Each pixel of the label is {ignore_index}, which is ignored; leave out this image.")
    p, truth = p[:, counts].astype(float), truth[counts]  # (C, pixels), (pixels,)
    if not (np.isfinite(p).all() and p.min() >= 0 and np.allclose(p.sum(0), 1, atol=1e-2)):
        raise UserError(
            f"The values, from {p.min():.3g} to {p.max():.3g}, are no probabilities that add up to 1 over the classes; "
            f"give logits.softmax(0)."
        )
    if not np.isin(truth, np.arange(len(p))).all():
        raise UserError(f"The label runs from {truth.min():g} to {truth.max():g}, but there are {len(p)} classes.")

    confidence, hit = p.max(0), p.argmax(0) == truth
    in_bin = np.searchsorted(np.arange(1, bins) / bins, confidence)  # how many inner borders lie below
    gap = np.bincount(in_bin, hit, bins) - np.bincount(in_bin, confidence, bins)  # of the bin's sums, not its means
    return float(np.abs(gap).sum() / confidence.size)
