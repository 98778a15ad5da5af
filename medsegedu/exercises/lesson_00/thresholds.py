"""Exercise 0.5: the threshold that a histogram asks for (N. Otsu, IEEE Transactions on Systems, Man, and Cybernetics 1979)."""

from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.wrong_thresholds import WRONG, Numbers

otsu_threshold = Exercise(
    "00.otsu_threshold",
    reference=answers.otsu_threshold,
    title="Otsu's threshold",
    minutes=12,
    difficulty=2,
    hints=(
        "Try every cut `k` from 1 to `len(counts) - 1`: the first `k` bins are dark, `counts[:k]`, the rest bright, "
        "`counts[k:]`. Which two numbers do you need of each group?",
        "Each group needs how many pixels it has (`.sum()`) and its mean *intensity*: the sum of counts times centers, "
        "divided by how many. The score is `dark * bright * (dark_mean - bright_mean) ** 2`.",
        "Remember the best score so far and, with it, `centers[k - 1]`: the brightest bin that is still dark.",
    ),
    after="Right: it is the number that scikit-image gives, as the next cell shows. See what it does to a brain.",
)


def _two_humps(random: Random, bins: int, low: float, high: float, share: float) -> tuple[Numbers, Numbers]:
    """A histogram without empty bins, of which `share` belongs to the brighter of two humps."""
    edges = np.linspace(low, high, bins + 1)
    centers = (edges[:-1] + edges[1:]) / 2  # (bins,)
    place = (centers - low) / (high - low)
    hump = (1 - share) * np.exp(-(((place - 0.27) / 0.1) ** 2)) + share * np.exp(-(((place - 0.78) / 0.07) ** 2))
    return (900 * hump).astype(np.int64) + random.integers(1, 60, bins).numpy(), centers


@otsu_threshold.case
def two_humps(random: Random) -> tuple[Any, ...]:
    return _two_humps(random, 40, 0.0, 1.0, 0.5)


@otsu_threshold.case
def a_small_bright_hump_in_hounsfield_units(random: Random) -> tuple[Any, ...]:
    return _two_humps(random, 64, -1000.0, 1400.0, 0.15)


@otsu_threshold.case
def seven_bins(random: Random) -> tuple[Any, ...]:
    return random.integers(1, 50, 7).numpy(), np.array([2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0])


@otsu_threshold.case
def all_bright_pixels_in_the_last_bin(random: Random) -> tuple[Any, ...]:
    counts = np.concatenate([random.integers(40, 60, 5).numpy(), [400]])
    return counts, np.array([0.0, 1.0, 2.0, 3.0, 4.0, 12.0])


@otsu_threshold.case
def black_air_in_the_first_bin(random: Random) -> tuple[Any, ...]:
    counts = np.concatenate([[900], random.integers(20, 70, 8).numpy()])
    return counts, np.concatenate([[0.0], np.linspace(0.6, 1.0, 8)])


@otsu_threshold.case
def two_dark_bins_and_a_long_tail(random: Random) -> tuple[Any, ...]:
    """Moving a threshold to the midpoint of the two means stops elsewhere, wherever it starts."""
    return np.array([11, 257, 177, 5, 9, 4, 14, 19, 7]), np.arange(1.0, 10.0)


@otsu_threshold.case
def three_bins(random: Random) -> tuple[Any, ...]:
    return np.array([30, 30, 50]), np.array([0.0, 1.0, 2.0])


@otsu_threshold.case
def few_pixels_of_nearly_one_intensity(random: Random) -> tuple[Any, ...]:
    return np.array([3, 1, 2, 4]), np.array([0.500, 0.501, 0.503, 0.504])  # every score is far below 1


for sentence, wrong in WRONG.items():
    otsu_threshold.mistake(sentence)(wrong)
