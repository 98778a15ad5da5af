"""Exercises 7.2 to 7.4: first tries often hold two mistakes. Each pair is known too; its sentence names both, in order."""

from collections.abc import Callable, Sequence
from itertools import product as combinations
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_07.grids import Spacing, corner_in_mm, in_mm, picked
from medsegedu.exercises.lesson_07.kernels import conv3d_parameters
from medsegedu.exercises.lesson_07.spacings import resample_label
from medsegedu.exercises.lesson_07.windows import gaussian_window, product


def add(exercise: Exercise, names: Sequence[str], sentences: Sequence[str], answer: Callable[..., Any]) -> None:
    """Register an answer with two mistakes."""
    answer.__name__ = "_and_".join(names)
    first, second = sentences
    exercise.mistake(f"Two things. First: {first} Then: {second}")(answer)


# ---- 7.2: a wrong size, and wrong places

SIZES: dict[str, tuple[str, Callable[[int, float, float], int]]] = {
    "rounded_down": (
        "you rounded the size down (`int`, `//`); the nearest whole number is asked for, `round`.",
        lambda n, old, new: max(1, int(n * old / new)),
    ),
    "rounded_up": (
        "you rounded the size up; the nearest whole number is asked for, `round`.",
        lambda n, old, new: max(1, -int(-n * old / new // 1)),
    ),
    "no_voxel_left": (
        "a thin slab can round to 0 voxels; take at least one, `max(1, round(...))`.",
        lambda n, old, new: round(n * old / new),
    ),
    "upside_down": (
        "your size is upside down, larger voxels must become fewer: `n * old / new`.",
        lambda n, old, new: max(1, round(n * new / old)),
    ),
    "forgotten_old_spacing": (
        "`n / new` forgets how long the old voxels are: `n * old / new`.",
        lambda n, old, new: max(1, round(n / new)),
    ),
}


def interpolated(label: Tensor, size: Sequence[int], mode: str, rounded: bool = False) -> Tensor:
    values = F.interpolate(label[None, None].float(), size=tuple(size), mode=mode)[0, 0]
    return values.round().long() if rounded else values.long()


NEAREST = 'Use mode="nearest-exact".'
PLACES: dict[str, tuple[str, Callable[[Tensor, Sequence[int], Spacing, Spacing], Tensor]]] = {
    "corner": (
        'mode="nearest" reads each new voxel at its corner, "nearest-exact" at its centre.',
        lambda label, size, old, new: interpolated(label, size, "nearest"),
    ),
    "new_spacing": (
        "new voxels divide the field of view evenly, so their centres lie at `(j + 0.5) * n / m` old voxels, not at "
        "`(j + 0.5) * new / old`.",
        lambda label, size, old, new: picked(label, size, old, new, in_mm),
    ),
    "corner_at_new_spacing": (
        "`j * new / old` is a voxel's corner, and new voxels divide the field of view evenly: centres at `(j + 0.5) * n / m`.",
        lambda label, size, old, new: picked(label, size, old, new, corner_in_mm),
    ),
    "invented_classes": (
        f"you interpolate linearly and invent classes between classes. {NEAREST}",
        lambda label, size, old, new: interpolated(label, size, "trilinear"),
    ),
    "rounded_classes": (
        f"you interpolate linearly, and rounding does not take back the invented classes. {NEAREST}",
        lambda label, size, old, new: interpolated(label, size, "trilinear", rounded=True),
    ),
}


def _resampled(whole: Callable[..., int], place: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def answer(label: Tensor, spacing: Spacing, new_spacing: Spacing) -> Tensor:
        size = [whole(n, old, new) for n, old, new in zip(label.shape, spacing, new_spacing, strict=True)]
        return place(label, size, spacing, new_spacing)

    return answer


for (size_name, (size_said, whole)), (place_name, (place_said, place)) in combinations(SIZES.items(), PLACES.items()):
    add(resample_label, (size_name, place_name), (size_said, place_said), _resampled(whole, place))

# ---- 7.3: a wrong block, and no bias

BLOCKS: dict[str, tuple[str, Callable[[Sequence[int]], int]]] = {
    "three_sizes": (
        "you always multiply three sizes, an image's kernel has two.",
        lambda kernel: kernel[0] * kernel[1] * kernel[2],
    ),
    "cube": ("the first size to the third power suits cubes only.", lambda kernel: kernel[0] ** 3),
    "power": ("the first size to a power suits cubes and squares only.", lambda kernel: kernel[0] ** len(kernel)),
    "flat": ("only two of the kernel's sizes are in your product.", lambda kernel: kernel[0] * kernel[1]),
    "sum": ("you added the kernel's sizes instead of multiplying them.", sum),
    "at_most_three": ("you multiply at most three of the kernel's sizes.", lambda kernel: prod(kernel[:3])),
}


def _counted(block: Callable[[Sequence[int]], int]) -> Callable[..., int]:
    return lambda in_channels, out_channels, kernel, bias=True: in_channels * out_channels * block(kernel)


for block_name, (block_said, block) in BLOCKS.items():
    no_bias = "with `bias=True` each output channel learns one number more."
    add(conv3d_parameters, (block_name, "no_bias"), (block_said, no_bias), _counted(block))

# ---- 7.4: a wrong bell, and a wrong middle or no least weight

MIDDLES: dict[str, tuple[str, Callable[[int], float]]] = {
    "half": ("your middle is `n / 2`; places run from 0 to n - 1, so it is `(n - 1) / 2`.", lambda n: n / 2),
    "whole": (
        "your middle is a voxel, `n // 2`; for an even n it lies between two, at `(n - 1) / 2`.",
        lambda n: n // 2,
    ),
    "exact": ("", lambda n: (n - 1) / 2),
}
EXPONENTS: dict[str, tuple[str, Callable[[Tensor, int], Tensor]]] = {
    "no_half": ("the half is missing, `exp(-0.5 * (distance / sigma) ** 2)`.", lambda d, n: (d / (n / 8)) ** 2),
    "variance": ("n / 8 is sigma, so it is squared too.", lambda d, n: 0.5 * d**2 / (n / 8)),
    "whole_sigma": (
        "sigma is `n / 8`; `n // 8` is 0 for a short axis.",
        lambda d, n: 0.5 * (d / torch.tensor(float(n // 8))) ** 2,
    ),
    "right": ("", lambda d, n: 0.5 * (d / (n / 8)) ** 2),
}
LEAST = "raise the small weights, `.clamp(min=0.001)` at the very end."


def _windowed(middle: Callable[[int], float], exponent: Callable[..., Tensor], clamp: bool) -> Callable[..., Tensor]:
    def answer(size: Sequence[int]) -> Tensor:
        weight = product([torch.exp(-exponent(torch.arange(n) - middle(n), n)) for n in size])
        return weight.clamp(min=1e-3) if clamp else weight

    return answer


for (middle_name, (middle_said, middle)), (bell_name, (bell_said, exponent)), clamp in combinations(
    MIDDLES.items(), EXPONENTS.items(), (True, False)
):
    said = [sentence for sentence in (middle_said, bell_said, "" if clamp else LEAST) if sentence]
    if len(said) == 2:
        parts = (f"{middle_name}_middle", f"{bell_name}_bell", "clamped" if clamp else "not_clamped")
        add(gaussian_window, parts, said, _windowed(middle, exponent, clamp))
