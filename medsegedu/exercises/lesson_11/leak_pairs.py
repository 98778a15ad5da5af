"""Exercise 11.1: what is compared, and two slips at once; a pair's sentence names the one to mend first."""

import numpy as np

from medsegedu.exercises.lesson_11.leak_mistakes import find_the_leak
from medsegedu.exercises.lesson_11.leaks import Images, Names, alike, copies, patients_only


def of_rows(a: np.ndarray, b: np.ndarray) -> bool:
    """What `np.corrcoef(a, b)[0, 1]` says of two images: the correlation of the first two rows of a."""
    return a.shape == b.shape and bool(np.corrcoef(a, b)[0, 1] > 0.99)


@find_the_leak.mistake(
    "`np.corrcoef` of two images correlates their *rows*, and [0, 1] is the first row with the second of one image. Flatten: "
    "`np.corrcoef(a.ravel(), b.ravel())[0, 1]`."
)
def rows_correlated(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(of_rows(image, other) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You gave `np.corrcoef` two images, and it correlates their *rows*: [0, 1] is the first row of the training image with its "
    "second. Flatten both: `np.corrcoef(a.ravel(), b.ravel())[0, 1]`."
)
def rows_of_training_correlated(
    patients: Names, images: Images, test_patients: Names, test_images: Images
) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(of_rows(other, image) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You walk through training and test images in step (`zip`), so each is compared with one other, and the longer list is never "
    "finished. Compare every test image with all training images: two loops."
)
def zipped(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    pairs = zip(test_patients, test_images, images, strict=False)
    return [j for j, (patient, image, other) in enumerate(pairs) if patient in patients or alike(image, other)]


@find_the_leak.mistake(
    "Where one image of a test patient is a copy, you report all of their images. The others are new to the network: report the "
    "copy."
)
def all_of_a_copied_patient(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    met = {test_patients[j] for j in copies(images, test_images)} | set(patients)
    return [j for j, patient in enumerate(test_patients) if patient in met]


@find_the_leak.mistake(
    "First return numbers, not names: a patient may have ten images in the test. And then look at the pixels too; a copy "
    "under another name passes you."
)
def names_of_patients_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[str]:
    return [patient for patient in test_patients if patient in patients]


@find_the_leak.mistake(
    "First compare the pixels of all pairs, not of image j with image j. And ask for a correlation above 0.99, because a "
    "brightened copy has no equal pixel."
)
def equal_and_same_place(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or (j < len(images) and np.array_equal(image, images[j]))
    ]  # fmt: skip


@find_the_leak.mistake(
    "First ask for the patient as well, not for the pixels alone. And equal pixels are too strict: a brightened copy has none; "
    "take the correlation."
)
def equal_pixels_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [j for j, image in enumerate(test_images) if any(np.array_equal(image, other) for other in images)]


@find_the_leak.mistake(
    "First compare whole names: you ask whether a patient's name is *part* of another, and p1 is no p12. Put the training "
    "patients into a set. Then look at the pixels too."
)
def part_of_name_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    joined = " ".join(patients)
    return [j for j, patient in enumerate(test_patients) if patient in joined]


@find_the_leak.mistake(
    "You ask whether a patient's name is *part* of another, as `in` does with text: p1 is no p12. Compare whole names, for "
    "example with a set."
)
def part_of_name(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    joined = " ".join(patients)
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in joined or any(alike(image, other) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "First look at the pixels as well as at the patients. And return every leak, not the first one: a report that names one "
    "suggests that there is no other."
)
def first_patient_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return patients_only(patients, images, test_patients, test_images)[:1]


@find_the_leak.mistake(
    "Of a patient with several test images you return the first only, as `index` does. All of them leak: go through the images, "
    "not through the patients."
)
def first_image_of_a_patient(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    firsts = {list(test_patients).index(patient) for patient in patients if patient in test_patients}
    return sorted(firsts | set(copies(images, test_images)))


@find_the_leak.mistake(
    "You compare a part of the pixels. Two pictures may have equal corners (air, a letter, a scale): correlate all pixels, "
    "`a.ravel()`."
)
def part_of_the_pixels(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    first, tested = [i[: len(i) // 2] for i in images], [i[: len(i) // 2] for i in test_images]
    shapes = [[a.shape == b.shape for b in images] for a in test_images]
    return [
        j for j, image in enumerate(tested)
        if test_patients[j] in patients or any(alike(image, o) for o, same in zip(first, shapes[j], strict=True) if same)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You ask whether a training patient's name is *part* of a test patient's, as `in` does with text: p30 is no p300. Compare "
    "whole names, for example with a set."
)
def name_is_part(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if any(p in test_patients[j] for p in patients) or any(alike(image, other) for other in images)
    ]  # fmt: skip
