"""Exercise 0.5: the threshold that a histogram asks for (N. Otsu, IEEE Transactions on Systems, Man, and Cybernetics 1979)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_00 import answers
from medsegedu.exercises.lesson_00.answers import Numbers

Score = Callable[[float, float, float, float], float]  # (dark count, bright count, dark mean, bright mean)


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


def _search(counts: Numbers, centers: Numbers, score: Score, shift: int = -1, sign: int = 1) -> float:
    """Otsu's search with another score, or another bin reported than the last dark one."""
    scores = []
    for k in range(1, len(counts)):
        dark, bright = int(counts[:k].sum()), int(counts[k:].sum())
        means = (counts[:k] * centers[:k]).sum() / dark, (counts[k:] * centers[k:]).sum() / bright
        scores.append(sign * score(dark, bright, float(means[0]), float(means[1])))
    return float(centers[int(np.argmax(scores)) + 1 + shift])


def _between(dark: float, bright: float, dark_mean: float, bright_mean: float) -> float:
    return dark * bright * (dark_mean - bright_mean) ** 2


@otsu_threshold.mistake(
    "You took the cut with the *smallest* score, where the two groups are most alike. The best cut sets them furthest apart: "
    "look for the largest."
)
def smallest_score(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, _between, sign=-1)


@otsu_threshold.mistake(
    "Your score is only the distance of the two means. Then a cut that leaves three bright pixels alone wins. Multiply by "
    "both counts, `dark * bright`, so that both groups must be large."
)
def counts_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: (m0 - m1) ** 2)


@otsu_threshold.mistake(
    "The distance of the means must be squared: the score is a variance. Without the square the sizes of the groups weigh "
    "too much and the cut moves towards equal halves."
)
def square_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: dark * bright * abs(m0 - m1))


@otsu_threshold.mistake(
    "You weigh with the count of the dark group alone, so a cut that puts nearly everything into it wins. The score has "
    "both counts, `dark * bright`."
)
def one_count_only(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: dark * (m0 - m1) ** 2)


@otsu_threshold.mistake("You returned the number of the bin. A threshold is an intensity: look it up in `centers`.")
def number_of_the_bin(counts: Numbers, centers: Numbers) -> float:
    return float(np.flatnonzero(centers == answers.otsu_threshold(counts, centers))[0])


@otsu_threshold.mistake(
    "One bin too far: with the first `k` bins dark, the last dark bin is `k - 1`, and you returned bin `k`, the first bright "
    "one. `image > threshold` would lose its pixels."
)
def one_bin_too_far(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, _between, shift=0)


@otsu_threshold.mistake(
    "You returned the best score, not where it was found. Keep the threshold beside it: whenever a score is the best so "
    "far, remember its `centers[k - 1]`."
)
def the_score_itself(counts: Numbers, centers: Numbers) -> float:
    cuts = range(1, len(counts))
    means = [(np.average(centers[:k], weights=counts[:k]), np.average(centers[k:], weights=counts[k:])) for k in cuts]
    scores = [_between(counts[:k].sum(), counts[k:].sum(), *mean) for k, mean in zip(cuts, means, strict=True)]
    return float(max(scores))


@otsu_threshold.mistake(
    "You averaged the counts, `counts[:k].mean()`. The mean of a group is the mean *intensity of its pixels*: the sum of "
    "counts times centers, divided by the number of pixels."
)
def mean_of_the_counts(counts: Numbers, centers: Numbers) -> float:
    scores = [
        _between(counts[:k].sum(), counts[k:].sum(), counts[:k].mean(), counts[k:].mean())
        for k in range(1, len(counts))
    ]
    return float(centers[int(np.argmax(scores))])


@otsu_threshold.mistake(
    "You took the mean of the bins' centers, as if each bin held equally many pixels. Weigh each center with its count."
)
def mean_without_weights(counts: Numbers, centers: Numbers) -> float:
    scores = [
        _between(counts[:k].sum(), counts[k:].sum(), centers[:k].mean(), centers[k:].mean())
        for k in range(1, len(counts))
    ]
    return float(centers[int(np.argmax(scores))])


@otsu_threshold.mistake(
    "This is the mean of all pixels. It lies between the groups only if they are equally large; Otsu tries every cut and "
    "keeps the one that separates best."
)
def mean_of_all(counts: Numbers, centers: Numbers) -> float:
    return float((counts * centers).sum() / counts.sum())


@otsu_threshold.mistake(
    "You returned the emptiest bin. A valley is what the eye looks for, but a single bin is noise: one empty bin at the far "
    "end would win. Otsu's score uses all pixels."
)
def emptiest_bin(counts: Numbers, centers: Numbers) -> float:
    return float(centers[int(np.argmin(counts))])
