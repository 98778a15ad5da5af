"""A power with a gradient that stays finite."""

import torch
from torch import Tensor


def safe_power(base: Tensor, exponent: float) -> Tensor:
    """`base ** exponent`, and 0 with a gradient of 0 where the base is not above 0.

    With an exponent below 1 the true gradient at 0 is infinite, and one perfect pixel would turn every weight into NaN. A base
    just below 0 comes from rounding.
    """
    positive = base > 0
    return torch.where(positive, torch.where(positive, base, 1.0) ** exponent, 0.0)
