"""The networks, one file each. `Model.paper(...)` builds a network in its paper's own shape."""

from medsegedu.layers import receptive_field
from medsegedu.models.fcn import FCN
from medsegedu.models.patch_classifier import DenseClassifier, PatchClassifier
from medsegedu.models.unet import UNet, valid_size

__all__ = ["FCN", "DenseClassifier", "PatchClassifier", "UNet", "receptive_field", "valid_size"]
