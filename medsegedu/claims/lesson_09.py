"""Lesson 09: whether generated pairs help a network that is augmented anyway, and how to divide original and generated data.

Virtual patients, axial slices of 2 mm, patches of 32 pixels. For 2, 4, 8 and 16 training patients a SPADE generator learns to
draw images for masks, from these patients alone, and draws 512 images for their masks, each warped. Then one U-Net for each
ratio learns from batches of 16 in which so many pairs are generated: the same steps, the same first weights, the same
augmentation of real and generated pairs alike. One more U-Net learns from the originals for as long as the generator took
besides: 300 steps more. Each seed has its own patients; Dice is the mean of the three tissues and the lesions over eight test
patients.

The rules, the generator and all step counts were fixed after trials with the seeds 90 and 91, which are not among the measured.
"""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor

from medsegedu.claims import claim
from medsegedu.data import Augment, Dataset, PatchSampler, virtual_patients
from medsegedu.data.joint import Joint
from medsegedu.inference import predict
from medsegedu.metrics import evaluate
from medsegedu.models import PatchGAN, SPADEGenerator, UNet
from medsegedu.preset import choose
from medsegedu.training import fit
from medsegedu.training.adversarial import FromMask, fit_adversarial
from medsegedu.training.generated import Mixed, make_pairs

COUNTS = (2, 4, 8, 16)
SHARES = {"0 %": 0.0, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "100 %": 1.0}
ARMS = (*SHARES, "0 %, longer")
AUGMENT = Augment(flips=(1,), rotation=10, scale=0.1, contrast=0.1, gamma=0.1, bias=0.1, noise=0, resolution=1)
WARP = Augment(
    flips=(1,), rotation=15, scale=0.2, elastic=2, contrast=0, gamma=0, bias=0, noise=0, resolution=1, moved=1
)
NOISE = 16
STEPS_PER_STEP = 3  # a step of generator and discriminator takes as long as three of the U-Net (measured, one thread)


def _mean_gain(values: Mapping[str, float], plain: str) -> float:
    return sum(values[f"{n}, half"] - values[f"{n}, {plain}"] for n in COUNTS) / len(COUNTS)


def _same_steps(values: Mapping[str, float]) -> float:
    return _mean_gain(values, "none")


def _same_time(values: Mapping[str, float]) -> float:
    return _mean_gain(values, "longer")


@claim(
    "09.helps",
    sentence="Combining generated with original data can improve a model: half of each batch generated beats plain augmentation.",
    source="survey 4 (2)",
    unit="Dice",
    arms=tuple(f"{n}, {arm}" for n in COUNTS for arm in ("none", "half")),
    difference=_same_steps,
    at_least=0.01,
)
def generated_pairs_help(seed: int) -> dict[str, float]:
    """Mean Dice for 2, 4, 8 and 16 training patients, the U-Nets' steps being equal; the effect is the mean over the four."""
    tables = {n: _arms(n, seed) for n in COUNTS}
    return {f"{n}, {name}": tables[n][arm] for n in COUNTS for name, arm in (("none", "0 %"), ("half", "50 %"))}


@claim(
    "09.same_time",
    sentence="Generated data improve a model even when the time that their generator took is given to plain augmentation.",
    source="survey 4 (2)",
    unit="Dice",
    arms=tuple(f"{n}, {arm}" for n in COUNTS for arm in ("longer", "half")),
    difference=_same_time,
    at_least=0.01,
)
def generated_pairs_are_worth_their_time(seed: int) -> dict[str, float]:
    """The same, where the U-Net without generated pairs trains for longer: for as long as the other's generator took."""
    tables = {n: _arms(n, seed) for n in COUNTS}
    return {
        f"{n}, {name}": tables[n][arm] for n in COUNTS for name, arm in (("longer", "0 %, longer"), ("half", "50 %"))
    }


