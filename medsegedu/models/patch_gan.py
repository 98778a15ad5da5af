"""PatchGAN: a discriminator that judges each patch of an image by itself, so that it looks at texture and not at shape.

P. Isola, J.-Y. Zhu, T. Zhou, A. A. Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017. With 2
channels in, `PatchGAN.paper()` has 2,764,609 parameters, and each of its logits sees 70 x 70 pixels: the PatchGAN-70.

It is given what the generator was given together with the image, joined as channels: torch.cat([mask, image], 1).

Deviations: none in `PatchGAN.paper()`. The default has 16 channels, not 64.
"""

from typing import Self

from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import check_image, conv, norm_layer
from medsegedu.models.dcgan import start_small


class PatchGAN(nn.Module):
    """Images (N, in_channels, *spatial) -> a logit for each patch (N, 1, *fewer), above 0 for "real".

    Args:
        in_channels: of the mask and the image together.
        width: channels of the first stage; they double at each stage, up to eight times as many.
        depth: stages that halve the size. A logit sees 16, 34, 70 or 142 pixels along an axis for a depth of 1, 2, 3 or 4.
        dims: 2 or 3.
    """

    def __init__(self, in_channels: int, *, width: int = 16, depth: int = 3, dims: int = 2) -> None:
        super().__init__()
        if depth < 1:
            raise UserError(f"depth is {depth}; a PatchGAN needs at least 1 stage that halves the size.")
        self.in_channels, self.depth, self.dims = in_channels, depth, dims
        layers: list[nn.Module] = [conv(dims)(in_channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        before = width
        for stage in range(1, depth + 1):
            after, stride = width * min(2**stage, 8), 2 if stage < depth else 1
            layers += [
                conv(dims)(before, after, 4, stride=stride, padding=1, bias=False),
                norm_layer("batch", after, dims),
                nn.LeakyReLU(0.2),
            ]
            before = after
        self.layers = nn.Sequential(*layers, conv(dims)(before, 1, 4, padding=1))
        self.apply(start_small)

    @classmethod
    def paper(cls, in_channels: int = 2) -> Self:
        """The paper's network: 64 to 512 channels, patches of 70 pixels."""
        return cls(in_channels, width=64, depth=3)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.in_channels, self.dims)
        smallest = 3 * 2**self.depth  # the two last convolutions each take one pixel away
        if min(image.shape[2:]) < smallest:
            raise UserError(
                f"The image has {' x '.join(map(str, image.shape[2:]))} pixels; this PatchGAN needs at least {smallest} along "
                f"each axis. Give a larger image or build it with a smaller depth."
            )
        return self.layers(image)  # (N, 1, *spatial / 2**depth - 2)
