"""All that makes a run what it is, in one JSON file that a person can read."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from torch import nn

from medsegedu import losses, models
from medsegedu.data import Augment, Dataset
from medsegedu.errors import UserError
from medsegedu.training import Loss

MODELS: dict[str, Callable[..., nn.Module]] = {
    "fcn": models.FCN,
    "unet": models.UNet,
    "unet-se": partial(models.UNet, attention="se"),
    "unet-gate": partial(models.UNet, attention="gate"),
    "unet++": models.UNetPlusPlus,
    "unet3+": models.UNet3Plus,
    "r2unet": models.R2UNet,
    "attention-unet": models.AttentionUNet,
    "vnet": models.VNet,
}
LOSSES: dict[str, Loss] = {
    "dice+ce": losses.dice_ce_loss,
    "ce": losses.cross_entropy,
    "dice": losses.dice_loss,
    "tversky": losses.tversky_loss,
    "focal": losses.focal_loss,
    "focal-tversky": losses.focal_tversky_loss,
}

NORMS = ("batch", "instance", "group")


@dataclass(frozen=True)
class Settings:
    """What a run is made of; `Settings.choose` fills in what the data suggest.

    Args:
        data: the name of a public set, "virtual", or a folder.
        classes, contrasts: of the data, in order; a prediction needs the same contrasts.
        spacing: in mm, to which every case is brought before the network sees it.
        patch: in voxels of that spacing.
        flips: the axes along which a mirror image could be a patient too.
        shares: of the patients who train, validate and test.
        minutes: to train for, on the clock on the wall; `train` then measures how many steps that is, and they replace `steps`.
        looks: validations and checkpoints, evenly spread; as many, or fewer if `minutes` leave no time for them.
    """

    data: str
    classes: tuple[str, ...]
    contrasts: tuple[str, ...]
    spacing: tuple[float, ...]
    patch: tuple[int, ...]
    model: str = "unet"
    width: int = 16
    depth: int = 3
    norm: str = "batch"
    loss: str = "dice+ce"
    steps: int = 500
    batch: int = 8
    rate: float = 6e-3
    augment: bool = True
    flips: tuple[int, ...] = ()
    seed: int = 0
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    minutes: float | None = None
    looks: int = 5

    def __post_init__(self) -> None:
        known_by_name = (("model", self.model, MODELS), ("loss", self.loss, LOSSES), ("norm", self.norm, NORMS))
        for name, value, known in known_by_name:
            if value not in known:
                raise UserError(f"There is no {name} '{value}'; choose from {', '.join(known)}.")
        for name in ("width", "depth", "steps", "batch", "looks"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}; give a whole number above 0.")
        if not 0 < self.rate < float("inf"):
            raise UserError(f"rate is {self.rate}; give a number above 0, for example 0.006.")
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            raise UserError(f"minutes is {self.minutes}; give a number above 0.")
        if len(self.patch) != self.dims or min(self.patch) < 1:
            raise UserError(f"patch is {self.patch}; give {self.dims} sizes of at least 1 voxel, one an axis.")
        if not set(self.flips) <= set(range(self.dims)):
            raise UserError(f"flips is {self.flips}; the axes are {', '.join(map(str, range(self.dims)))}.")
        if min(self.spacing) <= 0:
            raise UserError(f"spacing is {self.spacing}; give positive sizes in mm.")

    @property
    def dims(self) -> int:
        """2 for pictures, 3 for volumes."""
        return len(self.spacing)

    @classmethod
    def choose(cls, data: str, dataset: Dataset, **chosen: Any) -> Self:
        """The data's median spacing, and patches of 64 x 64 pixels or 32 x 32 x 32 voxels, or what was `chosen` instead."""
        grids = [case.spacing for case in dataset]
        spacing = tuple(float(round(s, 4)) for s in np.median(np.array(grids), axis=0))
        patch = ((64, 64), (32, 32, 32))[len(spacing) - 2]
        found: dict[str, Any] = {"spacing": spacing, "patch": patch}
        found.update((name, value) for name, value in chosen.items() if value is not None)
        for name in ("spacing", "patch"):  # one number serves every axis
            if len(found[name]) == 1:
                found[name] = tuple(found[name]) * len(spacing)
        return cls(data=data, classes=dataset.classes, contrasts=dataset.contrasts, **found)

    def network(self) -> nn.Module:
        """A new network of these settings."""
        model = MODELS[self.model]
        return model(
            len(self.contrasts), len(self.classes), width=self.width, depth=self.depth, dims=self.dims, norm=self.norm
        )

    def augmentation(self) -> Augment | None:
        """How batches are changed, if at all."""
        return Augment(flips=self.flips) if self.augment else None

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in a file that `text` made.

        Raises:
            UserError: the file isn't there, or is not one of settings.
        """
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}
            if (
                not isinstance(stored, dict) or set(stored) | {"minutes", "looks"} != known
            ):  # not in runs of older versions
                raise ValueError("other entries than this version knows")
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
            return cls(**values)
        except FileNotFoundError:
            raise UserError(f"{path.parent} is no run: it has no {path.name}; `medsegedu train` makes one.") from None
        except (ValueError, TypeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} can't be read as settings ({error}); train the run again.") from error
