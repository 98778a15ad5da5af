"""Exercise 11.1, further ways to miss or to invent a leak: names that are nearly alike, and parts of the pixels."""

from typing import Any

import numpy as np
from scipy import stats

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_11.leaks import Images, Names, alike, copies, find_the_leak, scans


@find_the_leak.case
def names_nearly_alike(random: Random) -> tuple[Any, ...]:
    test = ["patient-02", "ng", "Patient-01", "Ng", "patient-1", "patient-01-b"]
    return ["patient-01", "Ng"], scans(random, *[(5, 7)] * 2), test, scans(random, *[(5, 7)] * 6)


@find_the_leak.case
def equal_in_part(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(8, 10)] * 3), scans(random, *[(8, 10)] * 4)
    test[0][:, ::2], test[1][::2] = train[1][:, ::2], train[2][::2]  # every second column, every second row
    train[0][2:, 3:] = 0
    test[2] = np.where(train[0] == 0, test[2], train[0])  # where the training image is not 0
    test[3][1:4, 2:8] = 0
    train[2] = np.where(test[3] == 0, 3 * train[2] + 9, test[3])  # where the test image is not 0
    return ["a", "b", "c"], train, ["d", "e", "f", "g"], test


@find_the_leak.case
def as_many_pixels_in_volumes(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, (4, 3, 6), (4, 5, 5)), scans(random, (4, 6, 3), (4, 5, 5))
    test[0] = train[0].reshape(4, 6, 3)  # the same numbers in the same number of slices, but another volume
    test[1] = train[1] / 2
    return ["a", "b"], train, ["c", "d"], test


@find_the_leak.case
def another_law_of_brightness(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(9, 7)] * 2), scans(random, *[(9, 7)] * 2)
    test[0] = np.exp(1.5 * (train[1] - train[1].mean()) / train[1].std())  # bent: in the same order, correlation 0.6
    return ["a", "b"], train, ["c", "d"], test


@find_the_leak.case
def a_bright_spot(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(6, 8)] * 2), scans(random, *[(6, 8)] * 2)
    test[1] = train[0].copy()
    test[1][5, 7] += 90  # all other pixels are equal, and the correlation of all is far below 0.99
    return ["a", "b"], train, ["c", "d"], test


@find_the_leak.mistake(
    "You compared the names up to the first hyphen, so patient-01 and patient-02 are one person, and everybody leaks. Names "
    "must be equal, whole."
)
def up_to_the_hyphen(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    known = {patient.split("-")[0] for patient in patients}
    found = {j for j, patient in enumerate(test_patients) if patient.split("-")[0] in known}
    return sorted(found | set(copies(images, test_images)))


@find_the_leak.mistake(
    "You wrote all names in small letters. Whether `Ng` and `ng` are one patient nobody has told you: names must be equal."
)
def small_letters(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    known = {patient.lower() for patient in patients}
    found = {j for j, patient in enumerate(test_patients) if patient.lower() in known}
    return sorted(found | set(copies(images, test_images)))


def either(patients: Names, images: Images, test_patients: Names, test_images: Images, same: Any) -> list[int]:
    """The leaks by patient, and by what `same` says of two images."""
    return [
        j
        for j, (patient, image) in enumerate(zip(test_patients, test_images, strict=True))
        if patient in patients or any(same(image, other) for other in images)
    ]


@find_the_leak.mistake(
    "You looked at every second pixel (`[..., ::2]`). It saves time, and two images that agree there alone are called copies: "
    "take all pixels."
)
def every_second_pixel(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and alike(a[..., ::2], b[..., ::2])

    return either(patients, images, test_patients, test_images, same)


@find_the_leak.mistake(
    "You correlated only the pixels that are not 0. What lies beside them may be another picture: take all pixels."
)
def not_zero_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        if a.shape != b.shape:
            return False
        there = a != 0
        return alike(a[there], b[there])

    return either(patients, images, test_patients, test_images, same)


@find_the_leak.mistake(
    "You asked for as many slices and as many pixels, not for the same *shape*. A 3 x 6 slice and a 6 x 3 slice are not one "
    "picture: `a.shape == b.shape`."
)
def as_many_slices_and_pixels(
    patients: Names, images: Images, test_patients: Names, test_images: Images
) -> list[int]:  # fmt: skip
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return (
            len(a) == len(b) and a.size == b.size and bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99)
        )  # fmt: skip

    return either(patients, images, test_patients, test_images, same)


@find_the_leak.mistake(
    "You correlated *ranks* (Spearman). They stay the same under any law of brightness; asked for is brightness and contrast "
    "alone, a straight line: `np.corrcoef`."
)
def ranks(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool(stats.spearmanr(a.ravel(), b.ravel()).statistic > 0.99)

    return either(patients, images, test_patients, test_images, same)


@find_the_leak.mistake(
    "You paired the first test image with the first training image, the second with the second (`zip`). A copy may stand "
    "anywhere, and so may its patient: hold each test image against *all* training images."
)
def all_paired(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    pairs = zip(patients, images, test_patients, test_images, strict=False)
    return [j for j, (known, other, patient, image) in enumerate(pairs) if patient == known or alike(image, other)]


@find_the_leak.mistake(
    "You return the numbers of *training* images, and of patients only. It is the test image whose score would be too good: go "
    "through the test images, and ask of each for its patient and for its pixels."
)
def numbers_of_training_patients(
    patients: Names, images: Images, test_patients: Names, test_images: Images
) -> list[int]:
    return [i for i, patient in enumerate(patients) if patient in test_patients]


@find_the_leak.mistake(
    "Two things. NumPy refuses to correlate images of different shapes: they are different pictures, so ask `a.shape == b.shape` "
    "first. And an image that is the copy of two comes twice into your list: stop at the first (`break`, or `any`)."
)
def shapes_not_asked_pair_by_pair(
    patients: Names, images: Images, test_patients: Names, test_images: Images
) -> list[int]:  # fmt: skip
    found = []
    for j, (patient, image) in enumerate(zip(test_patients, test_images, strict=True)):
        if patient in patients:
            found.append(j)
        else:
            found += [j for other in images if np.corrcoef(image.ravel(), other.ravel())[0, 1] > 0.99]
    return found


@find_the_leak.mistake(
    "You held each test image against the test images before it, too. Two equal images in the test are a pity, but no leak: "
    "only what *trains* counts."
)
def earlier_test_images_too(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j
        for j, (patient, image) in enumerate(zip(test_patients, test_images, strict=True))
        if patient in patients or any(alike(image, other) for other in [*images, *test_images[:j]])
    ]


@find_the_leak.mistake(
    "You squared the correlation. So a negative of an image, -1, becomes a copy, and the threshold moves to 0.995: take the "
    "correlation as it is."
)
def squared(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] ** 2 > 0.99)

    return either(patients, images, test_patients, test_images, same)


@find_the_leak.mistake(
    "All leaks are there, but first those by patient, then the copies. In ascending order: one loop over the test images that "
    "asks for both, or `sorted`."
)
def patients_first(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    by_patient = [j for j, patient in enumerate(test_patients) if patient in patients]
    return by_patient + [j for j in copies(images, test_images) if j not in by_patient]


@find_the_leak.mistake(
    "You correlated every third pixel. It saves time, and what differs between them nobody sees: take all pixels."
)
def every_third_pixel(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def same(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and alike(a.ravel()[::3], b.ravel()[::3])

    return either(patients, images, test_patients, test_images, same)
