"""Building blocks of the networks, each written once for 2D and 3D."""

from medsegedu.layers.attention import Attention, attention_maps
from medsegedu.layers.attention_gate import AttentionGate, GridAttentionGate
from medsegedu.layers.bilinear import bilinear_kernel
from medsegedu.layers.cbam import CBAM
from medsegedu.layers.conv import ConvBlock, Norm, Padding, conv, initialise, max_pool, norm_layer, up_conv
from medsegedu.layers.convert import linear_to_conv
from medsegedu.layers.criss_cross import CrissCross
from medsegedu.layers.join import UpBlock, crop_and_concat
from medsegedu.layers.non_local import NonLocal
from medsegedu.layers.receptive_field import receptive_field
from medsegedu.layers.recurrent import RecurrentConv
from medsegedu.layers.scse import SCSE
from medsegedu.layers.size import check_image, check_statistics, crop, pad_to_multiple
from medsegedu.layers.spade import SPADE
from medsegedu.layers.squeeze_excitation import SqueezeExcitation
from medsegedu.layers.unit import ConvUnit, ResizeConv, double_unit

__all__ = [
    "CBAM",
    "SCSE",
    "SPADE",
    "Attention",
    "AttentionGate",
    "ConvBlock",
    "ConvUnit",
    "CrissCross",
    "GridAttentionGate",
    "NonLocal",
    "Norm",
    "Padding",
    "RecurrentConv",
    "ResizeConv",
    "SqueezeExcitation",
    "UpBlock",
    "attention_maps",
    "bilinear_kernel",
    "check_image",
    "check_statistics",
    "conv",
    "crop",
    "crop_and_concat",
    "double_unit",
    "initialise",
    "linear_to_conv",
    "max_pool",
    "norm_layer",
    "pad_to_multiple",
    "receptive_field",
    "up_conv",
]
