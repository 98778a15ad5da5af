"""Exercise 7.4: how much each voxel of a window counts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_07 import answers
from medsegedu.inference.sliding_window import gaussian


def reference(size: Sequence[int]) -> Tensor:
    """(*size) float32, 1 in the middle: the core's own, which every prediction of this course uses."""
    return gaussian(size)


gaussian_window = Exercise(
    "07.gaussian_window",
    reference=reference,
    shown=answers.gaussian_window,
    title="Count the middle most",
    minutes=10,
    difficulty=2,
    hints=(
        "Start with one axis: `torch.arange(n)` are the places. Where is the middle of 4 voxels, numbered 0 to 3?",
        "The middle is `(n - 1) / 2`. One axis weighs `exp(-0.5 * (distance / sigma) ** 2)` with sigma = n / 8.",
        "A Gaussian of several axes is the *product* of one for each: multiply `weight[..., None]` by the next axis. Raise small "
        "weights to 0.001 at the very end.",
    ),
    after="The next cell shows it, and how its copies add up over a volume.",
    atol=1e-6,
)


@gaussian_window.case
def odd_and_even(random: Random) -> tuple[Any, ...]:
    return ((5, 8, 6),)


@gaussian_window.case
def flat_window(random: Random) -> tuple[Any, ...]:
    return ((12, 9),)


@gaussian_window.case
def one_axis(random: Random) -> tuple[Any, ...]:
    return ([16],)


@gaussian_window.case
def thick_slices(random: Random) -> tuple[Any, ...]:
    return ((7, 10, 1),)


@gaussian_window.case
def volume_in_time(random: Random) -> tuple[Any, ...]:
    return ((3, 4, 2, 5),)


def bells(size: Sequence[int], middle: float = -0.5, sigma: float = 1 / 8, power: float = 2) -> list[Tensor]:
    """One Gaussian an axis as it should be, before they are multiplied; `middle` is added to half the size."""
    distances = [(torch.arange(n) - (n / 2 + middle)).abs() / (n * sigma) for n in size]
    return [torch.exp(-0.5 * distance**power) for distance in distances]


def product(bells: Sequence[Tensor]) -> Tensor:
    """(*size), without a least weight."""
    weight = torch.ones(())
    for bell in bells:
        weight = weight[..., None] * bell
    return weight


@gaussian_window.mistake(
    "Your middle is `n / 2`. The places run from 0 to n - 1, so their middle is `(n - 1) / 2`; with yours the first voxel "
    "weighs less than the last, and all seams lean to one side."
)
def middle_at_half(size: Sequence[int]) -> Tensor:
    return product(bells(size, middle=0)).clamp(min=1e-3)


@gaussian_window.mistake(
    "Your middle is `n // 2`, a voxel. For an even n the middle lies between two voxels, at `(n - 1) / 2`; with yours the window "
    "is lopsided."
)
def middle_on_a_voxel(size: Sequence[int]) -> Tensor:
    distances = [(torch.arange(n) - n // 2) / (n / 8) for n in size]
    return product([torch.exp(-0.5 * distance**2) for distance in distances]).clamp(min=1e-3)


@gaussian_window.mistake(
    "The half is missing: a Gaussian is `exp(-0.5 * (distance / sigma) ** 2)`. Without it your window is narrower by a factor "
    "of 1.4."
)
def half_forgotten(size: Sequence[int]) -> Tensor:
    return product([bell**2 for bell in bells(size)]).clamp(min=1e-3)


@gaussian_window.mistake(
    "You took n / 8 for the variance (you divide the squared distance by n / 8). It is sigma, so it is squared too: "
    "`(distance / sigma) ** 2`."
)
def variance_for_sigma(size: Sequence[int]) -> Tensor:
    return product([torch.exp(-0.5 * (torch.arange(n) - (n - 1) / 2) ** 2 / (n / 8)) for n in size]).clamp(min=1e-3)


@gaussian_window.mistake(
    "The square is missing: `exp(-0.5 * |distance| / sigma)` is a tent with a sharp peak, not a bell. Square the quotient."
)
def tent(size: Sequence[int]) -> Tensor:
    return product(bells(size, power=1)).clamp(min=1e-3)


@gaussian_window.mistake(
    "Your sigma is the whole window: the border weighs nearly as much as the middle, and the seams stay. Sigma is an eighth "
    "of each axis."
)
def sigma_whole(size: Sequence[int]) -> Tensor:
    return product(bells(size, sigma=1)).clamp(min=1e-3)


@gaussian_window.mistake(
    "You took the sigma of the first axis for all. A window need not be a cube: each axis has a sigma of its own, an eighth "
    "of its size."
)
def one_sigma_for_all(size: Sequence[int]) -> Tensor:
    distances = [(torch.arange(n) - (n - 1) / 2) / (size[0] / 8) for n in size]
    return product([torch.exp(-0.5 * distance**2) for distance in distances]).clamp(min=1e-3)


@gaussian_window.mistake(
    "You added the axes' bells. Then a voxel at the border of one axis still weighs much because of the others; a Gaussian "
    "of several axes is their product."
)
def added(size: Sequence[int]) -> Tensor:
    weight = torch.zeros(())
    for bell in bells(size):
        weight = weight[..., None] + bell
    return weight.clamp(min=1e-3)


@gaussian_window.mistake(
    "You divided by the sum, as for a blur. A blend is divided by the sum of all windows at each voxel later on; here the "
    "middle stays at 1."
)
def sum_of_one(size: Sequence[int]) -> Tensor:
    weight = product(bells(size)).clamp(min=1e-3)
    return weight / weight.sum()


@gaussian_window.mistake(
    "The least weight is missing. In the window's corner the bell is nearly 0, and the corner of the image lies in no other "
    "window: there you would divide by almost nothing. End with `.clamp(min=0.001)`."
)
def no_least_weight(size: Sequence[int]) -> Tensor:
    return product(bells(size))


@gaussian_window.mistake(
    "You raised each axis to 0.001 before multiplying them. Three axes then go down to a billionth again: multiply first, clamp "
    "at the end."
)
def clamped_too_early(size: Sequence[int]) -> Tensor:
    return product([bell.clamp(min=1e-3) for bell in bells(size)])


@gaussian_window.mistake(
    "You added 0.001 to every weight, so the middle weighs more than 1. Only what is smaller is raised: `.clamp(min=0.001)`."
)
def least_weight_added(size: Sequence[int]) -> Tensor:
    return product(bells(size)) + 1e-3


@gaussian_window.mistake(
    "Your weights are float64 (NumPy's or `.double()`). Blended with them every float32 answer becomes twice as large in memory; "
    "return float32."
)
def double_precision(size: Sequence[int]) -> Tensor:
    return gaussian(size, dtype=torch.float64)


@gaussian_window.mistake(
    "Your window always has three axes. Slices have two: go through the axes in a loop and add one at a time, "
    "`weight[..., None] * bell`."
)
def always_three_axes(size: Sequence[int]) -> Tensor:
    x, y, z = bells(size)
    return (x[:, None, None] * y[:, None] * z).clamp(min=1e-3)


@gaussian_window.mistake(
    "Your weights grow towards the border: you return 1 minus the bell. There the network has seen least; the middle must count "
    "most."
)
def upside_down(size: Sequence[int]) -> Tensor:
    return (1 - product(bells(size))).clamp(min=1e-3)
