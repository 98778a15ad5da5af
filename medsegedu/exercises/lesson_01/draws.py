"""Exercise 1.2: draw every class equally often."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from medsegedu.data import balanced_sample as reference
from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise

Generator = np.random.Generator


def _tally(attempt: Any, label: Tensor, n: int, seed: int) -> dict[str, Any]:
    """What two right answers have in common, whatever they drew: the shape, and how many pixels of each class."""
    positions = torch.as_tensor(attempt(label, n, np.random.default_rng(seed)))
    found: dict[str, Any] = {"shape": tuple(positions.shape), "whole numbers": not positions.is_floating_point()}
    if positions.ndim == 2 and positions.shape[1] == label.ndim:
        values = label[tuple(positions.long().T)]
        found["drawn of each class"] = {value: int((values == value).sum()) for value in label.unique().tolist()}
    return found


balanced_sample = Exercise(
    "01.balanced_sample",
    reference=reference,
    title="Draw every class equally often",
    minutes=10,
    difficulty=2,
    hints=(
        "Go class by class: `label.unique()` tells which are there, and `(label == value).nonzero()` where.",
        "`random.integers(len(pixels), size=count)` draws `count` indices, some of them more than once. That is wanted: a "
        "lesion of 3 pixels has to serve 20 times.",
        "With 3 classes and n = 10, the counts are 4, 3 and 3: `n // 3`, and one more for the first `n % 3` classes.",
    ),
    after="The next cell shows what it changes: the same number of draws, with and without balance.",
    call=_tally,
)


def _label(random: Random, height: int, width: int, rare: int = 4, pixels: int = 3) -> Tensor:
    """Mostly 0, some 1, a few pixels of the class `rare`, and nothing of the classes between."""
    label = random.mask(height, width, share=0.25).long()
    flat = label.flatten()
    flat[torch.from_numpy(random.numpy.permutation(flat.numel())[:pixels])] = rare
    return flat.reshape(height, width)


@balanced_sample.case
def rare_and_absent_classes(random: Random) -> tuple[Any, ...]:
    return _label(random, 9, 23), 30, 1


@balanced_sample.case
def not_divisible(random: Random) -> tuple[Any, ...]:
    return _label(random, 17, 8, rare=2), 20, 2


@balanced_sample.case
def without_background(random: Random) -> tuple[Any, ...]:
    return _label(random, 7, 12) + 2, 13, 3


@balanced_sample.case
def stack_of_slices(random: Random) -> tuple[Any, ...]:
    return _label(random, 24, 7).reshape(4, 6, 7), 17, 4


@balanced_sample.behaviour
def every_pixel_can_be_drawn(attempt: Any, random: Random) -> str | None:
    label = torch.zeros(5, 7, dtype=torch.int64)
    label[3:, :4] = 1  # 8 pixels against 27
    drawn = torch.as_tensor(attempt(label, 1200, np.random.default_rng(5)))
    times = torch.bincount(drawn[:, 0].long() * 7 + drawn[:, 1].long(), minlength=35)
    if times.min() == 0:
        never = int((times == 0).sum())
        return f"In 1200 draws {never} of 35 pixels never came; each pixel of a class must have a chance."
    often = times[label.flatten() == 1]
    return "Some pixels of a class come much more often than others; draw them evenly." if often.max() > 130 else None


@balanced_sample.behaviour
def the_generator_decides(attempt: Any, random: Random) -> str | None:
    label = _label(random, 11, 19)
    draws = [torch.as_tensor(attempt(label, 24, np.random.default_rng(seed))) for seed in (7, 7, 8)]
    if not torch.equal(draws[0], draws[1]):
        return "Two runs with the same seed drew other pixels; take all chance from the generator `random` that you are given."
    if torch.equal(draws[0], draws[2]):
        return "Two generators with different seeds gave the same pixels; draw with `random.integers(...)`."
    return None


def _counts(n: int, classes: int) -> list[int]:
    return [n // classes + (k < n % classes) for k in range(classes)]


def _pixels(label: Tensor) -> list[Tensor]:
    return [(label == value).nonzero() for value in label.unique()]


def _pick(pixels: Tensor, count: int, random: Generator) -> Tensor:
    return pixels[random.integers(len(pixels), size=count)]


@balanced_sample.mistake(
    "You drew from all pixels alike, so the rare classes stay rare: most of your draws are background. Draw from each class "
    "on its own."
)
def any_pixel(label: Tensor, n: int, random: Generator) -> Tensor:
    return _pick((label > -1).nonzero(), n, random)


@balanced_sample.mistake(
    "You drew `n` pixels of every class; `n` is the number of all draws together. Divide it by the number of classes."
)
def n_of_each(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([_pick(pixels, n, random) for pixels in _pixels(label)])


@balanced_sample.mistake(
    "You drew too few: `n // classes` rounds down, and the rest is lost. Give the first `n % classes` classes one more each."
)
def rest_lost(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    return torch.cat([_pick(pixels, n // len(groups), random) for pixels in groups])


@balanced_sample.mistake(
    "You went through all numbers from 0 to the largest label, but some classes have no pixel here, and none can be drawn of "
    "them. `label.unique()` gives those that are present."
)
def absent_classes_too(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = [(label == value).nonzero() for value in range(int(label.max()) + 1)]
    return torch.cat([_pick(p, c, random) for p, c in zip(groups, _counts(n, len(groups)), strict=True)])


@balanced_sample.mistake(
    "You left class 0 out. The background is a class as well: a classifier that never saw it will find tissue in the air."
)
def background_left_out(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = [(label == value).nonzero() for value in label.unique() if value > 0]
    return torch.cat([_pick(p, c, random) for p, c in zip(groups, _counts(n, len(groups)), strict=True)])


@balanced_sample.mistake(
    "You drew without putting back, so a class with 3 pixels gives 3 draws and not its share. Let pixels come twice: "
    "`random.integers(len(pixels), size=count)`."
)
def without_putting_back(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    pairs = zip(groups, _counts(n, len(groups)), strict=True)
    return torch.cat([pixels[random.permutation(len(pixels))[:count]] for pixels, count in pairs])


@balanced_sample.mistake(
    "`random.choice(..., replace=False)` refuses to draw more pixels than a class has. A lesion of 3 pixels must be drawn "
    "many times: leave `replace=False` out."
)
def choice_without_replacement(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    pairs = zip(groups, _counts(n, len(groups)), strict=True)
    return torch.cat([pixels[random.choice(len(pixels), count, replace=False)] for pixels, count in pairs])


@balanced_sample.mistake(
    "You always take the first pixels of a class, those at the top of the image. The classifier would never see the rest; "
    "let `random` choose."
)
def always_the_first(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    pairs = zip(groups, _counts(n, len(groups)), strict=True)
    return torch.cat([pixels[torch.arange(count) % len(pixels)] for pixels, count in pairs])


@balanced_sample.mistake(
    "You used `np.random` or `torch.rand...` and not the generator `random`. Then a seed does not repeat your experiment; "
    "call `random.integers(...)`."
)
def another_source_of_chance(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    pairs = zip(groups, _counts(n, len(groups)), strict=True)
    return torch.cat([pixels[torch.randint(len(pixels), (count,))] for pixels, count in pairs])


@balanced_sample.mistake(
    "You let chance choose the class of each draw. That is even only on average: in one batch a class may be missing. Give "
    "each class its fixed share."
)
def class_by_chance(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = _pixels(label)
    return torch.cat([_pick(groups[random.integers(len(groups))], 1, random) for _ in range(n)])


@balanced_sample.mistake(
    "Your positions are (column, row). Everywhere in this course the row comes first, as `nonzero()` gives it; on a wide image "
    "yours even fall outside."
)
def columns_first(label: Tensor, n: int, random: Generator) -> Tensor:
    return reference(label, n, random).flip(1)


@balanced_sample.mistake(
    "You returned one number for each pixel, its place in the flattened label. Wanted is one number an axis, (row, column), so "
    "the shape is (n, 2): do not flatten the label."
)
def flat_numbers(label: Tensor, n: int, random: Generator) -> Tensor:
    flat = label.flatten()
    return reference(flat, n, random)[:, 0]
