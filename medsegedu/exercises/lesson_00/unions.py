"""Exercise 0.4: IoU, the other number."""

from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.answers import Mask
from medsegedu.exercises.lesson_00.formulas import few_pixels, twice
from medsegedu.metrics import dice
from medsegedu.metrics import iou as reference

iou = Exercise(
    "00.iou",
    reference=reference,
    shown=answers.iou,
    title="IoU",
    minutes=4,
    difficulty=1,
    hints=(
        "Which pixels are in *either* mask? NumPy writes that with `|`.",
        "The overlap `(prediction & label).sum()` divided by the union `(prediction | label).sum()`.",
        "The union is empty only if both masks are: that case gives 1.0, as with Dice.",
    ),
    after="Right. The next cell draws both numbers for the same pair of discs. Which one is larger, and why?",
)


@iou.case
def a_slice(random: Random) -> tuple[Any, ...]:
    return random.mask(11, 8, share=0.5).numpy(), random.mask(11, 8, share=0.35).numpy()


@iou.case
def a_volume(random: Random) -> tuple[Any, ...]:
    label = random.mask(7, 4, 6, share=0.3).numpy()
    return label & random.mask(7, 4, 6, share=0.8).numpy(), label


@iou.case
def both_empty(random: Random) -> tuple[Any, ...]:
    return np.zeros((5, 9), bool), np.zeros((5, 9), bool)


@iou.case
def nothing_to_find_but_something_claimed(random: Random) -> tuple[Any, ...]:
    return random.mask(5, 9).numpy(), np.zeros((5, 9), bool)


@iou.case
def nothing_found(random: Random) -> tuple[Any, ...]:
    return np.zeros((7, 6), bool), random.mask(7, 6).numpy()


few_pixels(iou)

twice(
    iou,
    "dice_again",
    "This is Dice again. IoU divides the overlap by the union: pixels of the overlap count once above and once below, so "
    "there is no factor 2.",
    lambda prediction, label: 2 * (prediction & label).sum() / (prediction.sum() + label.sum()),
)
twice(
    iou,
    "overlap_counted_twice",
    "You divided by the sum of both sizes, where the overlap counts twice. Two equal masks get 0.5 from you. The union "
    "counts each pixel once: `(prediction | label).sum()`.",
    lambda prediction, label: (prediction & label).sum() / (prediction.sum() + label.sum()),
)
twice(
    iou,
    "factor_two_left",
    "Your denominator is the union, as it should be, but a factor 2 is left over from Dice: two equal masks get 2. The "
    "overlap counts once here.",
    lambda prediction, label: 2 * (prediction & label).sum() / (prediction | label).sum(),
)
twice(
    iou,
    "exclusive_or",
    "`^` is *exclusive or*: it leaves the overlap out of your denominator. The union is `prediction | label`, pixels that "
    "are in one mask or in both.",
    lambda prediction, label: (prediction & label).sum() / (prediction ^ label).sum(),
)
twice(
    iou,
    "sensitivity",
    "You divided by the label alone, which is sensitivity: whoever paints everything gets 1. The union also holds what was "
    "painted in vain.",
    lambda prediction, label: (prediction & label).sum() / label.sum(),
)


@iou.mistake(
    "This is 1 - IoU, the Jaccard *distance*: it is 0 for a perfect answer. Divide the overlap by the union, not what "
    "lies outside the overlap."
)
def the_distance(prediction: Mask, label: Mask) -> float:
    return 1 - reference(prediction, label)


@iou.mistake(
    "You went from Dice the wrong way: 2 D / (1 + D) turns an IoU into a Dice. The other direction is D / (2 - D)."
)
def wrong_way_from_dice(prediction: Mask, label: Mask) -> float:
    both = dice(prediction, label)
    return 2 * both / (1 + both)


@iou.mistake(
    "This is accuracy: pixels that are outside both masks count as right. IoU leaves those out, above and below."
)
def accuracy(prediction: Mask, label: Mask) -> float:
    return float((prediction == label).mean())


@iou.mistake(
    "You divided by the larger of the two masks. That is right only when one lies within the other: the union of two masks "
    "that stick out on both sides is larger than each of them."
)
def larger_mask(prediction: Mask, label: Mask) -> float:
    size = max(int(prediction.sum()), int(label.sum()))
    return int((prediction & label).sum()) / size if size else 1.0


@iou.mistake(
    "Two empty masks make you divide 0 by 0. The same rule as for Dice: both empty is perfect, return 1.0 for it. "
    "(`try` does not help: NumPy raises no ZeroDivisionError, it warns and goes on with nan.)"
)
def zero_by_zero(prediction: Mask, label: Mask) -> float:
    with np.errstate(all="ignore"):
        return float((prediction & label).sum() / (prediction | label).sum())


@iou.mistake(
    "For two empty masks you return 0. Nothing was there and nothing was claimed: that is perfect, so return 1.0."
)
def empty_is_worst(prediction: Mask, label: Mask) -> float:
    return reference(prediction, label) if (prediction | label).any() else 0.0


@iou.mistake(
    "When the label is empty you always return 1. A claim where there is nothing is a false alarm: its IoU is 0, and only "
    "two empty masks score 1."
)
def empty_label_is_perfect(prediction: Mask, label: Mask) -> float:
    return reference(prediction, label) if label.any() else 1.0


@iou.mistake(
    "Two masks of the same *size* get 1 from you, wherever they lie. Ask whether both are empty, not whether the two sums are "
    "equal: `prediction.sum() + label.sum() == 0`."
)
def same_size_is_perfect(prediction: Mask, label: Mask) -> float:
    return 1.0 if prediction.sum() == label.sum() else reference(prediction, label)


@iou.mistake(
    "One empty mask is enough for you to return 1. But an empty prediction for a lesion that is there is a miss, and a claim "
    "where nothing is a false alarm: both score 0. Only if *both* are empty the answer is 1."
)
def either_empty_is_perfect(prediction: Mask, label: Mask) -> float:
    return reference(prediction, label) if prediction.any() and label.any() else 1.0


@iou.mistake(
    'You rounded the result. Round when you print, `f"{score:.2f}"`, not when you compute: a small value loses all that it '
    "had to say."
)
def rounded(prediction: Mask, label: Mask) -> float:
    return round(reference(prediction, label), 2)


@iou.mistake(
    "From Dice you came nearly there: the sign below is wrong. IoU is D / (2 - D), so that a Dice of 1 gives 1; with a plus "
    "two equal masks get a third."
)
def wrong_sign_from_dice(prediction: Mask, label: Mask) -> float:
    both = dice(prediction, label)
    return both / (2 + both)
