"""Exercise 0.6: divide by patient."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.answers import Split

REPEATS = 12  # among eight patients two seeds may choose the same one by chance; not twelve seeds


def _properties(attempt: Callable[..., Any], patients: list[str], share: float, seed: int) -> dict[str, Any]:
    """What is asked of a split, whichever patients chance puts where."""
    train, test = (list(part) for part in attempt(list(patients), share, seed))
    if not all(isinstance(i, int | np.integer) for i in [*train, *test]):
        return {"numbers of images": False}
    own, held_out = ({patients[i] for i in part} for part in (train, test))
    again = [sorted(attempt(list(patients), share, seed)[1]) for _ in range(REPEATS)]
    others = [sorted(attempt(list(patients), share, seed + k)[1]) for k in range(1, REPEATS)]
    leak, wanted = bool(own & held_out), max(1, round(share * len(set(patients))))
    return {
        "numbers of images": True,
        "a patient in both parts": leak,
        "every image used": {*train, *test} == set(range(len(patients))),
        "an image used twice": len({*train, *test}) < len(train) + len(test),
        "the right number of test patients": None if leak else len(held_out) == wanted,
        "an empty part": not train or not test,
        "the same split for the same seed": all(part == sorted(test) for part in again),
        "another split for another seed": any(part != sorted(test) for part in others),
    }


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
    call=_properties,
)


def _scans(random: Random, patients: int, most: int) -> list[str]:
    """A name per image: each patient has 1 to `most` images, next to one another for some and scattered for others."""
    names = [f"patient-{i:02d}" for i in range(patients) for _ in range(int(random.integers(1, most + 1)))]
    half = len(names) // 2
    return names[:half] + list(random.numpy.permutation(names[half:]))


@split_by_patient.case
def forty_patients(random: Random) -> tuple[Any, ...]:
    return _scans(random, 40, 9), 0.2, 3


@split_by_patient.case
def thirty_patients_in_halves(random: Random) -> tuple[Any, ...]:
    return _scans(random, 30, 5), 0.5, 11


@split_by_patient.case
def few_patients_and_a_small_share(random: Random) -> tuple[Any, ...]:
    return [name for name in "hgfedcba" for _ in range(6)], 0.05, 3


def _test_images(patients: list[str], held_out: set[str]) -> Split:
    test = [i for i, patient in enumerate(patients) if patient in held_out]
    return [i for i in range(len(patients)) if i not in test], test


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
    return _test_images(patients, set(names[: max(1, round(share * len(names)))]))


@split_by_patient.mistake(
    "Your shuffle ignores `seed`: the same call gives another split each time, so nobody can repeat your result, and you "
    "may meet a test patient in tomorrow's training. Use `np.random.default_rng(seed)`."
)
def seed_ignored(patients: list[str], share: float, seed: int) -> Split:
    names = list(np.random.default_rng().permutation(sorted(set(patients))))
    return _test_images(patients, set(names[: max(1, round(share * len(names)))]))


@split_by_patient.mistake(
    "You returned names of patients. A split is of images: return the numbers `i` of the images, so that `images[i]` can be "
    "taken."
)
def names_not_numbers(patients: list[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    names = list(np.random.default_rng(seed).permutation(sorted(set(patients))))
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
    names = list(np.random.default_rng(seed).permutation(sorted(set(patients))))
    return _test_images(patients, set(names[: round(share * len(names))]))


@split_by_patient.mistake(
    "You kept one image of each patient and lost the others (a dictionary has each name once). Every image belongs into one "
    "of the two parts."
)
def one_image_a_patient(patients: list[str], share: float, seed: int) -> Split:
    image = {patient: i for i, patient in enumerate(patients)}
    names = list(np.random.default_rng(seed).permutation(sorted(image)))
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
    held_out: set[str] = set()
    for name in np.random.default_rng(seed).permutation(sorted(set(patients))):
        if sum(patient in held_out for patient in patients) >= share * len(patients):
            break
        held_out.add(str(name))
    return _test_images(patients, held_out)
