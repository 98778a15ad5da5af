"""Lesson 05: how deep a nested U-Net has to be, what pruning costs and saves, and what its extra nodes are worth.

Virtual patients, axial slices of 2 mm. Each seed has its own patients for training, choosing and testing, and its own first
weights. Where a level is chosen it is always by one rule, on the patients for choosing: the shallowest level whose Dice lies
within 0.005 of the best level's. (The pilot that set sizes and steps used other seeds, 900 to 903, and other patients.)
"""

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from medsegedu.claims import claim
from medsegedu.data import Case, Dataset, virtual_patients
from medsegedu.inference import predict
from medsegedu.losses import DeepSupervision, dice_ce_loss
from medsegedu.metrics import Evaluation, average_surface_distance, evaluate
from medsegedu.models import UNet, UNetPlusPlus
from medsegedu.preset import choose, preset
from medsegedu.training import fit

Values = dict[str, float]
TISSUES = ("CSF", "grey matter", "white matter")


@claim(
    "05.depth",
    sentence="A nested U-Net selects the number of downsampling layers that its task needs: more where only the place tells.",
    source="survey 2.3",
    unit="levels",
    arms=("brightness tells", "place tells"),
    at_least=0.5,
)
def depth_is_chosen(seed: int) -> Values:
    """The level chosen on one and the same healthy patients for two questions: which tissue, and which half of the brain."""
    train, choosing = (_patients(seed, use, lesions=False) for use in ("train", "choose"))
    values = {}
    for arm, label in (("brightness tells", _tissue), ("place tells", _half)):
        model = _nested(_relabelled(train, label), seed, width=8, patch=80, batch=4, steps=130)
        values[arm] = float(_chosen(model, _relabelled(choosing, label)))
    return values


@claim(
    "05.prune",
    sentence="Pruned to the level that its data need, a nested U-Net segments as accurately as the whole network.",
    source="survey 2.3",
    unit="Dice",
    arms=("whole", "pruned"),
    at_most=0.01,
)
def pruning_keeps_accuracy(seed: int) -> Values:
    """Mean Dice of the tissues and the lesions. The whole network averages its four heads; the pruned one has the chosen."""
    return _once(_whole_and_pruned, seed, preset())["Dice"]


@claim(
    "05.smaller",
    sentence="The network's parameters can be reduced: pruned to the chosen level, it has at most a quarter of them.",
    source="survey 2.3",
    unit="parameters",
    arms=("pruned", "whole"),
    at_least=4.0,
    scale="log",
)
def pruning_saves_parameters(seed: int) -> Values:
    """Parameters of the networks of 05.prune."""
    return _once(_whole_and_pruned, seed, preset())["parameters"]


@claim(
    "05.small",
    sentence="Nested skips keep small targets: UNet++ segments lesions better than a U-Net of as many operations.",
    source="survey 2.3",
    unit="lesion Dice",
    arms=("U-Net", "wider U-Net", "UNet++"),
    compared=("wider U-Net", "UNet++"),
    at_least=0.02,
)
def nested_keeps_small_targets(seed: int) -> Values:
    """Dice of the lesions. The U-Net has UNet++'s encoder; the wider one does as many operations as UNet++."""
    return _once(_rivals, seed, preset())["lesion Dice"]


@claim(
    "05.edges",
    sentence="Nested skips keep edges: the boundaries of a U-Net of as many operations lie 5 % farther off than UNet++'s.",
    source="survey 2.3",
    unit="mm",
    arms=("UNet++", "wider U-Net", "U-Net"),
    compared=("UNet++", "wider U-Net"),
    at_least=1.05,
    scale="log",
)
def nested_keeps_edges(seed: int) -> Values:
    """The average distance between predicted and true boundaries, for the networks of 05.small.

    Over the tissues that a test slice holds and that all three networks found in it: who misses a tissue has no boundary.
    """
    return _once(_rivals, seed, preset())["mm"]


@functools.cache
def _once(measure: Callable[[int], dict[str, Values]], seed: int, size: str) -> dict[str, Values]:
    """Two claims about the same networks train them once; `size` is the preset."""
    return measure(seed)


def _whole_and_pruned(seed: int) -> dict[str, Values]:
    """The Dice and the parameters of a network and of its pruned self."""
    train, choosing, test = (_patients(seed, use) for use in ("train", "choose", "test"))
    whole = _nested(train, seed, width=8, patch=32, batch=16, steps=250)
    nets = {"pruned": whole.prune(_chosen(whole, choosing)), "whole": whole}
    return {
        "Dice": {arm: _score(net, test).interval("dice").mean for arm, net in nets.items()},
        "parameters": {arm: float(sum(p.numel() for p in net.parameters())) for arm, net in nets.items()},
    }


