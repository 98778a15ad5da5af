"""The networks, one file each. `Model.paper(...)` builds a network in its paper's own shape."""

from medsegedu.layers import receptive_field
from medsegedu.models.attention_unet import AttentionUNet
from medsegedu.models.dcgan import DCGANDiscriminator, DCGANGenerator
from medsegedu.models.fcn import FCN
from medsegedu.models.grid_attention_unet import GridAttentionUNet
from medsegedu.models.guide import present_classes
from medsegedu.models.patch_classifier import DenseClassifier, PatchClassifier
from medsegedu.models.patch_gan import PatchGAN
from medsegedu.models.pix2pix import Pix2PixGenerator
from medsegedu.models.r2unet import R2UNet
from medsegedu.models.spade_generator import SPADEGenerator
from medsegedu.models.unet import UNet, valid_size
from medsegedu.models.unet3d import UNet3D
from medsegedu.models.unet_3_plus import UNet3Plus
from medsegedu.models.unet_plus_plus import UNetPlusPlus
from medsegedu.models.vnet import VNet
from medsegedu.models.wnet import WNet

__all__ = [
    "FCN",
    "AttentionUNet",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DenseClassifier",
    "GridAttentionUNet",
    "PatchClassifier",
    "PatchGAN",
    "Pix2PixGenerator",
    "R2UNet",
    "SPADEGenerator",
    "UNet",
    "UNet3D",
    "UNet3Plus",
    "UNetPlusPlus",
    "VNet",
    "WNet",
    "present_classes",
    "receptive_field",
    "valid_size",
]
