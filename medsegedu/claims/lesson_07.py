"""Lesson 07: what the third dimension gives on volumes, how it overfits few patients, and what cropping takes away.

Virtual patients in voxels of 3 mm. Each seed has its own patients for training and testing and its own first weights; the
networks of a seed share the patients. All train for the same number of steps, with as many voxels in a step. Flat networks learn
from axial slices of the very same volumes, and every answer is judged as a volume.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.data import Case, Dataset, PatchSampler, Scanner, virtual_patients
from medsegedu.inference import predict
from medsegedu.metrics import evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit

NOISY = Scanner(noise=0.15)
"""Five times the usual noise: a fast scan, in which a single slice tells less."""
WIDTHS = {2: 20, 3: 12}
"""Channels of the first level that give a flat and a solid U-Net of depth 2 as many parameters: 183,000 and 192,000."""


@claim(
    "07.context",
    sentence="Volumes need three-dimensional convolution: with as many parameters, a 3D U-Net segments noisy volumes more "
    "accurately than a 2D U-Net that learned from the slices of the same patients.",
    source="survey 3 (4)",
    unit="Dice",
    arms=("2D", "2.5D", "3D"),
    at_least=0.02,
)
def context_helps(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions; 2.5D reads two neighbours on either side of a slice as further channels."""
    train, test = _patients(choose(smoke=2, quick=8, full=40), seed, NOISY)
    return {
        "2D": _dice(_flat(train, seed, reach=0), test),
        "2.5D": _dice(_flat(train, seed, reach=2), test),
        "3D": _dice(_solid(train, seed), test),
    }


@claim(
    "07.overfitting",
    sentence="Three-dimensional convolution has more parameters and overfits more easily: trained on two patients, a 3D U-Net "
    "loses more on new ones than a 2D U-Net of the same width.",
    source="survey 3 (4)",
    unit="Dice lost on new patients",
    arms=("2D, 2 patients", "3D, 2 patients", "3D, 8 patients"),
    compared=("2D, 2 patients", "3D, 2 patients"),
    at_least=0.02,
)
def solid_overfits(seed: int) -> dict[str, float]:
    """Mean Dice on the first two training patients minus that on new ones. Both networks have 12 channels at the first level."""
    many, test = _patients(choose(smoke=2, quick=8, full=40), seed, Scanner())
    few = many[:2]
    networks = {
        "2D, 2 patients": _flat(few, seed, reach=0, width=WIDTHS[3]),
        "3D, 2 patients": _solid(few, seed),
        "3D, 8 patients": _solid(many, seed),
    }
    return {name: _dice(network, few) - _dice(network, test) for name, network in networks.items()}


@claim(
    "07.cropping",
    sentence="Volumes have to be cropped into blocks, which keeps a network from extracting more spatial information: blocks of "
    "36 mm lose accuracy against blocks of 72 mm.",
    source="survey 4 (1)",
    unit="Dice",
    arms=("36 mm", "72 mm"),
    at_least=0.02,
)
def cropping_loses_context(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions. Trained on blocks of this size, and predicted in overlapping ones."""
    train, test = _patients(choose(smoke=2, quick=8, full=40), seed, Scanner())
    return {f"{3 * patch} mm": _dice(_solid(train, seed, patch=patch, window=patch), test) for patch in (12, 24)}


Segment = Callable[[Case], Tensor]


def _patients(count: int, seed: int, scanner: Scanner) -> tuple[Dataset, Dataset]:
    """Patients of this seed alone: (for training, for testing)."""
    tested = choose(smoke=1, quick=4, full=16)
    return (
        virtual_patients(count, seed=8000 + seed, dims=3, spacing=3, scanner=scanner),
        virtual_patients(tested, seed=9000 + seed, dims=3, spacing=3, scanner=scanner),
    )


def _steps() -> int:
    return choose(smoke=2, quick=200, full=3000)


def _solid(train: Dataset, seed: int, *, patch: int = 16, window: int | None = None) -> Segment:
    """A trained 3D U-Net: volume -> label map, in windows if `window` says so."""
    torch.manual_seed(seed)
    model = UNet(3, 5, width=WIDTHS[3], depth=2, dims=3)
    sampler = PatchSampler(train, patch, 27_648 // patch**3, foreground=0.9, seed=seed)  # 6 of 16 voxels, 2 of 24
    fit(model, sampler, steps=_steps(), rate=1e-2, seed=seed, progress=False)
    return lambda case: predict(model, case.image, patch=window)


def _flat(train: Dataset, seed: int, *, reach: int, width: int = WIDTHS[2]) -> Segment:
    """A trained 2D U-Net that reads slices with `reach` neighbours on either side: volume -> label map."""
    torch.manual_seed(seed)
    model = UNet(3 * (2 * reach + 1), 5, width=width, depth=2)
    sampler = PatchSampler(_slices(train, reach), 48, 12, foreground=0.9, seed=seed)  # 12 of 48 x 48: 27,648 as well
    fit(model, sampler, steps=_steps(), rate=1e-2, seed=seed, progress=False)

    @torch.no_grad()
    def segment(case: Case) -> Tensor:
        model.eval()
        scores = model(_with_neighbours(case.image, reach))  # (Z, classes, X, Y)
        return scores.argmax(1).permute(1, 2, 0)  # (X, Y, Z)

    return segment


def _slices(volumes: Dataset, reach: int) -> Dataset:
    """Every axial slice of every volume, each with its neighbours as further channels."""
    cases = []
    for case in volumes:
        assert case.label is not None
        images = _with_neighbours(case.image, reach)  # (Z, C * (2 reach + 1), X, Y)
        labels = case.label.permute(2, 0, 1).contiguous()  # (Z, X, Y)
        cases += [
            Case(image, label, case.spacing[:2], case.patient, f"{case.id}-z{z:03d}")
            for z, (image, label) in enumerate(zip(images, labels, strict=True))
        ]
    names = tuple(f"{name} {step:+d}" for step in range(-reach, reach + 1) for name in volumes.contrasts)
    return replace(volumes, cases=tuple(cases), contrasts=names)


def _with_neighbours(volume: Tensor, reach: int) -> Tensor:
    """(C, X, Y, Z) -> (Z, C * (2 reach + 1), X, Y); beyond the ends there is nothing but zeros."""
    padded = F.pad(volume, (reach, reach))  # (C, X, Y, Z + 2 reach)
    shifted = [padded[..., step : step + volume.shape[-1]] for step in range(2 * reach + 1)]
    return torch.cat(shifted).permute(3, 0, 1, 2).contiguous()


def _dice(segment: Segment, test: Dataset) -> float:
    return evaluate(segment, test).interval("dice").mean
