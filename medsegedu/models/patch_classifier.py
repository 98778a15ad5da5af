"""The sliding window: classify the centre pixel of a patch, then move on by one pixel.

D. C. Ciresan, A. Giusti, L. M. Gambardella, J. Schmidhuber, "Deep Neural Networks Segment Neuronal Membranes in Electron
Microscopy Images", NIPS 2012. Its largest network reads 95 x 95 patches through four stages of 48 maps and 200 hidden units.
The paper states no number of parameters; its layers have 219,290 (one channel, two classes).

That the same answers come from one pass over the whole image, with pools of stride 1 and dilated kernels behind them: A. Giusti
et al., "Fast Image Scanning with Deep Max-Pooling Convolutional Neural Networks", ICIP 2013.

Deviations: ReLU is the nonlinearity; no foveation or non-uniform sampling of the patch; one network, not an average of four.
"""

import copy
import math
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import check_image, conv, initialise, linear_to_conv, max_pool


class PatchClassifier(nn.Module):
    """Patches (N, in_channels, patch, patch) -> logits (N, classes) of their centre pixels.

    A stage is a valid convolution, ReLU and 2x2 max-pooling; there are as many as fit into the patch. As in the paper's table,
    a map of odd size meets a 4x4 kernel and one of even size a 5x5 kernel, so that every pool divides its map exactly
    and each pixel of the patch counts.

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        width: channels of each stage.
        patch: the patch's size in pixels, odd (a centre must exist) and at least 5.
        hidden: units of the fully connected layer.
        dims: 2 or 3.
    """

    def __init__(
        self, in_channels: int, classes: int, *, width: int = 16, patch: int = 33, hidden: int = 64, dims: int = 2
    ) -> None:
        super().__init__()
        if patch < 5 or patch % 2 == 0:
            raise UserError(f"patch is {patch}; choose an odd size of at least 5: the patch needs a centre pixel.")
        self.in_channels, self.patch, self.dims = in_channels, patch, dims
        layers: list[nn.Module] = []
        channels, size = in_channels, patch
        while size >= 5:
            kernel = 4 if size % 2 else 5
            layers += [conv(dims)(channels, width, kernel), nn.ReLU(), max_pool(dims)(2)]
            channels, size = width, (size - kernel + 1) // 2
        self.size = (size,) * dims
        self.features = nn.Sequential(*layers)
        self.hidden = nn.Linear(width * size**dims, hidden)
        self.output = nn.Linear(hidden, classes)
        self.apply(initialise)

    @classmethod
    def paper(cls, in_channels: int = 1, classes: int = 2) -> Self:
        """The paper's largest network (N4): 95 x 95 patches, 48 maps a stage, 200 hidden units."""
        return cls(in_channels, classes, width=48, patch=95, hidden=200)

    def forward(self, patches: Tensor) -> Tensor:
        check_image(patches, self.in_channels, self.dims)
        if any(size != self.patch for size in patches.shape[2:]):
            raise UserError(
                f"The patches have size {tuple(patches.shape[2:])}, but this classifier reads {self.patch} pixels along "
                f"each axis; cut patches of that size, or use .convolutional() for whole images."
            )
        x = self.features(patches)  # (N, width, *size)
        x = F.relu(self.hidden(x.flatten(1)))  # (N, hidden)
        return self.output(x)  # (N, classes)

    def convolutional(self) -> "DenseClassifier":
        """The same network for whole images: a copy whose logits at a pixel are those of the patch around that pixel."""
        return DenseClassifier(self)


class DenseClassifier(nn.Module):
    """A PatchClassifier that slides by itself: images (N, in_channels, *spatial) -> logits (N, classes, *spatial).

    Images are mirrored at their borders. A pool of stride 2 keeps every second value; here it keeps all (stride 1), so behind
    it the values that once were neighbours lie 2 apart, behind two pools 4 apart...: each later kernel is dilated by that.
    Each linear layer becomes a convolution. All that patches have in common is computed once.
    """

    def __init__(self, classifier: PatchClassifier) -> None:
        super().__init__()
        self.in_channels, self.patch, self.dims = classifier.in_channels, classifier.patch, classifier.dims
        layers: list[nn.Module] = []
        dilation = 1
        for layer in copy.deepcopy(classifier.features):
            if isinstance(layer, (nn.Conv2d, nn.Conv3d)):
                layer.dilation = (dilation,) * self.dims
            elif isinstance(layer, (nn.MaxPool2d, nn.MaxPool3d)):
                layer.stride, layer.dilation, dilation = 1, dilation, 2 * dilation
            layers.append(layer)
        width, hidden = classifier.hidden.in_features // math.prod(classifier.size), classifier.hidden.out_features
        self.layers = nn.Sequential(
            *layers,
            linear_to_conv(classifier.hidden, width, classifier.size, dilation=dilation),
            nn.ReLU(),
            linear_to_conv(classifier.output, hidden, (1,) * self.dims),
        )

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        margin = self.patch // 2
        if min(image.shape[2:]) <= margin:
            raise UserError(
                f"An image of {' x '.join(map(str, image.shape[2:]))} is too small to be mirrored by {margin} pixels; "
                f"use at least {margin + 1} along each axis, or a classifier of smaller patches."
            )
        x = F.pad(image, (margin,) * 2 * self.dims, mode="reflect")  # (N, in, *spatial + patch - 1)
        return self.layers(x)  # (N, classes, *spatial)
