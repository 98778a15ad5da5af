"""Exercise 10.1: the answers that a network is sure of, as labels."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

pseudo_label = Exercise(
    "10.pseudo_label",
    reference=answers.pseudo_label,
    title="Labels from the network",
    minutes=8,
    difficulty=1,
    hints=(
        "Logits are no probabilities. `softmax` over the classes (which dimension?) makes them some.",
        "`.max(1)` gives two tensors at once: the largest probability of each pixel, and which class it belongs to.",
        "Where the confidence is below the threshold the label becomes -1: `label[confidence < threshold] = -1`.",
    ),
    after="Sure pixels have their class and the others -1, in slices and volumes. Next: how many are there, and are they right?",
)


@pseudo_label.case
def five_classes(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 5, 6, 9), 0.7


@pseudo_label.case
def nothing_is_sure(random: Random) -> tuple[Any, ...]:
    return 0.1 * random.tensor(1, 3, 5, 4), 0.9


@pseudo_label.case
def two_classes_exactly_at_the_threshold(random: Random) -> tuple[Any, ...]:
    logits = 2 * random.tensor(3, 2, 4, 5)
    logits[:, :, 1] = 1.5  # both classes have the probability 0.5
    return logits, 0.5


@pseudo_label.case
def large_logits_of_another_network(random: Random) -> tuple[Any, ...]:
    return 3 * random.tensor(2, 4, 5, 7) - 6, 0.8


@pseudo_label.case
def volumes_in_double_precision(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(2, 3, 4, 3, 5).double(), 0.6


def labelled(confidence: Tensor, label: Tensor, threshold: float, ignored: int = -1) -> Tensor:
    return label.masked_fill(confidence < threshold, ignored)


@pseudo_label.mistake(
    "You compared the logits with the threshold. A logit of 2 can mean any probability: it depends on the other classes. Take "
    "the softmax first; its largest value is the confidence."
)
def confidence_from_logits(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.max(1), threshold)


@pseudo_label.mistake(
    'You made unsure pixels background (class 0). "I don\'t know" is not "there is nothing": trained on this, the network '
    "learns to overlook whatever was hard. Mark them with -1, so that the loss can leave them out."
)
def unsure_is_background(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.softmax(1).max(1), threshold, 0)


@pseudo_label.mistake(
    "Your softmax runs over dimension 0, the images of the batch: they compete for each pixel. The classes are dimension 1."
)
def images_compete(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.softmax(0).max(1), threshold)


@pseudo_label.mistake(
    "Your softmax runs over the last dimension, the pixels of a row. The classes are dimension 1, whatever comes behind."
)
def pixels_compete(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.softmax(-1).max(1), threshold)


@pseudo_label.mistake(
    "You took a sigmoid, which asks about each class by itself. Exactly one class is right at each pixel, so it is a softmax."
)
def sigmoid(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.sigmoid().max(1), threshold)


@pseudo_label.mistake(
    "You kept the unsure pixels and dropped the sure ones: ignore where the confidence is *below* the threshold."
)
def unsure_kept(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return label.masked_fill(confidence >= threshold, -1)


@pseudo_label.mistake(
    "You dropped pixels whose confidence is exactly the threshold. Ignored is what lies *below* it: `<`, not `<=`."
)
def border_dropped(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return label.masked_fill(confidence <= threshold, -1)


@pseudo_label.mistake(
    "You kept every pixel. The argmax alone is a guess even where all classes are equally likely; use the threshold."
)
def nothing_ignored(logits: Tensor, threshold: float) -> Tensor:
    return logits.argmax(1)


@pseudo_label.mistake(
    "You returned the confidence, not the label: which class is wanted, as a whole number. `.max(1)` gives both; take the second."
)
def confidence_returned(logits: Tensor, threshold: float) -> Tensor:
    confidence = logits.softmax(1).max(1).values
    return confidence.masked_fill(confidence < threshold, -1)


@pseudo_label.mistake(
    "You returned only the mask of sure pixels. Which class they have is the point: put the argmax there, and -1 elsewhere."
)
def mask_returned(logits: Tensor, threshold: float) -> Tensor:
    return logits.softmax(1).max(1).values >= threshold


@pseudo_label.mistake(
    "You marked unsure pixels with 255, as some data sets do. The losses of this course are told to ignore -1, and would look "
    "for a class number 255."
)
def marked_with_255(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.softmax(1).max(1), threshold, 255)


@pseudo_label.mistake(
    "You gave unsure pixels a new class of their own (its number is the count of classes). The network has no such output: -1."
)
def class_of_its_own(logits: Tensor, threshold: float) -> Tensor:
    return labelled(*logits.softmax(1).max(1), threshold, logits.shape[1])


@pseudo_label.mistake(
    "You judged whole images: the mean confidence of an image decided for all its pixels. Most of them are easy background. "
    "Decide pixel by pixel."
)
def whole_images(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    mean = confidence.flatten(1).mean(1).view(-1, *[1] * (label.ndim - 1))
    return labelled(mean.expand_as(confidence), label, threshold)


@pseudo_label.mistake(
    "You ignored background too, whatever the network was sure of. Sure background is worth as much as sure tissue: without it "
    "nothing stops the network from finding tissue everywhere."
)
def background_ignored(logits: Tensor, threshold: float) -> Tensor:
    label = answers.pseudo_label(logits, threshold)
    return label.masked_fill(label == 0, -1)


@pseudo_label.mistake(
    "You returned one channel a class (one-hot). A label holds one class number for each pixel: (N, *spatial), no channels."
)
def one_hot(logits: Tensor, threshold: float) -> Tensor:
    label = answers.pseudo_label(logits, threshold)
    hot = F.one_hot(label.clamp(min=0), logits.shape[1]) * (label >= 0)[..., None]
    return hot.movedim(-1, 1)


@pseudo_label.mistake("Your label is of floats. It holds class numbers, and the losses want int64: `.long()`.")
def floats(logits: Tensor, threshold: float) -> Tensor:
    return answers.pseudo_label(logits, threshold).float()


@pseudo_label.mistake(
    "You compared with `threshold` the difference of the two likeliest classes. That is a margin, another measure of doubt; here "
    "the confidence is the largest probability itself."
)
def margin(logits: Tensor, threshold: float) -> Tensor:
    probabilities = logits.softmax(1)
    two = probabilities.topk(2, dim=1).values
    return labelled(two[:, 0] - two[:, 1], probabilities.argmax(1), threshold)


@pseudo_label.mistake(
    "That works for slices of one image only: the batch axis is gone. Keep (N, *spatial), also for N = 1 and for volumes."
)
def squeezed(logits: Tensor, threshold: float) -> Tensor:
    return answers.pseudo_label(logits, threshold)[0]


@pseudo_label.mistake(
    "You turned the logits into probabilities in place: the caller's logits are gone, and the loss takes a second softmax. "
    "`logits.softmax(1)` makes a new tensor."
)
def logits_overwritten(logits: Tensor, threshold: float) -> Tensor:
    label = answers.pseudo_label(logits, threshold)
    logits.copy_(torch.softmax(logits, 1))
    return label
