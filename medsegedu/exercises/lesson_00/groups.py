"""Exercise 0.6: divide by patient. What is asked is told in sentences, by `splits`, for chance may divide in any way."""

from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers, splits
from medsegedu.exercises.lesson_00.answers import Split

split_by_patient = Exercise(
    "00.split_by_patient",
    reference=answers.split_by_patient,
    title="Divide by patient",
    minutes=8,
    difficulty=2,
    hints=(
        "Shuffle the *patients*, not the images. `sorted(set(patients))` gives each name once, in an order that never changes.",
        "`np.random.default_rng(seed).permutation(names)` shuffles. The first `round(share * len(names))` names, but at "
        "least one, are the test patients.",
        "Then go through the images: image `i` belongs to the test part if `patients[i]` is one of the test patients, else "
        "to the training part.",
    ),
    after="Right: no patient is on both sides. The next cell counts what the careless split would have leaked.",
    call=splits.runs,
)


@split_by_patient.case
def many_patients(random: Random) -> tuple[Any, ...]:
    return splits.scans(random, 38, 9), 0.2, 3


@split_by_patient.case
def few_patients_and_a_small_share(random: Random) -> tuple[Any, ...]:
    return splits.scans(random, 8, 6), 0.05, 3


for check in splits.CHECKS:
    split_by_patient.behaviour(check)


def _names(patients: list[str], seed: int) -> list[str]:
    return list(np.random.default_rng(seed).permutation(sorted(set(patients))))


def _test_images(patients: list[str], held_out: list[str]) -> Split:
    test = [i for i, patient in enumerate(patients) if patient in held_out]
    return [i for i, patient in enumerate(patients) if patient not in held_out], test


@split_by_patient.mistake(
    "A patient is in both parts: you shuffled *images*. Slices of one brain are near copies, so the test would ask what the "
    "training has already answered. This is called a leak. Shuffle the patients."
)
def images_shuffled(patients: list[str], share: float, seed: int) -> Split:
    order = np.random.default_rng(seed).permutation(len(patients)).tolist()
    count = max(1, round(share * len(patients)))
    return order[count:], order[:count]


@split_by_patient.mistake(
    "You cut the list of images in two. The cut goes through a patient, who is then in both parts (a leak), and `seed` "
    "changes nothing. Shuffle the patients, then collect their images."
)
def list_cut_in_two(patients: list[str], share: float, seed: int) -> Split:
    count = max(1, round(share * len(patients)))
    return list(range(len(patients)))[:-count], list(range(len(patients)))[-count:]


@split_by_patient.mistake(
    "No leak, but nothing is random: the test patients are always the same, whatever `seed` says. Files are often sorted by "
    "hospital or by date, and then the test is another population. Shuffle the names with `seed`."
)
def never_shuffled(patients: list[str], share: float, seed: int) -> Split:
    names = sorted(set(patients))
    return _test_images(patients, names[: max(1, round(share * len(names)))])


@split_by_patient.mistake(
    "Your shuffle ignores `seed`: the same call gives another split each time, so nobody can repeat your result, and you "
    "may meet a test patient in tomorrow's training. Use `np.random.default_rng(seed)`."
)
def seed_ignored(patients: list[str], share: float, seed: int) -> Split:
    names = list(np.random.default_rng().permutation(sorted(set(patients))))
    return _test_images(patients, names[: max(1, round(share * len(names)))])


@split_by_patient.mistake(
    "It looks right, but it changes when Python is started again: you shuffled a *set*, and a set of strings has another "
    "order in every run. The same seed then gives another test part tomorrow. Sort first: `sorted(set(patients))`."
)
def order_of_a_set(patients: list[str], share: float, seed: int) -> Split:
    names = list(np.random.default_rng(seed).permutation(list(set(patients))))
    return _test_images(patients, names[: max(1, round(share * len(names)))])


@split_by_patient.mistake(
    "You returned names of patients. A split is of images: return the numbers `i` of the images, so that `images[i]` can be "
    "taken."
)
def names_not_numbers(patients: list[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    names = _names(patients, seed)
    count = max(1, round(share * len(names)))
    return names[count:], names[:count]


@split_by_patient.mistake(
    "The two parts are exchanged: the large one should come first, for training. Return `train, test`."
)
def parts_exchanged(patients: list[str], share: float, seed: int) -> Split:
    train, test = answers.split_by_patient(patients, share, seed)
    return test, train


@split_by_patient.mistake(
    "With few patients your test part is empty: `share` times their number was rounded down to 0. A test of nothing passes "
    "always. Take at least one patient, `max(1, ...)`."
)
def empty_test(patients: list[str], share: float, seed: int) -> Split:
    names = _names(patients, seed)
    return _test_images(patients, names[: round(share * len(names))])


@split_by_patient.mistake(
    "`int` cuts off what follows the point: 0.2 of 38 patients is 7.6, and you took 7, not 8. With few patients it leaves "
    "none at all. `round` goes to the nearest number, and `max(1, ...)` takes at least one."
)
def cut_off_and_empty(patients: list[str], share: float, seed: int) -> Split:
    names = _names(patients, seed)
    return _test_images(patients, names[: int(share * len(names))])


@split_by_patient.mistake(
    "`int` (or `//`) cuts off what follows the point: 0.2 of 38 patients is 7.6, and you took 7 for the test, not 8. Use "
    "`round`, which goes to the nearest number."
)
def cut_off(patients: list[str], share: float, seed: int) -> Split:
    names = _names(patients, seed)
    return _test_images(patients, names[: max(1, int(share * len(names)))])


@split_by_patient.mistake(
    "You rounded up, so your test part has a patient too many: 0.4 of 31 patients is 12.4, which rounds to 12. Use `round`, "
    "and `max(1, ...)` for the case in which nobody is left."
)
def rounded_up(patients: list[str], share: float, seed: int) -> Split:
    names = _names(patients, seed)
    return _test_images(patients, names[: int(np.ceil(share * len(names)))])


@split_by_patient.mistake(
    "You kept one image of each patient and lost the others (a dictionary has each name once). Every image belongs into one "
    "of the two parts."
)
def one_image_a_patient(patients: list[str], share: float, seed: int) -> Split:
    image = {patient: i for i, patient in enumerate(patients)}
    names = _names(patients, seed)
    count = max(1, round(share * len(names)))
    return [image[name] for name in names[count:]], [image[name] for name in names[:count]]


@split_by_patient.mistake(
    "The test images are also in your training part. Whoever trains on the test passes it. Leave them out of the first list."
)
def test_left_in_training(patients: list[str], share: float, seed: int) -> Split:
    return list(range(len(patients))), answers.split_by_patient(patients, share, seed)[1]


@split_by_patient.mistake(
    "You took patients until `share` of the *images* was reached. Patients differ in how many images they have, so their "
    "number then depends on chance; here `share` is a share of the patients."
)
def share_of_the_images(patients: list[str], share: float, seed: int) -> Split:
    held_out: list[str] = []
    for name in _names(patients, seed):
        if sum(patient in held_out for patient in patients) >= share * len(patients):
            break
        held_out.append(str(name))
    return _test_images(patients, held_out)
