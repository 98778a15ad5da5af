"""Exercise 10.2: cross-entropy over the pixels that have a label."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

kept_loss = Exercise(
    "10.kept_loss",
    reference=answers.kept_loss,
    title="Learn from the kept pixels",
    minutes=10,
    difficulty=2,
    hints=(
        "Cross-entropy of a pixel is minus the logarithm of its class's probability: `logits.log_softmax(1)`. Pixels of -1 "
        "have no class; give them any, and take their loss out afterwards.",
        "`F.cross_entropy(..., ignore_index=-1, reduction='sum')` adds up the kept pixels. How many are there?",
        "What if none is kept? 0 / 0 is NaN, and a NaN never leaves a network again: `.clamp(min=1)` below the fraction.",
    ),
    after="Kept pixels alone count, and if there is none nothing happens. The next figure shows how many are kept as it learns.",
    gradients=True,
)


def ignored(random: Random, label: Tensor, share: float) -> Tensor:
    return label.masked_fill(random.mask(*label.shape, share=share), -1)


@kept_loss.case
def half_is_kept(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 4, 6, 5), ignored(random, random.integers(0, 4, 2, 6, 5), 0.5)


@kept_loss.case
def images_keep_different_shares(random: Random) -> tuple[Any, ...]:
    label = random.integers(0, 3, 3, 5, 7)
    label[0, 1:], label[1] = -1, -1
    return random.tensor(3, 3, 5, 7), label


@kept_loss.case
def none_is_kept(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 5, 4, 6), torch.full((1, 4, 6), -1)


@kept_loss.case
def a_single_pixel_is_kept(random: Random) -> tuple[Any, ...]:
    label = torch.full((2, 3, 4), -1)
    label[1, 2, 0] = 2
    return random.tensor(2, 4, 3, 4), label


@kept_loss.case
def all_are_kept(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 2, 3, 8), random.integers(0, 2, 2, 3, 8)


@kept_loss.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 4, 3, 5).double(), ignored(random, random.integers(0, 3, 2, 4, 3, 5), 0.7)


def each(logits: Tensor, label: Tensor) -> Tensor:
    """The loss of each pixel (N, *spatial), 0 where it is ignored."""
    return F.cross_entropy(logits, label, ignore_index=-1, reduction="none")


@kept_loss.mistake(
    "You divided by all pixels, ignored ones included. While few are kept the loss is then tiny, however wrong they are. Divide "
    "by the number of kept pixels."
)
def mean_over_all(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label).mean()


@kept_loss.mistake(
    "You turned -1 into class 0 and counted it. The network now learns that all it was unsure of is background. Leave these "
    "pixels out."
)
def ignored_as_background(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label.clamp(min=0))


@kept_loss.mistake(
    "-1 counts from the end here: unsure pixels were taught the *last* class (`log_probabilities[-1]`). Leave them out."
)
def ignored_as_last_class(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label % logits.shape[1])


@kept_loss.mistake(
    "Where no pixel is kept you divide 0 by 0, and the loss is NaN. In the first steps a network is sure of nothing, so this "
    "will happen, and one NaN ends the training. `.clamp(min=1)` below the fraction."
)
def nan_without_pixels(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label, ignore_index=-1)


@kept_loss.mistake(
    "You added the pixels up and did not divide. The loss then grows with the size of the patch, and with how many are kept; the "
    "learning rate that suits the first step is far too high for the last."
)
def summed(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label).sum()


@kept_loss.mistake(
    "You took the mean of each image, and then of the images. An image with three kept pixels counts as much as one with a "
    "thousand. Take the mean over the kept pixels of all images together."
)
def mean_of_means(logits: Tensor, label: Tensor) -> Tensor:
    kept = (label != -1).flatten(1).sum(1).clamp(min=1)
    return (each(logits, label).flatten(1).sum(1) / kept).mean()


@kept_loss.mistake(
    "You took the softmax and gave the result to cross-entropy, which takes it again. Two softmaxes make all classes nearly "
    "equal: give it the logits."
)
def softmax_twice(logits: Tensor, label: Tensor) -> Tensor:
    return answers.kept_loss(logits.softmax(1), label)


@kept_loss.mistake(
    "No gradient flows back to the logits (`.item()`, `.detach()` or `torch.no_grad()`). The number is right, and nothing can be "
    "learnt from it. Only the *label* must be without gradient."
)
def detached(logits: Tensor, label: Tensor) -> Tensor:
    return answers.kept_loss(logits, label).detach()


@kept_loss.mistake(
    "The sign is wrong: probabilities are below 1, so their logarithms are below 0. The loss is *minus* the logarithm."
)
def sign_forgotten(logits: Tensor, label: Tensor) -> Tensor:
    return -answers.kept_loss(logits, label)


@kept_loss.mistake(
    "You left background out. Sure background is a lesson like any other: without it nothing stops the network from finding "
    "tissue everywhere. Ignored is only -1."
)
def background_left_out(logits: Tensor, label: Tensor) -> Tensor:
    return answers.kept_loss(logits, label.masked_fill(label == 0, -1))


@kept_loss.mistake(
    "You multiplied the *logits* of ignored pixels by zero and counted those pixels. Equal scores are a guess too, and its loss "
    "(the logarithm of the number of classes) is in your mean. Take the pixel's loss out, not its logits."
)
def logits_zeroed(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits * (label != -1)[:, None], label.clamp(min=0))


@kept_loss.mistake("You divided by the number of ignored pixels. Divide by those that are kept, `(label != -1).sum()`.")
def divided_by_the_ignored(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label).sum() / (label == -1).sum().clamp(min=1)


@kept_loss.mistake(
    "Your softmax runs over the last dimension, the pixels of a row, so the classes of a pixel do not add up to 1. Dimension 1."
)
def pixels_compete(logits: Tensor, label: Tensor) -> Tensor:
    picked = logits.log_softmax(-1).gather(1, label.clamp(min=0)[:, None])[:, 0]
    kept = label != -1
    return -(picked * kept).sum() / kept.sum().clamp(min=1)


@kept_loss.mistake(
    "You divided by the classes as well (a mean over everything). Only one class of each pixel has a loss; divide by the kept "
    "pixels alone."
)
def mean_over_classes(logits: Tensor, label: Tensor) -> Tensor:
    return answers.kept_loss(logits, label) / logits.shape[1]


@kept_loss.mistake(
    "You gave one number for each pixel. Return their mean over the kept ones, a single number, which `backward()` needs."
)
def one_a_pixel(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label)
