"""SPADE: a normalisation whose scale and shift come from a mask, so that normalising cannot wash the mask out.

T. Park, M.-Y. Liu, T.-C. Wang, J.-Y. Zhu, "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019.

Deviations: 32 hidden channels unless told, not 128; batch normalisation of one process, not synchronised over several.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.layers.conv import conv


class SPADE(nn.Module):
    """Normalise a map, then scale and shift each pixel as its class asks: (N, channels, *spatial) -> the same shape.

    Args:
        channels: of the map.
        classes: channels of the mask, which is one-hot.
        hidden: channels between the mask and the scale and shift.
        dims: 2 or 3.
    """

    def __init__(self, channels: int, classes: int, *, hidden: int = 32, dims: int = 2) -> None:
        super().__init__()
        self.shared = nn.Sequential(conv(dims)(classes, hidden, 3, padding=1), nn.ReLU())
        self.gamma = conv(dims)(hidden, channels, 3, padding=1)
        self.beta = conv(dims)(hidden, channels, 3, padding=1)
        batch_norm = (nn.BatchNorm2d, nn.BatchNorm3d)[dims - 2]
        self.norm = batch_norm(channels, affine=False)  # the mask gives what would be its parameters

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """
        Args:
            x: (N, channels, *spatial).
            mask: one-hot, boolean or 0 and 1, of any spatial size: (N, classes, *any).
        """
        mask = F.interpolate(mask.to(x.dtype), x.shape[2:], mode="nearest")  # (N, classes, *spatial), still 0 and 1
        hidden = self.shared(mask)  # (N, hidden, *spatial)
        return self.norm(x) * (1 + self.gamma(hidden)) + self.beta(hidden)  # (N, channels, *spatial)
