"""The window: which part of a scan's intensities a screen shows, from black to white."""

from typing import TypeVar

import numpy as np
from torch import Tensor

from medsegedu.errors import UserError

Image = TypeVar("Image", np.ndarray, Tensor)


def window(image: Image, center: float, width: float) -> Image:
    """Map `center - width / 2` to 0 and `center + width / 2` to 1, and cut off what lies outside.

    Args:
        image: array or tensor of any shape and any number type, in the scan's own unit (Hounsfield units in a CT).
        center, width: of the window, in the same unit.

    Returns:
        The same shape, floating point, 0..1; `image` is left as it was.

    Raises:
        UserError: the width is not above 0.
    """
    if not width > 0:
        raise UserError(f"The window's width is {width}; it must be above 0.")
    low = center - width / 2
    return ((image - low) / width).clip(0, 1)
