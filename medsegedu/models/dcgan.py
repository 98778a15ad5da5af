"""DCGAN: a generator that grows an image out of noise, and a discriminator that tells made images from real ones.

A. Radford, L. Metz, S. Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", ICLR 2016. At 64 x 64 pixels with 3 channels, 100 numbers of noise and width 64, as in PyTorch's example, the generator
has 3,576,704 and the discriminator 2,765,568 parameters; the paper states no count.

To augment a segmentation data set, image and mask are made jointly, as channels of one picture: `channels` is the number of
contrasts plus that of masks, all scaled to -1..1; a made mask is 1 where its channel is above 0.

Deviations: the paper's figure shows twice these channels, as width=128 gives. Images of 64 pixels unless told; another power of
two adds or removes stages.
"""

import itertools

from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import check_image, conv, norm_layer, up_conv


class DCGANGenerator(nn.Module):
    """Noise (N, noise) -> images (N, channels, *size) in -1..1, behind a tanh.

    Args:
        channels: of the picture: contrasts and masks.
        noise: how many random numbers an image is made of, drawn from a standard normal distribution.
        width: channels before the last layer; they double at each stage towards the noise.
        size: the side of the square or cube, a power of two of at least 8.
        dims: 2 or 3.
    """

    def __init__(self, channels: int, *, noise: int = 100, width: int = 64, size: int = 64, dims: int = 2) -> None:
        super().__init__()
        self.noise, self.dims = noise, dims
        widths = _widths(width, size)[::-1]
        layers = [up_conv(dims)(noise, widths[0], 4, bias=False), norm_layer("batch", widths[0], dims), nn.ReLU()]
        for before, after in itertools.pairwise(widths):
            layers += [_double(before, after, dims), norm_layer("batch", after, dims), nn.ReLU()]
        self.layers = nn.Sequential(*layers, _double(width, channels, dims))
        self.apply(start_small)

    def forward(self, noise: Tensor) -> Tensor:
        if noise.ndim != 2 or noise.shape[1] != self.noise:
            raise UserError(f"The noise has shape {tuple(noise.shape)}; this generator takes (N, {self.noise}).")
        x = noise.reshape(*noise.shape, *[1] * self.dims)  # (N, noise, 1, ...)
        return self.layers(x).tanh()  # (N, channels, *size): 4, 8, 16, ... pixels


class DCGANDiscriminator(nn.Module):
    """Images (N, channels, *size) -> one logit each (N,), above 0 for "real".

    Args:
        channels, size, dims: of the images, as for the generator.
        width: channels behind the first layer; they double at each stage.
    """

    def __init__(self, channels: int, *, width: int = 64, size: int = 64, dims: int = 2) -> None:
        super().__init__()
        self.channels, self.size, self.dims = channels, size, dims
        widths = _widths(width, size)
        layers: list[nn.Module] = [_halve(channels, width, dims), nn.LeakyReLU(0.2)]
        for before, after in itertools.pairwise(widths):
            layers += [_halve(before, after, dims), norm_layer("batch", after, dims), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, conv(dims)(widths[-1], 1, 4, bias=False))
        self.apply(start_small)

    def forward(self, image: Tensor) -> Tensor:
        check_image(image, self.channels, self.dims)
        if tuple(image.shape[2:]) != (self.size,) * self.dims:
            raise UserError(
                f"The image has {' x '.join(map(str, image.shape[2:]))} pixels, but this discriminator was made for "
                f"{' x '.join([str(self.size)] * self.dims)}; resize the image or build it with another size."
            )
        return self.layers(image).flatten()  # (N,): the last layer reads all of its 4 x 4 pixels


def start_small(module: nn.Module) -> None:
    """The paper's start, which pix2pix keeps: Gaussian weights of deviation 0.02. Use: `model.apply(start_small)`."""
    if isinstance(module, (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        nn.init.normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
        nn.init.normal_(module.weight, mean=1.0, std=0.02)
        nn.init.zeros_(module.bias)


def _widths(width: int, size: int) -> list[int]:
    """Channels of the maps from size / 2 down to 4 pixels."""
    stages = size.bit_length() - 3  # 64 pixels are halved four times to 4
    if size < 8 or size != 2 ** (stages + 2):
        raise UserError(f"size is {size}; choose a power of two of at least 8.")
    return [width * 2**stage for stage in range(stages)]


def _double(before: int, after: int, dims: int) -> nn.Module:
    return up_conv(dims)(before, after, 4, stride=2, padding=1, bias=False)


def _halve(before: int, after: int, dims: int) -> nn.Module:
    return conv(dims)(before, after, 4, stride=2, padding=1, bias=False)
