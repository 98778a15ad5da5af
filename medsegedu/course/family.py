"""The family of networks: who followed whom, what each added, and what it costs. All numbers are counted from the code.

Counting takes neither memory nor an image: the networks are built on torch's meta device, in their papers' full size too.
"""

import functools
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from medsegedu import models
from medsegedu.errors import UserError
from medsegedu.layers import receptive_field
from medsegedu.training.ledger import count_flops

SIZES = {2: (256, 256), 3: (64, 64, 64)}  # the images of the columns GFLOP


@dataclass(frozen=True)
class Member:
    """A network of `medsegedu.models` and what its code can't tell; `size` is an image for its paper's shape."""

    name: str
    title: str
    year: int
    paper: str
    adds: str
    size: tuple[int, ...]
    narrow: dict[str, Any] = field(
        default_factory=dict, hash=False
    )  # besides width: what makes a copy small that sees as far

    @property
    def type(self) -> Any:
        return getattr(models, self.name)

    def small(self, dims: int = 2) -> nn.Module:
        """The default network for one contrast and two classes, without memory."""
        with torch.device("meta"):
            return self.type(1, 2, dims=dims)

    def as_in_paper(self) -> nn.Module:
        """The paper's network for as many contrasts and classes as there, without memory."""
        with torch.device("meta"):
            return self.type.paper()

    def deviations(self) -> str:
        """Where the code departs from the paper, as the file of the network says."""
        found = re.search(r"^Deviations.*", documentation(self), re.MULTILINE | re.DOTALL)
        return re.sub(r"\s+", " ", found[0]) if found else "None stated."


FAMILY = (
    Member("PatchClassifier", "Sliding window", 2012, "Ciresan et al., NIPS",
           "Classifies the centre of a patch, pixel after pixel.", (95, 95), {"hidden": 2}),
    Member("FCN", "FCN", 2015, "Long et al., CVPR",
           "One pass for the whole image; sums coarse and fine scores.", (512, 512), {"hidden": 2}),
    Member("UNet", "U-Net", 2015, "Ronneberger et al., MICCAI",
           "A decoder as wide as the encoder; skips join their maps.", (572, 572)),
    Member("UNet3D", "3D U-Net", 2016, "Cicek et al., MICCAI",
           "U-Net for volumes; channels double before the pool.", (132, 132, 116)),
    Member("VNet", "V-Net", 2016, "Milletari et al., 3DV",
           "Residual stages, strides for pools, and the Dice loss.", (128, 128, 64)),
    Member("WNet", "W-Net", 2017, "Xia & Kulis",
           "No labels: two U-Nets, the second rebuilds the image.", (224, 224)),
    Member("UNetPlusPlus", "UNet++", 2018, "Zhou et al., DLMIA",
           "Fills the skips with nodes: U-Nets of every depth in one.", (512, 512)),
    Member("R2UNet", "R2U-Net", 2018, "Alom et al.",
           "Convolutions repeat with the same weights; residual blocks.", (512, 512)),
    Member("AttentionUNet", "Attention U-Net", 2018, "Oktay et al., MIDL",
           "A gate on each skip dims what is not looked for.", (160, 160, 96)),
    Member("UNet3Plus", "UNet 3+", 2020, "Huang et al., ICASSP",
           "Each decoder level reads the maps of all scales.", (320, 320)),
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What is counted and measured of a member; GFLOP for one image of `SIZES`, the field None for the whole image."""

    paper_parameters: int
    paper_gflop: float
    parameters: int
    gflop: float
    gflop_3d: float
    field: int | None


def documentation(one: Member) -> str:
    """What the file of the network says of it, with the paper."""
    return inspect.getdoc(inspect.getmodule(one.type)) or ""


def member(name: str) -> Member:
    """The member of this name or title, in any case and without regard to dashes and blanks.

    Raises:
        UserError: there is none; the sentence names all.
    """
    wanted = _plain(name)
    for one in FAMILY:
        if wanted in (_plain(one.name), _plain(one.title)):
            return one
    raise UserError(f"There is no network '{name}'; choose one of {', '.join(one.name for one in FAMILY)}.")


@functools.cache
def facts(one: Member) -> Facts:
    """Count and measure a member: a second or so."""
    paper, small = one.as_in_paper(), one.small()
    narrow = one.type(1, 2, width=2, dims=2, **one.narrow)
    narrow = narrow.convolutional() if hasattr(narrow, "convolutional") else narrow
    return Facts(
        paper_parameters=_parameters(paper),
        paper_gflop=count_flops(paper, _image(paper, one.size)) / 1e9,
        parameters=_parameters(small),
        gflop=_gflop(small, SIZES[2]),
        gflop_3d=_gflop(one.small(3), SIZES[3]),
        field=receptive_field(narrow),
    )


def rows(members: Sequence[Member] = FAMILY) -> list[list[str]]:
    """The table of the family: its head and a row a network."""
    flat, deep = (" x ".join(map(str, size)) for size in SIZES.values())
    head = [
        "network",
        "year",
        "paper",
        "parameters (paper)",
        "(default)",
        f"GFLOP {flat}",
        f"GFLOP {deep}",
        "sees",
        "adds",
    ]
    table = [head]
    for one in members:
        found = facts(one)
        table.append(
            [one.name, str(one.year), one.paper, f"{found.paper_parameters:,}", f"{found.parameters:,}", _number(found.gflop),
             _number(found.gflop_3d), _sees(found.field), one.adds]
        )  # fmt: skip
    return table


def describe(one: Member) -> list[list[str]]:
    """What is known of one network: a row a fact."""
    found, paper = facts(one), one.as_in_paper()
    size = " x ".join(map(str, one.size))
    flat, deep = (" x ".join(map(str, size)) for size in SIZES.values())
    return [
        [one.title, f"medsegedu.models.{one.name}"],
        ["paper", f"{one.paper} {one.year}"],
        ["adds", one.adds],
        ["in its paper's shape", f"{_dims(paper)}D, {found.paper_parameters:,} parameters"],
        ["", f"{_number(found.paper_gflop)} GFLOP for {'a patch' if one.name == 'PatchClassifier' else 'an image'} of {size}"],
        ["by default", f"{found.parameters:,} parameters (2D, one contrast, two classes)"],
        ["", f"{_number(found.gflop)} GFLOP for an image of {flat}, {_number(found.gflop_3d)} for a volume of {deep}"],
        ["one output sees", f"{_sees(found.field)} along an axis, by default"],
        ["made for", "2D and 3D"],
    ]  # fmt: skip


def _gflop(model: nn.Module, size: tuple[int, ...]) -> float:
    """Of one forward pass for one image; a classifier of patches needs one pass a pixel."""
    if isinstance(model, models.PatchClassifier):
        pixels = int(torch.tensor(size).prod())
        return pixels * count_flops(model, _image(model, (model.patch,) * model.dims)) / 1e9
    return count_flops(model, _image(model, size)) / 1e9


def _image(model: nn.Module, size: tuple[int, ...]) -> Tensor:
    return torch.empty(1, _channels(model), *size, device="meta")


def _channels(model: nn.Module) -> int:
    """Of the image: what the network says, or its first convolution."""
    return int(getattr(model, "in_channels", next(model.parameters()).shape[1]))


def _parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _dims(model: nn.Module) -> int:
    return max(parameter.ndim - 2 for parameter in model.parameters())


def _number(gflop: float) -> str:
    return f"{gflop:,.0f}" if gflop >= 100 else f"{gflop:.3g}"


def _sees(pixels: int | None) -> str:
    return "the whole image" if pixels is None else f"{pixels} pixels"


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()
