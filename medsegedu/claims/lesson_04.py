"""Lesson 04: what the choice of a loss, and what high and low resolution, do for lesions of 2 to 12 mm.

Virtual patients, axial slices of 2 mm, two classes: lesion and all the rest. Each seed has its own patients for training and
testing and its own first weights; the arms of a seed share them all, the patches too. Half of the patches lie on a lesion.

A lesion is a connected piece of the label in one slice, found if one pixel of it is predicted; *small* is what is drawn on fewer
than 5 pixels of 4 mm^2, a disc of less than 5 mm.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor, nn

from medsegedu.claims import claim
from medsegedu.data import Dataset, virtual_patients
from medsegedu.data.lesions import Lesions
from medsegedu.inference import predict
from medsegedu.losses import cross_entropy, dice_ce_loss, dice_loss, tversky_loss
from medsegedu.metrics import evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit

SMALL_MM = 5.0


@claim(
    "04.imbalance",
    sentence="Targets are very small: cross-entropy alone misses small lesions that Dice + cross-entropy finds.",
    source="survey 3 (2)",
    unit="recall of small lesions",
    arms=("cross-entropy", "Dice + cross-entropy"),
    at_least=0.05,
)
def dice_finds_small_lesions(seed: int) -> dict[str, float]:
    """The part of the small lesions that is found."""
    train, test = _patients(seed)
    return {
        "cross-entropy": _recall(_trained(train, seed, cross_entropy), test)["small"],
        "Dice + cross-entropy": _recall(_trained(train, seed, dice_ce_loss), test)["small"],
    }


@claim(
    "04.tversky",
    sentence="A Tversky loss with beta above alpha finds more of the lesions than Dice does, and pays in precision.",
    source="Salehi et al. 2017",
    unit="pixel recall and precision",
    arms=("Dice: recall", "Tversky: recall", "Dice: precision", "Tversky: precision"),
    difference=lambda values: min(
        values["Tversky: recall"] - values["Dice: recall"], values["Dice: precision"] - values["Tversky: precision"]
    ),
    at_least=0.01,
)
def tversky_trades(seed: int) -> dict[str, float]:
    """Recall and precision of the lesions' pixels; the effect is the smaller of what is gained and what is paid."""
    train, test = _patients(seed)
    values = {}
    for arm, loss in (("Dice", dice_loss), ("Tversky", tversky_loss)):
        values[f"{arm}: recall"], values[f"{arm}: precision"] = _pixels(_trained(train, seed, loss), test)
    return values


@claim(
    "04.batch",
    sentence="Dice over the batch hides small lesions behind large ones; Dice of each sample finds more of them.",
    source="this course",
    unit="recall of small lesions",
    arms=("Dice of the batch", "Dice of each sample"),
    at_least=0.02,
)
def samples_help_small_lesions(seed: int) -> dict[str, float]:
    """The part of the small lesions that is found, with two Dice losses alone."""
    train, test = _patients(seed)
    return {
        "Dice of the batch": _recall(_trained(train, seed, partial(dice_loss, over="batch")), test)["small"],
        "Dice of each sample": _recall(_trained(train, seed, dice_loss), test)["small"],
    }


@claim(
    "04.high_resolution",
    sentence="Small targets need high-resolution input: half the resolution costs small lesions more than large ones.",
    source="survey 3 (2)",
    unit="recall of lesions",
    arms=("small, half", "small, full", "large, half", "large, full"),
    difference=lambda values: (
        (values["small, full"] - values["small, half"]) - (values["large, full"] - values["large, half"])
    ),
    at_least=0.05,
)
def small_lesions_need_resolution(seed: int) -> dict[str, float]:
    """The part of the lesions that is found; the effect is what small ones gain from full resolution, more than large ones."""
    train, test = _patients(seed)
    values: dict[str, float] = {}
    for arm, wrap in (("half", Halved), ("full", nn.Sequential)):
        found = _recall(_trained(train, seed, dice_ce_loss, wrap=wrap), test)
        values |= {f"{size}, {arm}": recall for size, recall in found.items()}
    return values


