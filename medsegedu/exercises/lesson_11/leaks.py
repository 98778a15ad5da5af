"""Exercise 11.1: test images that a network has met in training, by their patient or by their pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_11 import answers

Names = Sequence[str]
Images = Sequence[np.ndarray]

find_the_leak = Exercise(
    "11.find_the_leak",
    reference=answers.find_the_leak,
    title="Find the leak",
    minutes=12,
    difficulty=2,
    hints=(
        "Go through the test images one by one. An image leaks if its patient is among the training patients, *or* if its "
        "pixels are those of any training image.",
        "The correlation of all pixels is 1 for an image and its brighter copy: `np.corrcoef(a.ravel(), b.ravel())[0, 1]`. "
        "Ask for more than 0.99. Images of different sizes can't be correlated: compare the shapes first.",
        "`for j in range(len(test_images))`, and inside `any(... for other in images)`; append `j` once.",
    ),
    after="Patients, copies, and copies that somebody brightened. The next cell hunts in your folder.",
)


def scans(random: Random, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [10 + random.numpy.standard_normal(shape) for shape in shapes]


@find_the_leak.case
def a_patient_and_a_copy(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(7, 9)] * 4), scans(random, *[(7, 9)] * 5)
    test[3] = train[1].copy()
    return ["a", "b", "b", "c"], train, ["d", "b", "e", "f", "g"], test


@find_the_leak.case
def brightened_and_in_another_place(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(6, 8)] * 5), scans(random, *[(6, 8)] * 4)
    test[0], test[2] = train[4] + 30, 3.5 * train[3] - 2
    return ["p1", "p2", "p3", "p4", "p5"], train, ["q1", "q2", "q3", "p2"], test


@find_the_leak.case
def two_patients_and_copies_in_place(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(5, 8)] * 4), scans(random, *[(5, 8)] * 5)
    test[0], test[1] = train[0].copy(), 2 * train[1]
    return ["a", "b", "c", "d"], train, ["x", "y", "c", "z", "d"], test


@find_the_leak.case
def sizes_differ(random: Random) -> tuple[Any, ...]:
    train = scans(random, (5, 7), (7, 5), (4, 6), (5, 7))
    test = scans(random, (7, 5), (3, 4), (5, 7))
    test[0] = train[0].reshape(7, 5)  # the same numbers, but another picture
    test[2] = train[3] * 2
    return ["a", "b", "c", "a"], train, ["x", "y", "z"], test


@find_the_leak.case
def alike_but_not_the_same(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(8, 9)] * 3), scans(random, *[(8, 9)] * 3)
    test[1] = train[0] + 0.75 * random.numpy.standard_normal((8, 9))  # correlation about 0.8
    test[2] = test[0].copy()  # twice in the test: a pity, but no leak from training
    return ["m", "n", "o"], train, ["r", "s", "t"], test


@find_the_leak.case
def a_leak_for_two_reasons(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(6, 7)] * 3), scans(random, *[(6, 7)] * 3)
    test[2] = train[0].copy()
    train[2] = train[0] + 5  # also twice in training
    return ["p", "p", "q"], train, ["u", "v", "p"], test


def akin(random: Random, image: np.ndarray, correlation: float) -> np.ndarray:
    """An image with exactly this correlation to another."""
    own = (image - image.mean()) / image.std()
    noise = random.numpy.standard_normal(image.shape)
    noise -= noise.mean() + own * (own * noise).mean()
    return 7 + 2 * (correlation * own + np.sqrt(1 - correlation**2) * noise / noise.std())


@find_the_leak.case
def on_both_sides_of_the_threshold(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(9, 8)] * 3), scans(random, *[(9, 8)] * 4)
    test[0], test[2], test[3] = akin(random, train[2], 0.985), akin(random, train[0], 0.993), 20 - train[1]
    return ["a", "b", "c"], train, ["d", "e", "f", "g"], test  # only number 2: 3 is a negative, correlation -1


@find_the_leak.case
def part_of_a_name(random: Random) -> tuple[Any, ...]:
    names = ["p1", "p3", "p30", "p300"]
    return ["p12", "p30"], scans(random, (5, 6), (5, 6)), names, scans(random, *[(5, 6)] * 4)


@find_the_leak.case
def a_patient_with_several_images(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(6, 8)] * 3), scans(random, *[(6, 8)] * 5)
    test[1][:4] = train[0][:4]  # a part of the picture only
    test[0] = 2 * train[1]  # one copy among two images of c
    return ["a", "b", "b"], train, ["c", "d", "b", "c", "b"], test


@find_the_leak.case
def rows_that_go_together(random: Random) -> tuple[Any, ...]:
    train, test = scans(random, *[(5, 9)] * 3), scans(random, *[(5, 9)] * 3)
    test[1][1] = 3 * test[1][0]
    train[2][1] = train[2][0] + 1
    return ["a", "b", "c"], train, ["d", "e", "f"], test


def alike(a: np.ndarray, b: np.ndarray, least: float = 0.99) -> bool:
    return a.shape == b.shape and bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] > least)


def copies(images: Images, test_images: Images) -> list[int]:
    return [j for j, image in enumerate(test_images) if any(alike(image, other) for other in images)]


@find_the_leak.mistake(
    "You look at the patients only. A scan that was copied under another name passes: compare the pixels too, of every test "
    "image with every training image."
)
def patients_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [j for j, patient in enumerate(test_patients) if patient in patients]


@find_the_leak.mistake(
    "You look at the pixels only. Two scans of one patient differ in every pixel and still show the same brain: a patient of "
    "the training set leaks too."
)
def pixels_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return copies(images, test_images)


@find_the_leak.mistake(
    "You ask for equal pixels. A copy that was saved with another brightness or contrast has not one equal pixel: ask for a "
    "correlation above 0.99."
)
def equal_pixels(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or any(np.array_equal(image, other) for other in images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You compare test image j with training image j only. A copy may stand anywhere: compare each test image with all "
    "training images."
)
def same_place_only(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        j for j, image in enumerate(test_images)
        if test_patients[j] in patients or (j < len(images) and alike(image, images[j]))
    ]  # fmt: skip


@find_the_leak.mistake(
    "You report an image only if both hold, its patient trains *and* its pixels do. Either is a leak: write `or`."
)
def both_asked(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [j for j in copies(images, test_images) if test_patients[j] in patients]


@find_the_leak.mistake(
    "You return the numbers of training images. Training may keep what it has; it is the test image whose score would be too "
    "good: return numbers of test images."
)
def numbers_of_training(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return [
        i for i, image in enumerate(images)
        if patients[i] in test_patients or any(alike(image, other) for other in test_images)
    ]  # fmt: skip


@find_the_leak.mistake(
    "You return names of patients. A patient may have ten images in the test; return the number of each image that leaks."
)
def names_returned(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[str]:
    return [test_patients[j] for j in answers.find_the_leak(patients, images, test_patients, test_images)]


@find_the_leak.mistake(
    "You return True or False for each image. What is wanted are the numbers of those that leak: append `j` to a list."
)
def truth_values(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[bool]:
    found = answers.find_the_leak(patients, images, test_patients, test_images)
    return [j in found for j in range(len(test_images))]


@find_the_leak.mistake(
    "Some numbers are in your list twice: you append one for each reason, or for each training image that is alike. Once an "
    "image leaks, go to the next one."
)
def counted_twice(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    found = []
    for j, image in enumerate(test_images):
        if test_patients[j] in patients:
            found.append(j)
        found += [j for other in images if alike(image, other)]
    return found


@find_the_leak.mistake(
    "You list all leaking patients first and the copies behind them, some of them twice or out of order. Go through the test "
    "images once and ask both questions of each."
)
def two_lists_joined(patients: Names, images: Images, test_patients: Names, test_images: Images) -> list[int]:
    return patients_only(patients, images, test_patients, test_images) + copies(images, test_images)
