"""Exercise 0.3: the Dice coefficient, the number that the whole course is measured with."""

from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.answers import Mask
from medsegedu.exercises.lesson_00.formulas import few_pixels, twice
from medsegedu.metrics import dice as reference

dice = Exercise(
    "00.dice",
    reference=reference,
    shown=answers.dice,
    title="Dice",
    minutes=8,
    difficulty=1,
    hints=(
        "Three numbers are enough: how many pixels are in both masks, in the prediction, and in the label?",
        "`prediction & label` is `True` where both are; `.sum()` counts. The overlap counts twice, because both masks hold it.",
        "Before you divide: if `prediction.sum() + label.sum()` is 0, both are empty, nothing was missed and nothing was made "
        "up. That is perfect: return 1.0.",
    ),
    after="Right, the empty cases too, which many published scripts get wrong. The next cell shows what 0.7 looks like.",
)


@dice.case
def a_slice(random: Random) -> tuple[Any, ...]:
    return random.mask(13, 9, share=0.4).numpy(), random.mask(13, 9, share=0.6).numpy()


@dice.case
def a_volume(random: Random) -> tuple[Any, ...]:
    label = random.mask(5, 8, 6, share=0.2).numpy()
    return label | random.mask(5, 8, 6, share=0.05).numpy(), label


@dice.case
def both_empty(random: Random) -> tuple[Any, ...]:
    return np.zeros((6, 7), bool), np.zeros((6, 7), bool)


@dice.case
def nothing_to_find_but_something_claimed(random: Random) -> tuple[Any, ...]:
    return random.mask(6, 7).numpy(), np.zeros((6, 7), bool)


@dice.case
def nothing_found(random: Random) -> tuple[Any, ...]:
    return np.zeros((8, 5), bool), random.mask(8, 5).numpy()


few_pixels(dice)

twice(
    dice,
    "intersection_over_union",
    "This is IoU, not Dice: you divided the overlap by the union. Dice divides it by the mean size of the two masks, "
    "2 |P and T| / (|P| + |T|). Keep your function, it is the next exercise.",
    lambda prediction, label: (prediction & label).sum() / (prediction | label).sum(),
)
twice(
    dice,
    "sensitivity",
    "This is sensitivity (recall), the part of the label that was found. Painting the whole image would score 1. Dice "
    "also counts what was painted in vain: divide by both sizes.",
    lambda prediction, label: (prediction & label).sum() / label.sum(),
)
twice(
    dice,
    "precision",
    "This is precision, the part of the prediction that is right. A single correct pixel would score 1. Dice also counts "
    "what was missed: divide by both sizes.",
    lambda prediction, label: (prediction & label).sum() / prediction.sum(),
)
twice(
    dice,
    "factor_two_forgotten",
    "The factor 2 is missing: two equal masks get 0.5 from you, and they should get 1. The overlap lies in both masks, so "
    "it counts twice.",
    lambda prediction, label: (prediction & label).sum() / (prediction.sum() + label.sum()),
)
twice(
    dice,
    "plus_of_booleans",
    "`prediction + label` of two boolean arrays means *or*, so pixels of the overlap count once in your denominator, and "
    "your Dice can exceed 1. Add the two sums: `prediction.sum() + label.sum()`.",
    lambda prediction, label: 2 * (prediction & label).sum() / (prediction + label).sum(),
)
twice(
    dice,
    "equal_pixels",
    "`prediction == label` is also true where both are background, so you count pixels that concern nobody. The overlap is "
    "where both are `True`: `prediction & label`.",
    lambda prediction, label: 2 * (prediction == label).sum() / (prediction.sum() + label.sum()),
)


@dice.mistake(
    "This is accuracy, the share of pixels that agree. Most pixels are background, so a prediction that finds nothing scores "
    "well. Dice looks only at the pixels that are in one of the masks."
)
def accuracy(prediction: Mask, label: Mask) -> float:
    return float((prediction == label).mean())


@dice.mistake(
    "Two empty masks make you divide 0 by 0. Nothing was there and nothing was claimed, which is a perfect answer: return "
    "1.0 before you divide. (`try` does not help: NumPy raises no ZeroDivisionError, it warns and goes on with nan.)"
)
def zero_by_zero(prediction: Mask, label: Mask) -> float:
    with np.errstate(all="ignore"):
        return float(2 * (prediction & label).sum() / (prediction.sum() + label.sum()))


@dice.mistake(
    "For two empty masks you return 0, the worst there is. A healthy slice that is called healthy is a perfect answer: "
    "both empty gives 1."
)
def empty_is_worst(prediction: Mask, label: Mask) -> float:
    total = int(prediction.sum() + label.sum())
    return 2 * int((prediction & label).sum()) / total if total else 0.0


@dice.mistake(
    "When the label is empty you always return 1, even if the prediction is not. A lesion claimed in a healthy slice is a "
    "false alarm and scores 0; only *both* empty is perfect."
)
def empty_label_is_perfect(prediction: Mask, label: Mask) -> float:
    return reference(prediction, label) if label.any() else 1.0


@dice.mistake(
    "You added 1 above and below so as never to divide by 0. A loss may do that; a measure may not: it gives points for a "
    "lesion that was missed altogether, and more the smaller the lesion is. Treat the empty case by itself."
)
def smoothed(prediction: Mask, label: Mask) -> float:
    return float((2 * (prediction & label).sum() + 1) / (prediction.sum() + label.sum() + 1))


@dice.mistake("Right, but in per cent. Dice is given as a number between 0 and 1: leave out the factor 100.")
def per_cent(prediction: Mask, label: Mask) -> float:
    return 100 * reference(prediction, label)


@dice.mistake(
    "You averaged a Dice over the rows of the array. Count over all pixels together: a row with one pixel would weigh as "
    "much as a row with a hundred."
)
def mean_over_rows(prediction: Mask, label: Mask) -> float:
    return float(np.mean([reference(a, b) for a, b in zip(prediction, label, strict=True)]))


@dice.mistake(
    "Two masks of the same *size* get 1 from you, wherever they lie. Ask whether both are empty, not whether the two sums are "
    "equal: `prediction.sum() + label.sum() == 0`."
)
def same_size_is_perfect(prediction: Mask, label: Mask) -> float:
    return 1.0 if prediction.sum() == label.sum() else reference(prediction, label)


@dice.mistake(
    "One empty mask is enough for you to return 1. But an empty prediction for a lesion that is there is a miss, and a claim "
    "where nothing is a false alarm: both score 0. Only if *both* are empty the answer is 1."
)
def either_empty_is_perfect(prediction: Mask, label: Mask) -> float:
    return reference(prediction, label) if prediction.any() and label.any() else 1.0


@dice.mistake(
    'You rounded the result. Round when you print, `f"{score:.2f}"`, not when you compute: a small value loses all that it '
    "had to say."
)
def rounded(prediction: Mask, label: Mask) -> float:
    return round(reference(prediction, label), 2)
