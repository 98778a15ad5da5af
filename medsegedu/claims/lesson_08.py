"""Lesson 08: what a network of one contrast is worth on another, what fusion adds, a missing contrast, and another scanner.

Virtual patients, axial slices of 2 mm, normalised within the head unless a claim says otherwise. Each seed has its own patients
for training and testing; its networks share them and their first weights, as far as they have the same channels. All have 16
channels at the first level and train for the same number of steps. The rules were fixed after trials with the seeds 90 and 91,
which are not among the measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.data import Augment, Case, Dataset, PatchSampler, Scanner, virtual_patients
from medsegedu.inference import predict, probabilities
from medsegedu.metrics import evaluate
from medsegedu.models import UNet
from medsegedu.preset import choose
from medsegedu.training import fit

T1, T2, FLAIR = 0, 1, 2
ALL = (T1, T2, FLAIR)
USUAL = Scanner()
OTHER_SCANNER = Scanner(gamma=2.0, bias=0.4)
AUGMENT = Augment(  # a law, a contrast and a shading
    gamma=0.7, bias=0.3, contrast=0.3, noise=0, resolution=1, moved=0, changed=0.5
)


@claim(
    "08.transfer",
    sentence="Models trained on one type of data may not be applicable to another: a network of one contrast fails on another.",
    source="survey 3 (5)",
    unit="Dice",
    arms=("on the other contrast", "on its own"),
    at_least=0.2,
)
def one_contrast_on_another(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions, and of two networks: T1's on T2 and T2's on T1, or each on its own."""
    train, test = _patients(seed)
    first, second = (_trained(_only(train, k), seed) for k in (T1, T2))
    images = [_only(test, k) for k in (T1, T2)]
    crossed = _dice(first, images[1]) + _dice(second, images[0])
    return {
        "on the other contrast": crossed / 2,
        "on its own": (_dice(first, images[0]) + _dice(second, images[1])) / 2,
    }


def _gain_over_the_best(values: Mapping[str, float]) -> float:
    return values["early fusion"] - max(values[name] for name in ("T1", "T2", "FLAIR"))


