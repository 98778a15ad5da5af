"""FCN: a classifier made convolutional, whose coarse scores are enlarged and summed with the scores of shallower stages.

J. Long, E. Shelhamer, T. Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015. On VGG16 with 21
classes `FCN.paper()` has 136,152,917 (32s), 134,815,994 (16s) and 134,489,759 (8s) parameters, as the authors' public nets
do; the paper's table rounds to 134M.

Deviations: the authors pad the first convolution by 100 pixels and crop the scores; here the image is padded at its end to
a multiple of 2**depth by repeating its edge, the window convolution is padded to keep the size, and the logits are cut
back, so that any size returns itself. Every score layer of theirs starts at zero; here only those of the pools do (a
finer net so starts as the coarser one), since the rest starts from scratch and not from ImageNet. Their public nets keep all
deconvolutions bilinear; here they start so and learn. The default is a small VGG with batch normalisation, not VGG16.
"""

from collections.abc import Sequence
from typing import Any, Self

from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    Norm,
    bilinear_kernel,
    check_image,
    check_statistics,
    conv,
    crop,
    initialise,
    max_pool,
    norm_layer,
    pad_to_multiple,
    up_conv,
)


class FCN(nn.Module):
    """Images (N, in_channels, *spatial) of any size -> logits (N, classes, *spatial).

    Args:
        in_channels, classes: contrasts of the image, and classes with the background.
        stride: how coarse the last enlargement is: 32 ("32s") uses the deepest scores only, 16 adds those of the pool
            before, 8 one more; any power of two from 2 to 2**depth.
        width: channels of the first stage; they double at each stage, up to eight times as many.
        depth: stages, each of which halves the size.
        convs: 3x3 convolutions of each stage; two each if None. VGG16 has (2, 2, 3, 3, 3).
        hidden, window: channels and kernel of the convolutions that were fully connected layers.
        dropout: behind each of these two.
        dims, norm: as for UNet.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        stride: int = 8,
        width: int = 16,
        depth: int = 5,
        convs: Sequence[int] | None = None,
        hidden: int = 128,
        window: int = 3,
        dropout: float = 0.0,
        dims: int = 2,
        norm: Norm | None = "batch",
    ) -> None:
        super().__init__()
        strides = [2**stage for stage in range(1, depth + 1)]
        if stride not in strides:
            raise UserError(f"stride is {stride}; an FCN of depth {depth} has {', '.join(map(str, strides))}.")
        convs = (2,) * depth if convs is None else convs
        if len(convs) != depth:
            raise UserError(f"convs has {len(convs)} entries, but the FCN has {depth} stages; give one number each.")
        self.in_channels, self.depth, self.dims, self.norm = in_channels, depth, dims, norm
        widths = [min(2**stage, 8) * width for stage in range(depth)]

        self.stages = nn.ModuleList()
        for before, after, repeats in zip([in_channels, *widths[:-1]], widths, convs, strict=True):
            layers = _conv_relu(before, after, 3, dims, norm)
            for _ in range(repeats - 1):
                layers += _conv_relu(after, after, 3, dims, norm)
            self.stages.append(nn.Sequential(*layers, max_pool(dims)(2)))
        self.classifier = nn.Sequential(
            *_conv_relu(widths[-1], hidden, window, dims, norm),
            nn.Dropout(dropout),
            *_conv_relu(hidden, hidden, 1, dims, norm),
            nn.Dropout(dropout),
        )
        self.score = conv(dims)(hidden, classes, 1)

        fusions = strides[::-1].index(stride)  # 0 for the coarsest, one more each time the stride halves
        fused = widths[::-1][1 : 1 + fusions]  # channels of the pools that are used, deepest first
        self.doublings = nn.ModuleList(_enlarge(classes, 2, dims) for _ in fused)
        pool_scores = [conv(dims)(channels, classes, 1) for channels in fused]
        self.pool_scores = nn.ModuleList(pool_scores)
        self.enlarge = _enlarge(classes, stride, dims)

        self.apply(initialise)
        for pool_score in pool_scores:
            nn.init.zeros_(pool_score.weight)

    @classmethod
    def paper(cls, in_channels: int = 3, classes: int = 21, *, stride: int = 8) -> Self:
        """The paper's network on VGG16: FCN-32s, FCN-16s or FCN-8s."""
        vgg16: dict[str, Any] = {"width": 64, "convs": (2, 2, 3, 3, 3), "hidden": 4096, "window": 7, "dropout": 0.5}
        return cls(in_channels, classes, stride=stride, norm=None, **vgg16)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        size = tuple(image.shape[2:])
        check_statistics(self.norm, self.training, len(image), size, self.depth)
        x = pad_to_multiple(image, 2**self.depth)  # (N, in, *spatial), each axis a multiple of 2**depth

        pools = []
        for stage in self.stages:
            x = stage(x)  # half the size
            pools.append(x)
        score = self.score(self.classifier(x))  # (N, classes, *spatial / 2**depth)
        pools.pop()
        for doubling, pool_score in zip(self.doublings, self.pool_scores, strict=True):
            score = doubling(score) + pool_score(pools.pop())  # twice the size; the fusion is a sum
        return crop(self.enlarge(score), (0,) * self.dims, size)  # (N, classes, *spatial)


def _conv_relu(in_channels: int, out_channels: int, kernel: int, dims: int, norm: Norm | None) -> list[nn.Module]:
    convolution = conv(dims)(in_channels, out_channels, kernel, padding=kernel // 2, bias=norm is None)
    return [convolution, norm_layer(norm, out_channels, dims), nn.ReLU(inplace=True)]


def _enlarge(classes: int, factor: int, dims: int) -> nn.Module:
    """A deconvolution that multiplies the size by an even `factor`, bilinear until it learns better."""
    layer = up_conv(dims)(classes, classes, 2 * factor, stride=factor, padding=factor // 2, bias=False)
    layer.weight.data.copy_(bilinear_kernel(classes, factor, dims))
    return layer
