"""A fully connected layer is a convolution that fits only once (Long, Shelhamer & Darrell, CVPR 2015, section 3.1)."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from medsegedu.errors import UserError
from medsegedu.layers.conv import conv


def linear_to_conv(
    linear: nn.Linear, channels: int, size: Sequence[int], *, dilation: int = 1
) -> nn.Conv2d | nn.Conv3d:
    """Turn a linear layer that reads a flattened map (channels, *size) into the convolution with the same weights.

    The convolution's kernel is the whole map, so on (N, channels, *size) it fits once and gives the linear layer's output as
    (N, out, 1, ..., 1); on a larger map it gives that output at each place. The weights are copied.

    Args:
        linear: the layer, with channels * prod(size) inputs.
        channels, size: the map that was flattened; `size` has 2 or 3 entries, (1, 1) after another linear layer.
        dilation: the distance between the kernel's entries, where pools were replaced by dilation.

    Raises:
        UserError: the map has another number of values than the layer reads.
    """
    values = channels * math.prod(size)
    if values != linear.in_features:
        raise UserError(
            f"A map of {channels} channels and size {tuple(size)} has {values} values, but the linear layer reads "
            f"{linear.in_features}; give the channels and the size that were flattened before it."
        )
    convolution = conv(len(size))(
        channels,
        linear.out_features,
        tuple(size),  # type: ignore[arg-type]
        dilation=dilation,
        bias=linear.bias is not None,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.reshape(convolution.weight.shape))  # (out, C * prod) -> (out, C, *size)
        if convolution.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution
