"""Building blocks of the networks, each written once for 2D and 3D."""

from medsegedu.layers.bilinear import bilinear_kernel
from medsegedu.layers.conv import ConvBlock, Norm, Padding, conv, initialise, max_pool, norm_layer, up_conv
from medsegedu.layers.convert import linear_to_conv
from medsegedu.layers.join import UpBlock, crop_and_concat
from medsegedu.layers.receptive_field import receptive_field
from medsegedu.layers.size import check_image, check_statistics, crop, pad_to_multiple

__all__ = [
    "ConvBlock",
    "Norm",
    "Padding",
    "UpBlock",
    "bilinear_kernel",
    "check_image",
    "check_statistics",
    "conv",
    "crop",
    "crop_and_concat",
    "initialise",
    "linear_to_conv",
    "max_pool",
    "norm_layer",
    "pad_to_multiple",
    "receptive_field",
    "up_conv",
]