@claim(
    "08.fusion",
    sentence="Each mode has its unique characteristics: fused as channels, T1, T2 and FLAIR give more than the best of them.",
    source="survey 3 (5)",
    unit="Dice",
    arms=("T1", "T2", "FLAIR", "late fusion", "early fusion"),
    difference=_gain_over_the_best,
    at_least=0.02,
)
def fusion_helps(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions. The best single contrast is chosen on the test patients, in its favour."""
    train, test = _patients(seed)
    single = [_trained(_only(train, k), seed) for k in ALL]

    def late(case: Case) -> Tensor:
        votes = [probabilities(model, case.image[k : k + 1]) for k, model in enumerate(single)]
        return torch.stack(votes).mean(0).argmax(0)  # (classes, H, W) of each network -> (H, W)

    values = {train.contrasts[k]: _dice(single[k], _only(test, k)) for k in ALL}
    values["late fusion"] = evaluate(late, test).interval("dice").mean
    values["early fusion"] = _dice(_trained(train, seed), test)
    return values


@claim(
    "08.missing",
    sentence="A model should serve other modes too: modality dropout in training rescues a network that lacks a contrast.",
    source="survey 3 (5)",
    unit="Dice",
    arms=("one missing", "dropout", "all there", "all, dropout"),
    compared=("one missing", "dropout"),
    at_least=0.05,
)
def dropout_rescues(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions, and of three tests: without T1, without T2, without FLAIR.

    "dropout" is the same with one missing, of a network trained with modality dropout; the last two arms show its price.
    """
    train, test = _patients(seed)
    values = {}
    for missing, there, share in (("one missing", "all there", 0.0), ("dropout", "all, dropout", 0.3)):
        model = _trained(train, seed, dropped=share)
        values[there] = _dice(model, test)
        values[missing] = sum(_dice(model, _without(test, k)) for k in ALL) / len(ALL)
    return values


@claim(
    "08.scanner",
    sentence="Generalisation can be trained: augmentation gives back part of what a network loses on another scanner.",
    source="survey 3 (5)",
    unit="Dice",
    arms=("same scanner", "other scanner", "augmented", "normalised"),
    compared=("other scanner", "augmented"),
    at_least=0.05,
)
def augmentation_gives_back(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions, of networks on intensities as the scanner gives them.

    The other scanner images the same test patients with another law and more shading. "normalised" is the other remedy: no
    augmentation, but each image is normalised within the head.
    """
    plain, augmented = (_trained(_raw_patients(seed)[0], seed, augment=augment) for augment in (None, AUGMENT))
    train, other = _patients(seed, OTHER_SCANNER)
    return {
        "same scanner": _dice(plain, _raw_patients(seed)[1]),
        "other scanner": _dice(plain, _raw_patients(seed, OTHER_SCANNER)[1]),
        "augmented": _dice(augmented, _raw_patients(seed, OTHER_SCANNER)[1]),
        "normalised": _dice(_trained(train, seed), other),
    }


@claim(
    "08.both",
    sentence="Generalisation can be trained: augmentation helps on another scanner even where each image is normalised.",
    source="survey 3 (5)",
    unit="Dice",
    arms=("normalised", "both"),
    at_least=0.02,
)
def augmentation_adds(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions on the other scanner of the claim above."""
    train, other = _patients(seed, OTHER_SCANNER)
    return {
        "normalised": _dice(_trained(train, seed), other),
        "both": _dice(_trained(train, seed, augment=AUGMENT), other),
    }


class _Dropped(PatchSampler):
    """Patches in which each contrast is missing with probability `share`, but never all of them."""

    share = 0.0

    def draw(self) -> tuple[Tensor, Tensor]:
        image, label = super().draw()
        numbers = torch.from_numpy(self.random.random(image.shape[:2]))  # (N, C)
        keep = (numbers >= self.share) | (numbers == numbers.amax(1, keepdim=True))
        return image * keep[:, :, None, None], label


def _raw_patients(seed: int, scanner: Scanner = USUAL) -> tuple[Dataset, Dataset]:
    """Patients of this seed alone: (for training, for testing); `scanner` is the one that tests."""
    trained, tested = choose(smoke=(2, 2), quick=(16, 8), full=(64, 16))
    return virtual_patients(trained, seed=8000 + seed), virtual_patients(tested, seed=8500 + seed, scanner=scanner)


def _patients(seed: int, scanner: Scanner = USUAL) -> tuple[Dataset, Dataset]:
    """The same, each image normalised within the head."""
    train, test = _raw_patients(seed, scanner)
    return _changed(train, _normalised), _changed(test, _normalised)


def _trained(train: Dataset, seed: int, *, dropped: float = 0.0, augment: Augment | None = None) -> UNet:
    torch.manual_seed(seed)
    model = UNet(len(train.contrasts), len(train.classes), width=16, depth=3)
    sampler = _Dropped(train, 32, 16, seed=seed)
    sampler.share = dropped
    fit(model, sampler, steps=choose(smoke=3, quick=200, full=3000), augment=augment, seed=seed, progress=False)
    return model


def _dice(model: UNet, test: Dataset) -> float:
    return evaluate(lambda case: predict(model, case.image), test).interval("dice").mean


def _normalised(image: Tensor) -> Tensor:
    """(C, H, W), mean 0 and deviation 1 within the head, 0 outside."""
    head = (image / image.amax((1, 2), keepdim=True)).mean(0) > 0.15  # (H, W)
    inside = image[:, head]  # (C, pixels)
    return (image - inside.mean(1)[:, None, None]) / inside.std(1)[:, None, None] * head


def _only(dataset: Dataset, channel: int) -> Dataset:
    return _changed(dataset, lambda image: image[channel : channel + 1], dataset.contrasts[channel : channel + 1])


def _without(dataset: Dataset, channel: int) -> Dataset:
    """The contrast is missing: zeros in its channel."""
    there = torch.tensor([float(k != channel) for k in ALL])[:, None, None]
    return _changed(dataset, lambda image: image * there)


def _changed(dataset: Dataset, change: Callable[[Tensor], Tensor], contrasts: Sequence[str] | None = None) -> Dataset:
    cases = tuple(replace(case, image=change(case.image)) for case in dataset)
    return replace(dataset, cases=cases, contrasts=tuple(contrasts or dataset.contrasts))
