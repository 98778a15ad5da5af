"""Lesson 03: what skips, depth and full resolution give a U-Net.

Virtual patients, axial slices of 2 mm. Each seed has its own patients for training and testing and its own first weights; the
arms of a seed share them all. Every network has 16 channels at the first level and trains for the same number of steps.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.data import Case, Dataset, virtual_patients
from medsegedu.inference import logits, predict
from medsegedu.layers import pad_to_multiple
from medsegedu.metrics import Evaluation, evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit


@claim(
    "03.skips",
    sentence="Skip connections fuse semantic with high-resolution information: without them a U-Net segments less accurately.",
    source="survey 2.2",
    unit="Dice",
    arms=("no skips", "skips"),
    at_least=0.02,
)
def skips_help(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions. A skip that is off feeds zeros, so both arms have the same parameters."""
    train, test = _patients(seed)
    values = {}
    for arm, skips in (("no skips", False), ("skips", True)):
        model = _trained(train, seed, skips=skips)
        values[arm] = _score(model, test).interval("dice").mean
    return values


@claim(
    "03.depth",
    sentence="The contracting path obtains context information: a deep U-Net segments more accurately than a shallow one.",
    source="survey 2.2",
    unit="Dice",
    arms=("depth 1", "depth 3"),
    at_least=0.02,
)
def depth_helps(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions.

    Depth 1 sees 18 pixels, depth 3 sees 100: patches of 64 show the one all of that, the other most.
    """
    train, test = _patients(seed)
    values = {}
    for depth in (1, 3):
        model = _trained(train, seed, depth=depth, patch=64, batch=8)
        values[f"depth {depth}"] = _score(model, test).interval("dice").mean
    return values


@claim(
    "03.resolution",
    sentence="Small targets need high-resolution input: at half the resolution lesions are segmented less accurately.",
    source="survey 3 (2)",
    unit="lesion Dice",
    arms=("half resolution", "full resolution"),
    at_least=0.02,
)
def resolution_helps(seed: int) -> dict[str, float]:
    """Dice of the lesions, always against the label of full resolution. Scores of the half are enlarged, then compared."""
    train, test = _patients(seed)
    coarse = _trained(_halved(train), seed)
    fine = _trained(train, seed)
    return {
        "half resolution": _score(coarse, test, _from_half).interval("dice", "lesion").mean,
        "full resolution": _score(fine, test).interval("dice", "lesion").mean,
    }


def _patients(seed: int) -> tuple[Dataset, Dataset]:
    """Patients of this seed alone: (for training, for testing)."""
    trained, tested = choose(smoke=(2, 2), quick=(16, 8), full=(64, 16))
    return virtual_patients(trained, seed=3000 + seed), virtual_patients(tested, seed=4000 + seed)


def _trained(
    train: Dataset, seed: int, *, depth: int = 3, skips: bool = True, patch: int = 32, batch: int = 16
) -> UNet:
    torch.manual_seed(seed)
    model = UNet(3, 5, width=16, depth=depth, skips=skips)
    fit(model, train, steps=choose(smoke=3, quick=200, full=3000), patch=patch, batch=batch, seed=seed, progress=False)
    return model


def _score(model: UNet, test: Dataset, segment: Callable[[UNet, Tensor], Tensor] = predict) -> Evaluation:
    return evaluate(lambda case: segment(model, case.image), test)


def _halved(dataset: Dataset) -> Dataset:
    """Each 2 x 2 pixels become one: the mean of the image, the commonest class of the label."""
    return replace(dataset, cases=tuple(_halved_case(case, len(dataset.classes)) for case in dataset))


def _halved_case(case: Case, classes: int) -> Case:
    assert case.label is not None
    shares = F.one_hot(case.label, classes).permute(2, 0, 1).float()  # (classes, H, W)
    label = _mean_of_squares(shares).argmax(0)  # (H / 2, W / 2), rounded up
    spacing = tuple(2 * mm for mm in case.spacing)
    return replace(case, image=_mean_of_squares(case.image), label=label, spacing=spacing, affine=None)


def _mean_of_squares(image: Tensor) -> Tensor:
    return F.avg_pool2d(pad_to_multiple(image[None], 2), 2)[0]  # (C, H, W) -> (C, H / 2, W / 2), rounded up


def _from_half(model: UNet, image: Tensor) -> Tensor:
    """Segment a halved image, enlarge the scores, and choose: (C, H, W) -> (H, W)."""
    scores = logits(model, _mean_of_squares(image))  # (classes, H / 2, W / 2), rounded up
    enlarged = F.interpolate(scores[None], scale_factor=2, mode="bilinear")[0]  # (classes, H, W) or one more
    return enlarged[:, : image.shape[1], : image.shape[2]].argmax(0)
