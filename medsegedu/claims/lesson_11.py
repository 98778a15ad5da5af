"""Lesson 11: what do few patients cost? (`lesson_11_transfer` asks whether one planned recipe serves data of every shape.)

Virtual patients. Each seed has patients of its own for training and testing. A first measurement was thrown away after it had
been seen: narrower flat networks did not always learn every class, and the plan was told of more voxels than it then got. It
had found 11.few_patients and 11.augment not shown, and 11.transfer false. Its patients are not used again. The rules are as they
were; they come from trials with the seeds 90 and 91 and twice the voxels, and what is measured now had no trial of its own.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.data import Augment, Dataset, virtual_patients
from medsegedu.inference import predict
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit


@claim(
    "11.few_patients",
    sentence="Too little training data easily causes overfitting: the gap between training and new patients grows as "
    "patients get fewer.",
    source="survey 4 (2)",
    unit="Dice lost on new patients",
    arms=("16 patients", "8 patients", "4 patients", "2 patients"),
    at_least=0.02,
)
def gap_grows(seed: int) -> dict[str, float]:
    """Mean Dice of tissues and lesions on the patients who trained the network, minus that on new ones."""
    many, test = _patients(seed)
    values = {}
    for n in (16, 8, 4, 2):
        few = many.of(many.patients[:n])
        model = _flat(few, seed)
        values[f"{n} patients"] = _dice(model, few) - _dice(model, test)
    return values


@claim(
    "11.augment",
    sentence="Little training data results in poor performance on other data, and prior knowledge must help: augmentation gives "
    "part of it back.",
    source="survey 3 (1) and 4 (2)",
    unit="Dice on new patients",
    arms=("2 patients", "2, augmented", "4 patients", "16 patients", "16, augmented"),
    compared=("2 patients", "2, augmented"),
    at_least=0.02,
)
def augmentation_gives_back(seed: int) -> dict[str, float]:
    """Mean Dice of tissues and lesions on new patients; all networks train for the same number of steps."""
    many, test = _patients(seed)
    values = {}
    for name, n, augment in (
        ("2 patients", 2, None), ("2, augmented", 2, Augment()), ("4 patients", 4, None), ("16 patients", 16, None),
        ("16, augmented", 16, Augment()),
    ):  # fmt: skip
        values[name] = _dice(_flat(many.of(many.patients[:n]), seed, augment), test)
    return values


def _patients(seed: int) -> tuple[Dataset, Dataset]:
    """Flat images: 16 patients to train, and new ones."""
    tested = choose(smoke=2, quick=12, full=32)
    return virtual_patients(16, seed=22_000 + seed, slices=4), virtual_patients(tested, seed=22_500 + seed, slices=4)


def _flat(train: Dataset, seed: int, augment: Augment | None = None) -> UNet:
    torch.manual_seed(seed)
    model = UNet(len(train.contrasts), len(train.classes), width=16, depth=3)
    steps = choose(smoke=3, quick=200, full=4000)
    fit(model, train, steps=steps, patch=32, augment=augment, seed=seed, progress=False)
    return model


def _dice(model: UNet, data: Dataset) -> float:
    return _pooled([predict(model, case.image) for case in data], data)


def _pooled(found: Sequence[Tensor], data: Dataset) -> float:
    """Dice of each class over all voxels of all cases together, and the mean of the classes."""
    guess, truth = (
        torch.cat([label.flatten() for label in found]),
        torch.cat([case.label.flatten() for case in data if case.label is not None]),
    )
    scores = []
    for c in range(1, len(data.classes)):
        a, b = guess == c, truth == c
        scores.append(2 * float((a & b).sum()) / max(1.0, float(a.sum() + b.sum())))
    return sum(scores) / len(scores)