@claim(
    "09.patients_2",
    sentence="With 2 patients, batches that are half original and half generated beat original data alone.",
    source="survey 4 (2)",
    unit="Dice",
    arms=ARMS,
    compared=("0 %", "50 %"),
    at_least=0.01,
)
def two_patients(seed: int) -> dict[str, float]:
    """Mean Dice by the share of generated pairs in each batch."""
    return dict(_arms(2, seed))


@claim(
    "09.patients_4",
    sentence="With 4 patients, batches that are half original and half generated beat original data alone.",
    source="survey 4 (2)",
    unit="Dice",
    arms=ARMS,
    compared=("0 %", "50 %"),
    at_least=0.01,
)
def four_patients(seed: int) -> dict[str, float]:
    """Mean Dice by the share of generated pairs in each batch."""
    return dict(_arms(4, seed))


@claim(
    "09.patients_8",
    sentence="With 8 patients, batches that are half original and half generated beat original data alone.",
    source="survey 4 (2)",
    unit="Dice",
    arms=ARMS,
    compared=("0 %", "50 %"),
    at_least=0.01,
)
def eight_patients(seed: int) -> dict[str, float]:
    """Mean Dice by the share of generated pairs in each batch."""
    return dict(_arms(8, seed))


@claim(
    "09.patients_16",
    sentence="With 16 patients, batches that are half original and half generated beat original data alone.",
    source="survey 4 (2)",
    unit="Dice",
    arms=ARMS,
    compared=("0 %", "50 %"),
    at_least=0.01,
)
def sixteen_patients(seed: int) -> dict[str, float]:
    """Mean Dice by the share of generated pairs in each batch."""
    return dict(_arms(16, seed))


@functools.cache  # one generator and its U-Nets serve all claims that are measured in one process
def _arms(patients: int, seed: int) -> Mapping[str, float]:
    train, test = (
        virtual_patients(choose(smoke=2, quick=patients, full=patients), seed=9000 + 100 * patients + seed),
        virtual_patients(choose(smoke=1, quick=8, full=16), seed=9000 + seed),
    )
    steps, gan_steps = choose(smoke=(2, 2), quick=(180, 100), full=(2000, 2000))
    pool = _generated(train, seed, gan_steps)
    values = {arm: _dice(_trained(train, pool, share, seed, steps), test) for arm, share in SHARES.items()}
    longer = _trained(train, pool, 0.0, seed, steps + STEPS_PER_STEP * gan_steps)
    return {**values, "0 %, longer": _dice(longer, test)}


class _Warped(PatchSampler):
    """Patches whose label is another patient's who might have been: rotated, stretched, displaced."""

    def draw(self) -> tuple[Tensor, Tensor]:
        return WARP(*super().draw(), self.random)


def _generated(train: Dataset, seed: int, steps: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    joint = Joint.of(train)
    maker = FromMask(SPADEGenerator(len(train.classes), len(train.contrasts), noise=NOISE, width=8, depth=1))
    judge = PatchGAN(len(train.classes) + len(train.contrasts), width=16, depth=1)
    sampler = PatchSampler(train, 32, 16, foreground=0.9, seed=seed)
    fit_adversarial(maker, judge, sampler, joint, steps=steps, noise=NOISE, rate=2e-3, l1=3, seed=seed, progress=False)
    masks = _Warped(train, 32, 16, foreground=0.9, seed=seed)
    return make_pairs(maker, masks, joint, choose(smoke=16, quick=512, full=8192), noise=NOISE, seed=seed)


def _trained(train: Dataset, pool: tuple[Tensor, Tensor], share: float, seed: int, steps: int) -> UNet:
    torch.manual_seed(seed)
    model = UNet(len(train.contrasts), len(train.classes), width=12, depth=2)
    sampler = Mixed(PatchSampler(train, 32, 16, foreground=0.9, seed=seed), pool, share, seed=seed)
    fit(model, sampler, steps=steps, rate=2e-2, augment=AUGMENT, seed=seed, progress=False)
    return model


def _dice(model: UNet, test: Dataset) -> float:
    return evaluate(lambda case: predict(model, case.image), test).interval("dice").mean
