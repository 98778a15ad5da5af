"""Bilinear enlargement written as the weights of a deconvolution (Long, Shelhamer & Darrell, CVPR 2015, section 3.3)."""

import torch
from torch import Tensor


def bilinear_kernel(channels: int, factor: int, dims: int = 2) -> Tensor:
    """Weights (channels, channels, *kernel) with which a deconvolution of stride `factor` interpolates each channel alone.

    Along an axis the kernel is a triangle of 2 * factor - factor % 2 values whose weights at each output pixel add up to
    1: factor 2 gives .25 .75 .75 .25, so the first row of the 2D kernel is .0625 .1875 .1875 .0625. No channel is mixed
    with another. (In 3D this is trilinear.)
    """
    size = 2 * factor - factor % 2
    centre = (size - 1) / 2
    row = 1 - (torch.arange(size, dtype=torch.float64) - centre).abs() / factor  # (size,), a triangle
    kernel = row
    for _ in range(dims - 1):
        kernel = kernel[..., None] * row  # one axis more each time: (size, ..., size)
    weight = torch.zeros(channels, channels, *kernel.shape, dtype=torch.float64)
    weight[range(channels), range(channels)] = kernel
    return weight.to(torch.get_default_dtype())
