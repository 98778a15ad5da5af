"""Record what two public packages compute, so that the tests can compare without them: python make_layers.py.

Needs torchvision and segmentation-models-pytorch. Weights and input come from a formula, so nothing random is recorded.
"""

import json
from importlib.metadata import version
from pathlib import Path

import torch
from segmentation_models_pytorch.base.modules import SCSEModule
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation

SHAPE = (2, 8, 3, 5)


def wave(shape: tuple[int, ...], phase: float) -> Tensor:
    """Values in -1..1 that differ at each place, from the place alone."""
    places = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * places + phase).reshape(shape)


def fill(layer: nn.Module) -> nn.Module:
    """Set the parameters to waves, in the order in which the layer registered them."""
    for phase, parameter in enumerate(layer.parameters()):
        parameter.data = wave(tuple(parameter.shape), phase)
    return layer


def record(layer: nn.Module) -> dict[str, object]:
    output = fill(layer)(wave(SHAPE, 0.5)).detach()
    return {"shape": SHAPE, "output": output.flatten().tolist()}


if __name__ == "__main__":
    packages = ("torch", "torchvision", "segmentation-models-pytorch")
    golden = {
        "versions": {package: version(package) for package in packages},
        "torchvision SqueezeExcitation(8, 2)": record(SqueezeExcitation(8, 2)),
        "segmentation-models-pytorch SCSEModule(8, 4)": record(SCSEModule(8, 4)),
    }
    path = Path(__file__).with_name("layers.json")
    path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
