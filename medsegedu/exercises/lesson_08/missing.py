"""Exercise 8.4: take contrasts away at random while the network trains."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_08 import answers

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
def nothing_is_dropped(random: Random) -> tuple[Any, ...]:
    numbers = table(random, 3, 2)
    numbers[1] = 0.0  # a random number may be 0 exactly
    return random.tensor(3, 2, 6, 4), numbers, 0.0


@modality_dropout.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return random.tensor(4, 2, 3, 4, 5).double(), table(random, 4, 2), 0.5


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


@modality_dropout.mistake(
    "You scaled what stays by 1 / (1 - share), as ordinary dropout does with hidden features. Here the channels are "
    "scans: a T1 image does not become brighter because nobody took a FLAIR."
)
def scaled_up(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(numbers, share)) / (1 - share)


@modality_dropout.mistake(
    "You scaled what stays so that the channels' sum is kept. These are scans, normalised one by one: a T1 image does "
    "not become brighter because nobody took a FLAIR."
)
def sum_preserved(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = kept(numbers, share).to(image.dtype)
    return times(image, keep * keep.shape[1] / keep.sum(1, keepdim=True))


@modality_dropout.mistake(
    "You dropped single pixels (`F.dropout`). A hospital does not lack every third pixel, it lacks a whole scan: all "
    "pixels of a channel go together."
)
def pixels_dropped(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return F.dropout(image, share)


@modality_dropout.mistake(
    "You drew numbers of your own. Use the `numbers` that you are given: then the one who calls decides, with a seed, "
    "and the same run gives the same network."
)
def own_numbers(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(torch.rand(numbers.shape), share))


@modality_dropout.mistake(
    "You made one decision for the whole batch, from the first patient's numbers. Each row of `numbers` belongs to "
    "one patient; the more combinations a batch shows, the better."
)
def one_decision_a_batch(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return times(image, kept(numbers[:1], share))


@modality_dropout.mistake(
    "However many numbers are below `share`, you drop one channel at most. Then two missing scans at once come as a "
    "surprise: drop every channel whose number is below it, except the last one left."
)
def one_at_most(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    keep = torch.ones_like(numbers, dtype=torch.bool)
    rows = torch.arange(len(keep))
    keep[rows, numbers.argmin(1)] = numbers.amin(1) >= share
    return times(image, keep)


@modality_dropout.mistake(
    "You put each channel's mean in the place of what it showed. In a normalised scan 0 is the mean already, and the "
    "air's value too; and at test time it is zeros that the network will meet."
)
def mean_for_the_dropped(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    means = image.flatten(2).mean(2).view(*image.shape[:2], *[1] * (image.ndim - 2))
    return torch.where(times(torch.ones_like(image), kept(numbers, share)) > 0, image, means)


@modality_dropout.mistake(
    "You changed the images that you were given. They may be the training set itself, and then a dropped scan is lost "
    "for good: multiply, which makes a new tensor."
)
def in_place(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    image *= times(torch.ones_like(image), kept(numbers, share))
    return image


@modality_dropout.mistake(
    "That works for slices only: `[:, :, None, None]` fits (N, C, H, W), and a volume has one axis more. Append as "
    "many as the image has: `.view(*keep.shape, *[1] * (image.ndim - 2))`."
)
def slices_only(image: Tensor, numbers: Tensor, share: float) -> Tensor:
    return image * kept(numbers, share)[:, :, None, None]
