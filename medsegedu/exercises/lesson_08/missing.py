"""Exercise 8.4: take contrasts away at random while the network trains."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers
from medsegedu.exercises.lesson_08.further import agrees

modality_dropout = Exercise(
    "08.modality_dropout",
    reference=answers.modality_dropout,
    title="Modality dropout",
    minutes=10,
    difficulty=2,
    hints=(
        "`keep = numbers >= share` is a mask (N, C). What if a row of it is False throughout?",
        "`numbers.argmax(1)` is the channel that is spared in each row. Setting it to True in every row does no harm: "
        "where the row keeps anything, it keeps its largest number.",
        "`keep[torch.arange(len(keep)), numbers.argmax(1)] = True`; then append axes of length 1 to `keep` until it has "
        "as many as the image, and multiply.",
    ),
    after="No patient is left without a scan. The next cell trains a network with it.",
)


def table(random: Random, samples: int, channels: int) -> Tensor:
    return torch.from_numpy(random.numpy.random((samples, channels))).float()


@modality_dropout.case
def some_are_dropped(random: Random) -> tuple[Any, ...]:
    return random.tensor(6, 3, 5, 7), table(random, 6, 3), 0.4


@modality_dropout.case
def nearly_all_would_go(random: Random) -> tuple[Any, ...]:
    return random.tensor(5, 3, 4, 3), 0.9 * table(random, 5, 3), 0.95


@modality_dropout.case
def the_last_number_is_largest(random: Random) -> tuple[Any, ...]:
    numbers = torch.tensor([[0.1, 0.2, 0.3, 0.35], [0.35, 0.3, 0.2, 0.1], [0.1, 0.9, 0.2, 0.3], [0.6, 0.7, 0.1, 0.8]])
    return random.tensor(4, 4, 3, 6), numbers, 0.5


@modality_dropout.case
def slices_in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(4, 2, 4, 5).double(), table(random, 4, 2), 0.5


def right_so_far(attempt: Callable[..., Any], random: Random) -> bool:
    numbers = torch.tensor([[0.7, 0.2, 0.6], [0.1, 0.3, 0.2]])
    return agrees(attempt, answers.modality_dropout, random.tensor(2, 3, 4, 5), numbers, 0.4)


@modality_dropout.behaviour
def equal_stays(attempt: Callable[..., Any], random: Random) -> str | None:
    if not right_so_far(attempt, random):
        return None
    for share in (0.0, 0.5):  # exact in every precision
        image, numbers = random.tensor(3, 3, 6, 4), torch.tensor([[share, 0.9, share], [0.8, share, 0.75], [share] * 3])
        if not agrees(attempt, answers.modality_dropout, image, numbers, share):
            return (
                f"A channel whose number is exactly `share` (here {share}) should stay: it goes where the number is *below*. "
                "Keep where `numbers >= share`; then a share of 0 drops nothing, without a rule of its own."
            )
    return None


@modality_dropout.behaviour
def volumes(attempt: Callable[..., Any], random: Random) -> str | None:
    image, numbers = random.tensor(4, 2, 3, 4, 5), table(random, 4, 2)
    if right_so_far(attempt, random) and not agrees(attempt, answers.modality_dropout, image, numbers, 0.5):
        return (
            "Slices come out right, volumes do not: `[:, :, None, None]` fits (N, C, H, W), and a volume has one axis more. "
            "Append as many as the image has: `.view(*keep.shape, *[1] * (image.ndim - 2))`."
        )
    return None


def times(image: Tensor, keep: Tensor) -> Tensor:
    return image * keep.view(*keep.shape, *[1] * (image.ndim - 2))


def kept(numbers: Tensor, share: float) -> Tensor:
    """What stays, (N, C)."""
    keep = numbers >= share
    keep[torch.arange(len(keep)), numbers.argmax(1)] = True
    return keep


@modality_dropout.mistake(
    "You drop the wrong ones: a channel goes where its number is *below* `share`. With a share of 0.1 you take away "
    "nine of ten."
)
def kept_and_dropped_exchanged(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers < share
    keep[torch.arange(len(keep)), numbers.argmax(1)] = True
    return times(image, keep)


@modality_dropout.mistake(
    "You compare with `>`. A random number may be exactly 0, and with a share of 0 nothing may be dropped: keep where "
    "`numbers >= share`."
)
def equal_is_dropped(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers > share
    keep[torch.arange(len(keep)), numbers.argmax(1)] = True
    return times(image, keep)


@modality_dropout.mistake(
    "Some patients lose every contrast. From an empty image nothing can be learnt, except to guess: where all would "
    "go, the channel with the largest number stays."
)
def all_may_go(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, numbers >= share)


@modality_dropout.mistake(
    "Where all would go you keep them all. One is to stay, that with the largest number, or the network never "
    "practises with a single contrast."
)
def all_or_some(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers >= share
    return times(image, keep | ~keep.any(1, keepdim=True))


@modality_dropout.mistake(
    "Where all would go you spare the first channel each time. The network then never sees the others alone: spare "
    "the one with the largest number, which is a different one each time."
)
def first_is_spared(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers >= share
    keep[~keep.any(1), 0] = True
    return times(image, keep)


@modality_dropout.mistake(
    "Where all would go you spare the channel with the smallest number. It is the largest that is nearest to being "
    "kept: `numbers.argmax(1)`."
)
def smallest_is_spared(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers >= share
    alone = ~keep.any(1)
    keep[alone, numbers.argmin(1)[alone]] = True
    return times(image, keep)


@modality_dropout.mistake(
    "You protect the smallest number in every patient, also in those who keep others: the channel that should go "
    "first never goes. Protect the largest: `numbers.argmax(1)`."
)
def smallest_always_stays(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = numbers >= share
    keep[torch.arange(len(keep)), numbers.argmin(1)] = True
    return times(image, keep)
