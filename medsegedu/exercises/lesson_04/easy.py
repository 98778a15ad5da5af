"""Exercise 4.4: a cross-entropy that looks away from what is easy."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_04 import answers
from medsegedu.losses import focal_loss


def _reference(logits: Tensor, label: Tensor, gamma: float) -> Tensor:
    return focal_loss(logits, label, gamma=gamma)


focal = Exercise(
    "04.focal",
    reference=_reference,
    shown=answers.focal,
    title="Look away from the easy",
    minutes=8,
    difficulty=2,
    hints=(
        "For each pixel you need p, the probability of its *true* class. `F.cross_entropy(logits, label, reduction='none')` is "
        "its -log p, (N, H, W).",
        "If s = -log p, then p = exp(-s). What is left to do is (1 - p) to the power of gamma, times s.",
        "`((1 - torch.exp(-s)) ** gamma * s).mean()`: the mean over all pixels, background too.",
    ),
    after="With gamma = 0 it is the cross-entropy. The next figure shows what a larger gamma takes away.",
    gradients=True,
    rtol=1e-3,
)


@focal.case
def two_classes(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 2, 7, 5), random.integers(0, 2, 2, 7, 5), 2.0


@focal.case
def four_classes(random: Random) -> tuple[Any, ...]:
    return random.tensor(3, 4, 4, 9), random.integers(0, 4, 3, 4, 9), 3.0


@focal.case
def gamma_zero(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 6, 5), random.integers(0, 3, 2, 6, 5), 0.0


@focal.case
def gamma_between(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 3, 8, 6), random.integers(0, 3, 1, 8, 6), 1.5


@focal.case
def hardly_any_lesion(random: Random) -> tuple[Any, ...]:
    label = torch.zeros(2, 9, 7, dtype=torch.int64)
    label[1, 4, 2] = 1
    return 2 * random.tensor(2, 2, 9, 7), label, 2.0


@focal.case
def very_sure_and_wrong(random: Random) -> tuple[Any, ...]:
    logits, label = random.tensor(2, 2, 5, 6), random.integers(0, 2, 2, 5, 6)
    logits[0, :, 1, 2] = torch.tensor([150.0, 0.0])
    label[0, 1, 2] = 1
    return logits, label, 2.0


@focal.case
def in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 5, 4).double(), random.integers(0, 3, 2, 5, 4), 2.0


@focal.case
def all_is_easy(random: Random) -> tuple[Any, ...]:
    label = random.integers(0, 3, 2, 5, 7)
    return 8 * torch.nn.functional.one_hot(label, 3).movedim(-1, 1) + 0.2 * random.tensor(2, 3, 5, 7), label, 0.0


def surprise_of(logits: Tensor, label: Tensor) -> Tensor:
    """-log p of the true class, (N, H, W), as it should be."""
    return F.cross_entropy(logits, label, reduction="none")


def _wrong(name: str, sentence: str, formula: Callable[[Tensor, Tensor, Tensor, float], Any]) -> None:
    """Add a mistake: `formula(surprise, logits, label, gamma)`."""

    def attempt(logits: Tensor, label: Tensor, gamma: float) -> Any:
        return formula(surprise_of(logits, label), logits, label, gamma)

    attempt.__name__ = name
    focal.mistake(sentence)(attempt)


_wrong(
    "power_of_p",
    "You raised p itself, not 1 - p. Now the pixels that are easy count most, and those that are missed count nothing: the very "
    "opposite.",
    lambda s, x, y, g: (torch.exp(-s) ** g * s).mean(),
)
_wrong(
    "cross_entropy",
    "That is the cross-entropy: your factor is 1 everywhere. Multiply each pixel's loss by (1 - p) to the power of gamma.",
    lambda s, x, y, g: s.mean(),
)
_wrong(
    "factor_not_power",
    "You multiplied by gamma where it is an exponent. A factor changes all pixels alike; the power makes the easy ones fade: "
    "`(1 - p) ** gamma`.",
    lambda s, x, y, g: (g * (1 - torch.exp(-s)) * s).mean(),
)
_wrong(
    "gamma_fixed",
    "You wrote the exponent 2 into the formula. It is the paper's best, but here `gamma` is the student's to choose.",
    lambda s, x, y, g: ((1 - torch.exp(-s)) ** 2 * s).mean(),
)
_wrong(
    "factor_of_the_mean",
    "You averaged first, and took the power of the mean loss's p. Each pixel has its own p: multiply pixel by pixel, and take "
    "the mean at the very end.",
    lambda s, x, y, g: (1 - torch.exp(-s.mean())) ** g * s.mean(),
)
_wrong(
    "sum_for_mean",
    "You added up all pixels. The loss of a large image would be larger than that of a small one, and so would each step: take "
    "the mean.",
    lambda s, x, y, g: ((1 - torch.exp(-s)) ** g * s).sum(),
)
_wrong(
    "no_mean",
    "You return a loss for each pixel. Training needs a single number: take the `.mean()`.",
    lambda s, x, y, g: (1 - torch.exp(-s)) ** g * s,
)
_wrong(
    "foreground_only",
    "You left the background's pixels out. Then a false alarm costs nothing, and claiming everything is perfect. All pixels "
    "count; the power sees to it that the easy ones count little.",
    lambda s, x, y, g: ((1 - torch.exp(-s)) ** g * s)[y > 0].mean(),
)
_wrong(
    "minus_forgotten",
    "Your loss is negative: the logarithm of a probability is below 0, so the formula has a minus in front.",
    lambda s, x, y, g: -((1 - torch.exp(-s)) ** g * s).mean(),
)
_wrong(
    "divided_by_the_classes",
    "You averaged over the classes too, so your loss is too small by their number. A pixel has one true class only: choose "
    "its p (`gather`, or `F.cross_entropy`), then average over the pixels.",
    lambda s, x, y, g: ((1 - torch.exp(-s)) ** g * s).mean() / x.shape[1],
)
_wrong(
    "probability_of_class_one",
    "You took the probability of class 1 for every pixel. What counts is the probability of the class that is true *there*: "
    "class 0 at a background pixel.",
    lambda s, x, y, g: ((1 - torch.softmax(x, 1)[:, 1]) ** g * -torch.log_softmax(x, 1)[:, 1]).mean(),
)
_wrong(
    "largest_probability",
    "You took the largest probability of each pixel, that of the network's own choice. A pixel that is surely wrong would cost "
    "nothing. Take the probability of the class that is true.",
    lambda s, x, y, g: ((1 - torch.softmax(x, 1).amax(1)) ** g * -torch.log_softmax(x, 1).amax(1)).mean(),
)
_wrong(
    "factor_detached",
    "The value is right, but the factor (1 - p) ** gamma is cut off from the network (`detach` or `no_grad`), so its gradient is "
    "not that of this loss. Leave it connected.",
    lambda s, x, y, g: ((1 - torch.exp(-s)).detach() ** g * s).mean(),
)
_wrong(
    "detached",
    "The number is right, but no gradient flows back to the scores (`detach`, `.item()` or NumPy): nothing would be learned.",
    lambda s, x, y, g: ((1 - torch.exp(-s)) ** g * s).mean().detach(),
)
_wrong(
    "softmax_twice",
    "`F.cross_entropy` takes the softmax itself, and you gave it probabilities. A softmax of a softmax is never sure of "
    "anything. Give it the scores.",
    lambda s, x, y, g: (
        (1 - torch.exp(-surprise_of(torch.softmax(x, 1), y))) ** g * surprise_of(torch.softmax(x, 1), y)
    ).mean(),
)


@focal.mistake(
    "You took the logarithm of a probability that had been rounded to 0: where the network is sure and wrong, your loss is "
    "infinite, and its gradient is not a number. `F.cross_entropy` and `log_softmax` do both steps in one, and stay finite."
)
def log_of_softmax(logits: Tensor, label: Tensor, gamma: float) -> Tensor:
    p = torch.softmax(logits, 1).gather(1, label[:, None])[:, 0]
    return ((1 - p) ** gamma * -torch.log(p)).mean()
