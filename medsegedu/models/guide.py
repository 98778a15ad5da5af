"""The classification-guided module of UNet 3+: which organs does the image show? Those that it does not show are vetoed.

H. Huang et al., "UNet 3+: A Full-Scale Connected UNet for Medical Image Segmentation", ICASSP 2020, section 2.3. On an
image without the organ a decoder still finds something alike; the deepest map, which sees the whole image, can tell.

Deviations: the paper has one organ and two outputs, absent and present; here two for each class but the background, of which
the larger wins. The authors' public code multiplies the *logits* by 0 where the organ is absent and then takes the sigmoid,
which gives one half everywhere, and keeps the module's answer to itself, so that nothing trains it. Here an absent class
loses 10,000 from its logits, and only in eval mode, so that the decoder learns from every image. The module learns from a loss
of its own (`UNet3Plus.presence`); it starts by saying "present", so that one which nobody trains vetoes nothing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.layers import conv

_NEVER = -1e4  # added to a logit: then below every other, and still a number in half precision


class Guide(nn.Module):
    """The classification-guided module: which classes does an image show? Deepest map -> logits (N, classes - 1)."""

    def __init__(self, channels: int, classes: int, dims: int) -> None:
        super().__init__()
        self.organs = max(classes - 1, 1)  # a single class is an organ without a background
        self.dropout = nn.Dropout(0.5)
        self.score = conv(dims)(channels, 2 * self.organs, 1)

    def start(self) -> None:
        """Say "present" of every class, whatever the image."""
        assert self.score.bias is not None
        nn.init.zeros_(self.score.weight)
        with torch.no_grad():
            self.score.bias.copy_(torch.arange(2 * self.organs) >= self.organs)

    def forward(self, deepest: Tensor) -> Tensor:
        scores = self.score(self.dropout(deepest))  # (N, 2 * organs, *small)
        absent, present = scores.flatten(2).amax(2).chunk(2, dim=1)  # (N, organs) each: the largest of all positions
        return present - absent


def veto(logits: Tensor, presence: Tensor) -> Tensor:
    """Take the classes that `presence` (N, organs) denies out of logits (N, C, *spatial); the background always stays."""
    push = torch.zeros_like(presence).masked_fill(presence <= 0, _NEVER)
    push = F.pad(push, (logits.shape[1] - push.shape[1], 0))  # (N, C), 0 for the background
    return logits + push.reshape(*push.shape, *[1] * (logits.ndim - 2))


def present_classes(label: Tensor, classes: int) -> Tensor:
    """What `presence` should say: 1 where a label (N, *spatial) shows the class, 0 elsewhere -> (N, classes - 1)."""
    organs = torch.arange(1, max(classes, 2), device=label.device)  # (organs,)
    return (label.flatten(1)[:, :, None] == organs).any(1).float()  # (N, organs)
