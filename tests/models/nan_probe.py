"""Which pixels does an output depend on? A NaN in the input spreads to exactly those, through every layer that is used here."""

import torch
from torch import nn


def seen_pixels(model: nn.Module, channels: int, size: int, dims: int = 2) -> torch.Tensor:
    """Along the first axis, in an image 16 wide: (outputs, inputs) boolean, whether an output depends on an input."""
    model = model.double().eval()  # float64 takes the plain convolutions, which keep a NaN where it belongs
    images = torch.zeros(size, channels, size, *[16] * (dims - 1), dtype=torch.float64)
    for pixel in range(size):
        images[(pixel, 0, pixel, *[8] * (dims - 1))] = torch.nan
    with torch.no_grad():
        logits = model(images)  # (inputs, classes, outputs, ...)
    return logits.isnan().any(1).flatten(2).any(2).T
