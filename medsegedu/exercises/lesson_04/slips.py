"""Exercises 4.1 to 4.4: further slips, in what is added, squared, chosen, averaged or handed back."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_04.absent import empty_masks, present
from medsegedu.exercises.lesson_04.easy import focal, surprise_of
from medsegedu.exercises.lesson_04.overlaps import by_class, maps, soft_dice
from medsegedu.exercises.lesson_04.prices import counts, index, tversky


@soft_dice.mistake(
    "You added 1 above and below. Beside a lesion of four pixels that is no small number: a missed one would cost 0.8 and not 1. "
    "Add 1e-5, which only keeps the fraction defined."
)
def smoothed_by_one(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label), eps=1.0)[:, 1:].mean()


@soft_dice.mistake(
    "You added 1e-5 below, but not above. Where a class is absent and not claimed either, a perfect answer, your loss is 1 and "
    "not 0. Add it on both sides of the fraction."
)
def smoothed_below_only(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    return (1 - 2 * (p * t).sum((2, 3)) / (p.sum((2, 3)) + t.sum((2, 3)) + 1e-5))[:, 1:].mean()


@soft_dice.mistake(
    "Nothing keeps your fraction from 0 / 0. A class that is neither there nor claimed makes the whole loss nan, and with it "
    "every weight. Add 1e-5 above and below."
)
def nothing_added(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label), eps=0.0)[:, 1:].mean()


@soft_dice.mistake(
    "You squared the terms of the denominator. V-Net's paper does that, and it is a good loss too; this one is the plain sum, as "
    "in most libraries. Leave the squares out."
)
def squared_sizes(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    sizes = (p**2).sum((2, 3)) + t.sum((2, 3))
    return (1 - (2 * (p * t).sum((2, 3)) + 1e-5) / (sizes + 1e-5))[:, 1:].mean()


@soft_dice.mistake(
    "You kept class 1 alone (`[:, 1]`). With two classes that is right; with more, all the others go unheard. "
    "`[:, 1:]` has a colon."
)
def first_class_only(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label))[:, 1].mean()


@soft_dice.mistake(
    "You moved the classes of `one_hot` to the wrong place, with a `reshape` or `view`: the numbers stay in their old order and "
    "land at other pixels. Axes are moved by `movedim(-1, 1)` or `permute(0, 3, 1, 2)`."
)
def reshaped(logits: Tensor, label: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(label, logits.shape[1]).reshape(logits.shape)
    return by_class(torch.softmax(logits, 1), truth.to(logits.dtype))[:, 1:].mean()


@soft_dice.mistake(
    "You compared the probabilities with the class *numbers*, not with yes and no. Class 3 then counts three times. Make one "
    "map of zeros and ones for each class: `F.one_hot`, or `label == c`."
)
def class_numbers(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, 1), label[:, None].expand(logits.shape).to(logits.dtype))[:, 1:].mean()


@soft_dice.mistake(
    "You converted to double precision. The number is right, but of another type than the scores: a loss should leave them as "
    "they are, or the first mixed sum raises an error. Drop `.double()`."
)
def doubled(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    value = by_class(p.double(), t.double())[:, 1:].mean()
    return value if logits.dtype == torch.float32 else value.float()


@soft_dice.mistake(
    "You return a Python number (`.item()` or `float`). It has the right value, but has forgotten how it came about: no "
    "gradient can flow back. Return the tensor."
)
def python_number(logits: Tensor, label: Tensor) -> float:
    return by_class(*maps(logits, label))[:, 1:].mean().item()


@soft_dice.mistake(
    "You let `F.one_hot` guess the number of classes. It takes the largest number that it meets, so it fails as soon as the last "
    "class is absent from a batch. Tell it: `F.one_hot(label, logits.shape[1])`."
)
def classes_guessed(logits: Tensor, label: Tensor) -> Tensor:
    truth = F.one_hot(label).movedim(-1, 1)
    return by_class(torch.softmax(logits, 1), truth)[:, 1:].mean()


@soft_dice.mistake(
    "Your softmax runs over the samples (axis 0): the patients of a batch compete with one another. The classes must compete, "
    "and they are axis 1: `dim=1`."
)
def softmax_over_samples(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, 0), maps(logits, label)[1])[:, 1:].mean()


@empty_masks.mistake(
    "You took `probabilities.mean()` over everything, one number for all absent classes. Each is to pay for its own claims: "
    "`probabilities.mean((2, 3))`, which is (N, C)."
)
def mean_over_everything(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), probabilities.mean())


@tversky.mistake(
    "Two things: alpha belongs to the false alarms and beta to the misses, you exchanged them; and where the truth is empty "
    "the loss is to be the mean probability, as in the exercise before."
)
def prices_exchanged_and_absent_forgotten(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    return 1 - index(*counts(probabilities, truth), beta, alpha)


@tversky.mistake(
    "The prices are right, but an empty truth is not settled: let it cost its mean probability, as in the exercise before. And "
    "add 1e-5 above and below, or a class that is neither there nor claimed gives 0 / 0."
)
def absent_forgotten_and_nothing_added(probabilities: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    return 1 - index(*counts(probabilities, truth), alpha, beta, eps=0)


@focal.mistake(
    "You added a small number inside the logarithm so that it stays finite. Then a pixel that is surely wrong has next to no "
    "slope: just the one that most needs it. `F.cross_entropy` and `log_softmax` need no such help."
)
def small_number_in_the_logarithm(logits: Tensor, label: Tensor, gamma: float) -> Tensor:
    p = torch.softmax(logits, 1).gather(1, label[:, None])[:, 0]
    return ((1 - p) ** gamma * -torch.log(p + 1e-8)).mean()


@focal.mistake(
    "You multiplied by the alpha of the paper, 0.25. It weighs foreground against background, not everything alike, and it is "
    "not asked for here: leave it out."
)
def alpha_for_all(logits: Tensor, label: Tensor, gamma: float) -> Tensor:
    surprise = surprise_of(logits, label)
    return 0.25 * ((1 - torch.exp(-surprise)) ** gamma * surprise).mean()