def _rivals(seed: int) -> dict[str, Values]:
    """The lesions' Dice and the boundaries' error in mm of three networks.

    Two earlier runs, on other patients, were given up. With 12 channels, two of three UNet++ and one U-Net never found a lesion
    in 200 steps: luck was compared. Then a tissue missed in a slice cost its diagonal, which drowned the edges.
    """
    train, test = (_patients(1000 + seed, use) for use in ("train", "test"))
    makers: dict[str, Callable[[], nn.Module]] = {
        "U-Net": lambda: UNet(3, 5, width=16, depth=3),
        "wider U-Net": lambda: UNet(3, 5, width=22, depth=3),
        "UNet++": lambda: UNetPlusPlus(3, 5, width=16, depth=3),
    }
    lesion: Values = {}
    apart: dict[str, list[float]] = {}
    for arm, make in makers.items():
        torch.manual_seed(seed)
        model = make()
        fit(model, train, steps=choose(smoke=3, quick=200, full=3000), patch=32, seed=seed, progress=False)
        lesion[arm] = _score(model, test).interval("dice", "lesion").mean
        apart[arm] = _boundary_errors(model, test)
    found = [errors for errors in zip(*apart.values(), strict=True) if max(errors) < math.inf]
    means = [sum(errors) / len(found) for errors in zip(*found, strict=True)]
    return {"lesion Dice": lesion, "mm": dict(zip(apart, means, strict=True))}


def _patients(seed: int, use: str, lesions: bool = True) -> Dataset:
    """Patients of this seed alone, for one use."""
    first, count = {
        "train": (5100, choose(smoke=2, quick=16, full=64)),
        "choose": (5200, choose(smoke=1, quick=4, full=16)),
        "test": (5300, choose(smoke=2, quick=8, full=16)),
    }[use]
    if lesions:
        return virtual_patients(count, seed=first + seed)
    return virtual_patients(count, seed=first + seed, lesions=None)


def _nested(train: Dataset, seed: int, *, width: int, patch: int, batch: int, steps: int) -> UNetPlusPlus:
    """A UNet++ with four heads, trained with deep supervision."""
    torch.manual_seed(seed)
    model = UNetPlusPlus(len(train.contrasts), len(train.classes), width=width, depth=4, deep_supervision=True)
    steps = choose(smoke=3, quick=steps, full=3000)
    loss = DeepSupervision(dice_ce_loss)
    fit(model, train, steps=steps, patch=patch, batch=batch, loss=loss, seed=seed, progress=False)
    return model


def _chosen(model: UNetPlusPlus, choosing: Dataset) -> int:
    """The shallowest level whose mean Dice lies within 0.005 of the best level's."""
    scores = [_score(model.prune(level), choosing).interval("dice").mean for level in range(1, 5)]
    return next(level for level, score in enumerate(scores, start=1) if score >= max(scores) - 0.005)


def _score(model: nn.Module, cases: Dataset) -> Evaluation:
    return evaluate(lambda case: predict(model, case.image), cases)


def _boundary_errors(model: nn.Module, test: Dataset) -> list[float]:
    """In mm, for each slice and each tissue that it holds; infinity where the network misses the tissue."""
    errors = []
    for case in test:
        label, found = _label(case), predict(model, case.image)
        for k in (test.classes.index(tissue) for tissue in TISSUES):
            if (label == k).any():
                near = (found == k).any()
                errors.append(average_surface_distance(found == k, label == k, case.spacing) if near else math.inf)
    return errors


def _relabelled(patients: Dataset, label: Callable[[Tensor], Tensor]) -> Dataset:
    """The same images with another question."""
    cases = tuple(replace(case, label=label(_label(case))) for case in patients)
    names = ("background", *TISSUES) if label is _tissue else ("background", "front half", "back half")
    return replace(patients, cases=cases, classes=names)


def _label(case: Case) -> Tensor:
    assert case.label is not None
    return case.label


def _tissue(label: Tensor) -> Tensor:
    """Healthy patients have no lesions: 0 background, 1 CSF, 2 grey matter, 3 white matter."""
    return label


def _half(label: Tensor) -> Tensor:
    """1 for the front and 2 for the back half of the brain, whatever the tissue (H, W)."""
    rows = (label > 0).any(1).nonzero()
    middle = int(rows.min() + rows.max() + 1) // 2 if len(rows) else 0
    brain = (label > 0).long()
    return torch.cat([brain[:middle], 2 * brain[middle:]])
