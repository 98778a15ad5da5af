"""How far a network sees: the receptive field, from kernels, strides and dilations alone."""

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from medsegedu.errors import UserError

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d, nn.MaxPool2d, nn.MaxPool3d)
_DECONVOLUTIONS = (nn.ConvTranspose2d, nn.ConvTranspose3d)


def receptive_field(model: nn.Module) -> int:
    """How many input pixels along an axis one output pixel depends on, on an input without borders.

    The layers are followed backwards in the order in which the model registered them, so the model must register its
    deepest path in order, as those of this package do; skips only shorten the way. Behind an up-convolution
    neighbouring outputs see a little more or less of the input; the largest is returned. What a normalisation averages over
    while it trains is not counted.

    Raises:
        UserError: the model has a linear layer, whose window is not known before an image comes.
    """
    if any(isinstance(layer, nn.Linear) for layer in model.modules()):
        raise UserError("A linear layer reads the whole map; call receptive_field(model.convolutional()) instead.")
    layers = [layer for layer in model.modules() if isinstance(layer, _CONVOLUTIONS + _DECONVOLUTIONS)]
    period = math.prod(_first(layer.stride) for layer in layers if isinstance(layer, _CONVOLUTIONS))
    return max(_window(layers, pixel) for pixel in range(period))


def _window(layers: Sequence[nn.Module], pixel: int) -> int:
    """The width of the interval of input pixels on which one output pixel depends."""
    low = high = pixel
    for layer in reversed(layers):
        kernel, stride = _first(layer.kernel_size), _first(layer.stride)
        padding, reach = _first(layer.padding), _first(layer.dilation) * (kernel - 1)
        if isinstance(layer, _CONVOLUTIONS):  # output i reads inputs i * stride - padding + (0 .. reach)
            low, high = low * stride - padding, high * stride - padding + reach
        else:  # input i writes to outputs i * stride - padding + (0 .. reach): solved for i
            low, high = -((reach - padding - low) // stride), (high + padding) // stride
    return high - low + 1


def _first(value: Any) -> int:
    """Kernels of this package are the same along each axis: torch keeps them as one number or as a tuple."""
    return int(value[0] if isinstance(value, tuple) else value)
