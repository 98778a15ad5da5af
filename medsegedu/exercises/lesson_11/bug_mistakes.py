"""Exercise 11.5: mends that are nearly right."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.bugs import NAMES, Five, bug_hunt, dice_of, mirrored


def replaced(function: str, by: Callable[..., Any]) -> Five:
    """All five right but one."""
    right = list(answers.bug_hunt())
    right[NAMES.index(function)] = by
    return tuple(right)


@bug_hunt.mistake(
    "Nearly: `to_scale` scales the test set by its own mean and deviation. Then an image means something else in the test than "
    "it did in training, and you need the whole test set to scale one image. Use those of the training set."
)
def test_scaled_by_itself() -> Five:
    return replaced(
        "to_scale", lambda train, test: ((train - train.mean()) / train.std(), (test - test.mean()) / test.std())
    )


@bug_hunt.mistake(
    "Nearly: `finer` now lays four copies of the whole label side by side (`repeat`, `tile`). Each *pixel* becomes four: "
    '`repeat_interleave`, or `interpolate` with mode="nearest".'
)
def four_copies() -> Five:
    return replaced("finer", lambda label: label.repeat(2, 2))


@bug_hunt.mistake(
    "Nearly: `mirrored` mirrors the label top to bottom. The last axis, -1, runs from left to right, in the image and in the "
    "label."
)
def other_axis() -> Five:
    def flipped(image: Tensor, label: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        label = label.clone()
        label[chosen] = label[chosen].flip(-2)
        return mirrored(image, label, chosen)

    return replaced("mirrored", flipped)


@bug_hunt.mistake(
    "Nearly: `mirrored` mirrors every label of the batch. Only the `chosen` images are mirrored, so only their labels may be."
)
def every_label() -> Five:
    return replaced("mirrored", lambda image, label, chosen: mirrored(image, label.flip(-1), chosen))


@bug_hunt.mistake(
    "Nearly: `mean_dice` counts what is not there as 0 now. From full marks for nothing to no marks for nothing: leave it out, "
    "average where `total > 0`."
)
def nothing_is_zero() -> Five:
    return replaced("mean_dice", lambda found, drawn: dice_of(found, drawn)[0].nan_to_num(0.0).mean())


@bug_hunt.mistake(
    "Nearly: `mean_dice` now leaves out every class that is not *drawn*. But a class that was found where there is none is a "
    "false alarm, and its Dice of 0 must count: ask `total > 0`."
)
def false_alarms_forgiven() -> Five:
    return replaced("mean_dice", lambda found, drawn: dice_of(found, drawn)[0][drawn.any(-1)].mean())


@bug_hunt.mistake(
    "Nearly: `held_out` takes every fifth patient in order of appearance. Files may lie in another order tomorrow, and the test "
    "set with them: sort the names first."
)
def in_order_of_appearance() -> Five:
    def by_appearance(patients: Sequence[str]) -> list[int]:
        chosen = list(dict.fromkeys(patients))[::5]
        return [i for i, patient in enumerate(patients) if patient in chosen]

    return replaced("held_out", by_appearance)


@bug_hunt.mistake(
    "Nearly: `held_out` asks whether a name is *part* of another, as `in` does with text: p1 is no p12. Keep the chosen names in "
    "a list or a set."
)
def part_of_a_name() -> Five:
    def joined(patients: Sequence[str]) -> list[int]:
        chosen = " ".join(sorted(set(patients))[::5])
        return [i for i, patient in enumerate(patients) if patient in chosen]

    return replaced("held_out", joined)


@bug_hunt.mistake(
    "Nearly: `held_out` takes the patients of every fifth *image*, and who has many images is drawn more often. Sort the names, "
    "each once, and take every fifth of them."
)
def patients_of_every_fifth_image() -> Five:
    def drawn(patients: Sequence[str]) -> list[int]:
        chosen = set(patients[::5])
        return [i for i, patient in enumerate(patients) if patient in chosen]

    return replaced("held_out", drawn)


@bug_hunt.mistake(
    "Nearly: `held_out` lists the images patient by patient. Return their numbers in ascending order: go through the images, and "
    "keep those whose patient was chosen."
)
def patient_by_patient() -> Five:
    return replaced(
        "held_out", lambda patients: [i for p in sorted(set(patients))[::5] for i, q in enumerate(patients) if q == p]
    )


@bug_hunt.mistake(
    "Nearly: `mean_dice` puts all pixels of all patients into one sum. A patient with large lesions then counts more: take the "
    "Dice of each patient and class, then the mean."
)
def pooled() -> Five:
    return replaced("mean_dice", lambda found, drawn: 2 * (found & drawn).sum() / (found.sum() + drawn.sum()))