@claim(
    "04.low_resolution",
    sentence="Low-resolution information is needed to recognise a target: a deep U-Net finds lesions better than a shallow one.",
    source="survey 3 (3)",
    unit="lesion F1",
    arms=("depth 1", "depth 3"),
    at_least=0.02,
)
def context_recognises(seed: int) -> dict[str, float]:
    """F1 of lesions: each counts the same, and a false alarm counts as a miss. Depth 1 sees 18 pixels, depth 3 sees 100."""
    train, test = _patients(seed)
    values = {}
    for depth in (1, 3):
        model = _trained(train, seed, dice_ce_loss, depth=depth)
        values[f"depth {depth}"] = evaluate(lambda case: predict(model, case.image), test).interval("f1", "lesion").mean  # noqa: B023
    return values


class Halved(nn.Module):
    """A network that sees 2 x 2 pixels as one, their mean; its scores are enlarged again, so the label stays as it is."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        coarse = F.avg_pool2d(image, 2, ceil_mode=True, count_include_pad=False)  # (N, C, H / 2, W / 2), rounded up
        enlarged = F.interpolate(
            self.network(coarse), scale_factor=2, mode="bilinear"
        )  # (N, classes, H, W) or one more
        return enlarged[..., : image.shape[2], : image.shape[3]]


def _patients(seed: int) -> tuple[Dataset, Dataset]:
    """Patients of this seed alone: (for training, for testing)."""
    trained, tested = choose(smoke=(2, 2), quick=(16, 16), full=(64, 32))
    lesions = Lesions(count=(24, 48), diameter=(2.0, 12.0))
    parts = (
        virtual_patients(trained, seed=5000 + seed, lesions=lesions),
        virtual_patients(tested, seed=6000 + seed, lesions=lesions),
    )
    return _lesions_only(parts[0]), _lesions_only(parts[1])


def _lesions_only(dataset: Dataset) -> Dataset:
    lesion = dataset.classes.index("lesion")
    cases = tuple(replace(case, label=torch.as_tensor(case.label == lesion).long()) for case in dataset)
    return replace(dataset, cases=cases, classes=("background", "lesion"))


def _trained(
    train: Dataset,
    seed: int,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    depth: int = 3,
    wrap: Callable[[nn.Module], nn.Module] = nn.Sequential,
) -> nn.Module:
    torch.manual_seed(seed)
    model = wrap(UNet(3, 2, width=8, depth=depth))
    fit(model, train, steps=choose(smoke=3, quick=300, full=3000), patch=32, loss=loss, seed=seed, progress=False)
    return model


def _recall(model: nn.Module, test: Dataset) -> dict[str, float]:
    """The part of the lesions that is found: of the small ones, and of the others."""
    found: dict[str, list[bool]] = {"small": [], "large": []}
    for case in test:
        assert case.label is not None
        predicted = (predict(model, case.image) == 1).numpy()
        pieces, count = ndimage.label((case.label == 1).numpy(), structure=np.ones((3, 3)))
        for piece in range(1, count + 1):
            lesion = pieces == piece
            diameter = 2 * np.sqrt(lesion.sum() * np.prod(case.spacing) / np.pi)  # of a disc of that area, in mm
            found["small" if diameter < SMALL_MM else "large"].append(bool(predicted[lesion].any()))
    return {size: float(np.mean(each or [False])) for size, each in found.items()}


def _pixels(model: nn.Module, test: Dataset) -> tuple[float, float]:
    """(recall, precision) of the pixels of all slices together."""
    both = predicted = true = 0
    for case in test:
        assert case.label is not None
        guess, truth = predict(model, case.image) == 1, case.label == 1
        both, predicted, true = both + int((guess & truth).sum()), predicted + int(guess.sum()), true + int(truth.sum())
    return both / max(true, 1), both / max(predicted, 1)
