"""Exercise 11.1: mistakes of the comparison, and two slips at once; a pair's sentence names the one to mend first."""

import numpy as np

from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.leaks import Images, Names, alike, copies, find_the_leak, patients_only


@find_the_leak.mistake(
    "You stopped at the first leak. There may be more, and a report that names one suggests that it was the only one."
)
def first_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return answers.find_the_leak(patients, images, test_patients, test_images)[:1]


@find_the_leak.mistake(
    "You correlate images of different shapes, which can't be done or, when they are flattened, compares unlike pixels. "
    "Images of different shapes are different: ask `a.shape == b.shape` first."
)
def shapes_not_asked(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(
            np.corrcoef(image.ravel(), other.ravel())[0, 1] > 0.99 for other in images
        )
    ]  # fmt: skip


@find_the_leak.mistake(
    "You flattened the images and compared those with as many pixels: 5 x 7 and 7 x 5 are not the same picture, even if their "
    "numbers are. Compare the shapes."
)
def as_many_pixels(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return answers.find_the_leak(
        patients, [i.reshape(1, -1) for i in images], test_patients, [i.reshape(1, -1) for i in test_images]
    )


@find_the_leak.mistake(
    "You compare without taking the mean off (a cosine, or a sum of products). All images are positive numbers, so all look "
    "alike: `np.corrcoef` takes the means off."
)
def not_centred(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    def cosine(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()) > 0.99)

    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(cosine(image, other) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "Your threshold is too low: two scans of two patients are alike to 0.5 or 0.7, because heads are alike. A copy is above "
    "0.99."
)
def low_threshold(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(alike(image, other, 0.5) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "Your threshold is a little too low: an image with a correlation of 0.985 is in your list. Ask for more than 0.99."
)
def lower_threshold(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(alike(image, other, 0.95) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "Your threshold is too high: a copy that was compressed, with a correlation of 0.993, is not in your list. Ask for more "
    "than 0.99, as the text does."
)
def high_threshold(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(alike(image, other, 0.999) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You took the correlation without its sign, and report a negative, in which bright is dark. Its correlation is -1: not "
    "above 0.99."
)
def without_sign(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(alike(image, other) or alike(-image, other) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "Some numbers are in your list several times: you append one for each training image that has the patient or is alike. "
    "Once an image leaks, go to the next one (`break`, or `any`)."
)
def once_for_each_pair(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images) for patient, other in zip(patients, images, strict=True)
        if patient == test_patients[j] or alike(image, other)
    ]  # fmt: skip


@find_the_leak.mistake(
    "Your numbers are right, and not in ascending order: you list the copies first and the patients behind them. Ask both "
    "questions of each image, or sort in the end."
)
def not_ascending(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    found = copies(images, test_images)
    return found + [j for j in patients_only(patients, images, test_patients, test_images) if j not in found]


@find_the_leak.mistake(
    "You also report images that are twice in the test. That is untidy, but no network has trained on them: compare test "
    "images with training images only."
)
def twins_in_the_test(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    found = set(answers.find_the_leak(patients, images, test_patients, test_images))
    for j, image in enumerate(test_images):
        if any(alike(image, other) for k, other in enumerate(test_images) if k != j):
            found.add(j)
    return sorted(found)
