"""Exercise 4.4: further slips, in the probability that is taken, in its logarithm and in what is left out."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.lesson_04.easy import focal, surprise_of


@focal.mistake(
    "You multiplied by the alpha of the paper, 0.25. It weighs foreground against background, not everything alike, and it is "
    "not asked for here: leave it out."
)
def alpha_for_all(logits: Tensor, label: Tensor, gamma: float) -> Tensor:
    surprise = surprise_of(logits, label)
    return 0.25 * ((1 - torch.exp(-surprise)) ** gamma * surprise).mean()


def true_of(maps: Tensor, label: Tensor) -> Tensor:
    """The value of the true class at each pixel: (N, C, H, W), (N, H, W) -> (N, H, W)."""
    return maps.gather(1, label[:, None])[:, 0]


def _wrong(name: str, sentence: str, formula: Callable[[Tensor, Tensor, float], Any]) -> None:
    """Add a mistake: `formula(scores, label, gamma)`."""

    def attempt(logits: Tensor, label: Tensor, gamma: float) -> Any:
        return formula(logits, label, gamma)

    attempt.__name__ = name
    focal.mistake(sentence)(attempt)


def _kept_off_zero(eps: float, name: str) -> None:
    """A small number that keeps the logarithm finite, added or as a `clamp`: the results are the same."""
    _wrong(
        f"kept_off_zero_by_{name}",
        f"You kept the probability off 0 with {eps:g} (`clamp` or `+`), so that the logarithm stays finite. Then a pixel that is "
        "surely wrong has no slope any more: just the one that most needs it. `F.cross_entropy` and `log_softmax` take softmax "
        "and logarithm in one step, and need no such help.",
        lambda x, y, g: (
            (1 - true_of(torch.softmax(x, 1), y)) ** g * -torch.log(true_of(torch.softmax(x, 1), y) + eps)
        ).mean(),
    )


for _number in (5, 6, 7, 8, 9, 10, 12):
    _kept_off_zero(10.0**-_number, f"1e_{_number}")


def _held_back(most: float) -> None:
    _wrong(
        f"surprise_of_at_most_{most:g}",
        f"You let no pixel cost more than {most:g}: beyond it a `clamp` takes the slope away, and a pixel that is surely wrong "
        "learns nothing. `F.cross_entropy` stays finite by itself: leave the `clamp` out.",
        lambda x, y, g: (
            (1 - torch.exp(-surprise_of(x, y).clamp(max=most))) ** g * surprise_of(x, y).clamp(max=most)
        ).mean(),
    )


for _number in (10, 20, 50, 100):
    _held_back(float(_number))

SAFE = "(And take `log_softmax` for the logarithm of a softmax, or a p of 0 makes the loss infinite.)"


def _of_a_probability(name: str, sentence: str, formula: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """The mistakes of `easy`, as they come out with the logarithm of a softmax."""
    _wrong(f"{name}_and_log_of_softmax", f"{sentence} {SAFE}", formula)


def focused(p: Tensor, gamma: float) -> Tensor:
    """(1 - p)^gamma times -log p."""
    return (1 - p) ** gamma * -torch.log(p)


_of_a_probability(
    "power_of_p",
    "You raised p itself, not 1 - p: now the easy pixels count most.",
    lambda x, y, g: (true_of(torch.softmax(x, 1), y) ** g * -torch.log(true_of(torch.softmax(x, 1), y))).mean(),
)
_of_a_probability(
    "gamma_fixed",
    "You wrote the exponent 2 into the formula: use `gamma`.",
    lambda x, y, g: focused(true_of(torch.softmax(x, 1), y), 2).mean(),
)
_of_a_probability(
    "minus_forgotten",
    "Your loss is negative: the formula has a minus in front of the logarithm.",
    lambda x, y, g: -focused(true_of(torch.softmax(x, 1), y), g).mean(),
)
_of_a_probability(
    "sum_for_mean",
    "You added up all pixels, so a large image costs more than a small one: take the mean.",
    lambda x, y, g: focused(true_of(torch.softmax(x, 1), y), g).sum(),
)
_of_a_probability(
    "no_mean",
    "You return a loss for each pixel: take the `.mean()`.",
    lambda x, y, g: focused(true_of(torch.softmax(x, 1), y), g),
)
_of_a_probability(
    "probability_of_class_one",
    "You took the probability of class 1 for every pixel. What counts is that of the class that is true *there*: class 0 at a "
    "background pixel, `gather(1, label[:, None])`.",
    lambda x, y, g: focused(torch.softmax(x, 1)[:, 1], g).mean(),
)
_of_a_probability(
    "indexed_by_the_label",
    "`p[:, label]` does not choose pixel by pixel: it takes a whole map for each pixel, and gives five axes. One value a pixel "
    "is `p.gather(1, label[:, None])`, or leave it to `F.cross_entropy(..., reduction='none')`.",
    lambda x, y, g: focused(torch.softmax(x, 1)[:, y], g).mean(),
)
_wrong(
    "indexed_by_the_label",
    "Your `[:, label]` does not choose pixel by pixel: it takes a whole map for each pixel, and gives five axes. One value a "
    "pixel is `gather(1, label[:, None])`, or leave it to `F.cross_entropy(..., reduction='none')`.",
    lambda x, y, g: ((1 - torch.log_softmax(x, 1)[:, y].exp()) ** g * -torch.log_softmax(x, 1)[:, y]).mean(),
)
_wrong(
    "sigmoid",
    "You used a sigmoid on each score by itself. The classes share a pixel and their probabilities add up to 1: softmax over "
    "axis 1, or `F.cross_entropy`, which has it inside.",
    lambda x, y, g: focused(true_of(torch.sigmoid(x), y), g).mean(),
)
_wrong(
    "scores_for_probabilities",
    "You took the logarithm of the scores themselves. Scores may be negative, and then there is no logarithm (nan). First make "
    "probabilities of them, or give the scores to `F.cross_entropy(..., reduction='none')`.",
    lambda x, y, g: focused(true_of(x, y), g).mean(),
)
_wrong(
    "python_number",
    "You return a Python number (`.item()` or `float`). It has the right value, but has forgotten how it came about: no gradient "
    "can flow back. Return the tensor.",
    lambda x, y, g: ((1 - torch.exp(-surprise_of(x, y))) ** g * surprise_of(x, y)).mean().item(),
)
_wrong(
    "divided_by_the_weights",
    "You divided by the sum of the factors (1 - p) ** gamma, not by the number of pixels. Then the loss no longer becomes small "
    "when all pixels are easy. The mean is over all pixels: `.mean()`.",
    lambda x, y, g: (
        ((1 - torch.exp(-surprise_of(x, y))) ** g * surprise_of(x, y)).sum()
        / ((1 - torch.exp(-surprise_of(x, y))) ** g).sum()
    ),
)
_wrong(
    "logarithm_to_base_ten",
    "You took the logarithm to the base 10. In losses log is the natural one, `torch.log` or `F.log_softmax`.",
    lambda x, y, g: (focused(true_of(torch.softmax(x, 1), y), g) / 2.302585092994046).mean(),
)
_wrong(
    "whole_exponents_only",
    "You made a whole number of gamma. It may be 1.5 as well: use it as it is.",
    lambda x, y, g: ((1 - torch.exp(-surprise_of(x, y))) ** int(g) * surprise_of(x, y)).mean(),
)
_wrong(
    "easy_dropped",
    "You left the pixels out that are nearly certain. The power makes them quiet by itself; with gamma 0 they must count in "
    "full. Drop the condition.",
    lambda x, y, g: (
        (1 - torch.exp(-surprise_of(x, y))) ** g * torch.where(surprise_of(x, y) < 1e-3, 0.0, surprise_of(x, y))
    ).mean(),
)
_wrong(
    "two_classes_only",
    "Your way through the difference of two scores is right for two classes only. With more, p is the softmax of them all: "
    "`F.cross_entropy(..., reduction='none')`.",
    lambda x, y, g: (
        torch.sigmoid(-(x[:, 1] - x[:, 0]) * (2.0 * y - 1)) ** g
        * torch.nn.functional.softplus(-(x[:, 1] - x[:, 0]) * (2.0 * y - 1))
    ).mean(),
)
