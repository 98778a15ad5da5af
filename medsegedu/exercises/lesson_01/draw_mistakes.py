"""Exercise 1.2, the mistakes: what students draw in place of a balanced sample."""

import numpy as np
import torch
from torch import Tensor

from medsegedu.data import balanced_sample as reference
from medsegedu.exercises.lesson_01.draws import balanced_sample

Generator = np.random.Generator


def _counts(n: int, classes: int) -> list[int]:
    return [n // classes + (k < n % classes) for k in range(classes)]


def _pixels(label: Tensor) -> list[Tensor]:
    return [(label == value).nonzero() for value in label.unique()]


def _pick(pixels: Tensor, count: int, random: Generator) -> Tensor:
    return pixels[random.integers(len(pixels), size=count)]


def _each(label: Tensor, n: int) -> list[tuple[Tensor, int]]:
    """The pixels of each class that is present, and how many to draw of them."""
    groups = _pixels(label)
    return list(zip(groups, _counts(n, len(groups)), strict=True))


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
    return torch.cat([pixels[random.permutation(len(pixels))[:count]] for pixels, count in _each(label, n)])


@balanced_sample.mistake(
    "`random.choice(..., replace=False)` refuses to draw more pixels than a class has. A lesion of 3 pixels must be drawn "
    "many times: leave `replace=False` out."
)
def choice_without_replacement(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([pixels[random.choice(len(pixels), count, replace=False)] for pixels, count in _each(label, n)])


@balanced_sample.mistake(
    "You always take the first pixels of a class, those at the top of the image. The classifier would never see the rest; "
    "let `random` choose."
)
def always_the_first(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([pixels[torch.arange(count) % len(pixels)] for pixels, count in _each(label, n)])


@balanced_sample.mistake(
    "You used `np.random` or `torch.rand...` and not the generator `random`. Then a seed does not repeat your experiment; "
    "call `random.integers(...)`."
)
def another_source_of_chance(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([pixels[torch.randint(len(pixels), (count,))] for pixels, count in _each(label, n)])


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


@balanced_sample.mistake(
    "You went through all classes there could be, and asked `random.choice` for a pixel of one that is not in this label. "
    "`label.unique()` gives those that are present."
)
def absent_classes_by_choice(label: Tensor, n: int, random: Generator) -> Tensor:
    groups = [(label == value).nonzero() for value in range(int(label.max()) + 1)]
    pairs = zip(groups, _counts(n, len(groups)), strict=True)
    return torch.cat([pixels[random.choice(len(pixels), count)] for pixels, count in pairs])


@balanced_sample.mistake(
    "You made a generator of your own inside, `np.random.default_rng(0)`. It starts anew at each call, so every batch has the "
    "same pixels; draw with the `random` that you are given."
)
def own_generator(label: Tensor, n: int, random: Generator) -> Tensor:
    return reference(label, n, np.random.default_rng(0))


@balanced_sample.mistake(
    "You returned a list with one tensor for each class. One tensor of n positions is wanted: join them with "
    "`torch.cat(positions)`."
)
def not_joined(label: Tensor, n: int, random: Generator) -> list[Tensor]:
    return [_pick(pixels, count, random) for pixels, count in _each(label, n)]


@balanced_sample.mistake(
    "You returned the classes of the pixels, not their places. Wanted is where they lie, one row (row, column) for each draw."
)
def classes_returned(label: Tensor, n: int, random: Generator) -> Tensor:
    return label[tuple(reference(label, n, random).T)]


@balanced_sample.mistake(
    "You drew the number of a pixel below `n`, so only the first n pixels of a class can come. The bound is how many pixels the "
    "class has: `random.integers(len(pixels), size=count)`."
)
def bound_is_n(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([pixels[random.integers(min(len(pixels), n), size=count)] for pixels, count in _each(label, n)])


@balanced_sample.mistake(
    "You draw one pixel by chance and go on with those behind it. Neighbours look alike, so a batch teaches little; let chance "
    "choose every pixel: `size=count`."
)
def one_run_of_pixels(label: Tensor, n: int, random: Generator) -> Tensor:
    starts = [(pixels, count, int(random.integers(len(pixels)))) for pixels, count in _each(label, n)]
    return torch.cat([pixels[(start + torch.arange(count)) % len(pixels)] for pixels, count, start in starts])


@balanced_sample.mistake(
    "You give each class one draw at least. With fewer draws than classes that is more than `n`; then the last classes get none."
)
def one_at_least(label: Tensor, n: int, random: Generator) -> Tensor:
    return torch.cat([_pick(pixels, max(1, count), random) for pixels, count in _each(label, n)])
