"""Wrong answers to exercise 0.5: `WRONG`, the sentence for the student -> the function."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.exercises.lesson_00 import answers

Numbers = NDArray[Any]
Score = Callable[[float, float, float, float], float]  # (dark count, bright count, dark mean, bright mean)
Wrong = Callable[[Numbers, Numbers], float | None]

WRONG: dict[str, Wrong] = {}


def _mistake(sentence: str) -> Callable[[Wrong], Wrong]:
    def add(function: Wrong) -> Wrong:
        WRONG[sentence] = function
        return function

    return add


def _search(counts: Numbers, centers: Numbers, score: Score, shift: int = -1, cuts: slice = slice(None)) -> float:
    """Otsu's search with another score, another bin reported than the last dark one, or only some of the cuts."""
    scores = []
    places = range(1, len(counts))[cuts]
    for k in places:
        dark, bright = int(counts[:k].sum()), int(counts[k:].sum())
        means = (counts[:k] * centers[:k]).sum() / dark, (counts[k:] * centers[k:]).sum() / bright
        scores.append(score(dark, bright, float(means[0]), float(means[1])))
    return float(centers[places[int(np.argmax(scores))] + shift])


def _between(dark: float, bright: float, dark_mean: float, bright_mean: float) -> float:
    return dark * bright * (dark_mean - bright_mean) ** 2


@_mistake(
    "You found the cut where the two groups are most *alike*, with the smallest score; the best one sets them furthest apart. "
    "Look for the largest score, and square the distance: `mean_dark - mean_bright` alone is negative."
)
def smallest_score(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda *group: -_between(*group))


@_mistake(
    "The counts do not matter in your score. (Adding them does nothing: their sum is the same at every cut.) So a cut that "
    "leaves three bright pixels alone wins. Multiply by both counts, `dark * bright`: both groups must be large."
)
def counts_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: (m0 - m1) ** 2)


@_mistake(
    "The distance of the means must be squared: the score is a variance. Without the square the sizes of the groups weigh "
    "too much and the cut moves towards equal halves."
)
def square_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: dark * bright * abs(m0 - m1))


@_mistake(
    "You weigh with the count of the dark group alone, so a cut that puts nearly everything into it wins. The score has "
    "both counts, `dark * bright`."
)
def one_count_only(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, lambda dark, bright, m0, m1: dark * (m0 - m1) ** 2)


@_mistake("You returned the number of the bin. A threshold is an intensity: look it up in `centers`.")
def number_of_the_bin(counts: Numbers, centers: Numbers) -> float:
    return float(np.flatnonzero(centers == answers.otsu_threshold(counts, centers))[0])


@_mistake(
    "One bin too far: with the first `k` bins dark, the last dark bin is `k - 1`, and you returned bin `k`, the first bright "
    "one. `image > threshold` would lose its pixels."
)
def one_bin_too_far(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, _between, shift=0)


@_mistake(
    "You returned the best score, not where it was found. Keep the threshold beside it: whenever a score is the best so "
    "far, remember its `centers[k - 1]`."
)
def the_score_itself(counts: Numbers, centers: Numbers) -> float:
    cuts = range(1, len(counts))
    means = [(np.average(centers[:k], weights=counts[:k]), np.average(centers[k:], weights=counts[k:])) for k in cuts]
    scores = [_between(counts[:k].sum(), counts[k:].sum(), *mean) for k, mean in zip(cuts, means, strict=True)]
    return float(max(scores))


@_mistake(
    "You averaged the counts, `counts[:k].mean()`. The mean of a group is the mean *intensity of its pixels*: the sum of "
    "counts times centers, divided by the number of pixels."
)
def mean_of_the_counts(counts: Numbers, centers: Numbers) -> float:
    scores = [
        _between(counts[:k].sum(), counts[k:].sum(), counts[:k].mean(), counts[k:].mean())
        for k in range(1, len(counts))
    ]
    return float(centers[int(np.argmax(scores))])


@_mistake(
    "You took the mean of the bins' centers, as if each bin held equally many pixels. Weigh each center with its count."
)
def mean_without_weights(counts: Numbers, centers: Numbers) -> float:
    scores = [
        _between(counts[:k].sum(), counts[k:].sum(), centers[:k].mean(), centers[k:].mean())
        for k in range(1, len(counts))
    ]
    return float(centers[int(np.argmax(scores))])


@_mistake(
    "This is the mean of all pixels. It lies between the groups only if they are equally large; Otsu tries every cut and "
    "keeps the one that separates best."
)
def mean_of_all(counts: Numbers, centers: Numbers) -> float:
    return float((counts * centers).sum() / counts.sum())


@_mistake(
    "You returned the emptiest bin. A valley is what the eye looks for, but a single bin is noise: one empty bin at the far "
    "end would win. Otsu's score uses all pixels."
)
def emptiest_bin(counts: Numbers, centers: Numbers) -> float:
    return float(centers[int(np.argmin(counts))])


@_mistake(
    "You counted bins, not pixels: `k` and `len(counts) - k`. How many pixels a group has is the sum of its counts, "
    "`counts[:k].sum()`."
)
def bins_counted(counts: Numbers, centers: Numbers) -> float:
    def score(k: int) -> float:
        means = np.average(centers[:k], weights=counts[:k]), np.average(centers[k:], weights=counts[k:])
        return _between(k, len(counts) - k, float(means[0]), float(means[1]))

    return float(centers[max(range(1, len(counts)), key=score) - 1])


@_mistake(
    "You returned the middle between the last dark and the first bright bin. It cuts at the same place, but the task wants "
    "the center of the last dark bin, `centers[k - 1]`, as scikit-image does."
)
def middle_of_two_bins(counts: Numbers, centers: Numbers) -> float:
    return (_search(counts, centers, _between) + _search(counts, centers, _between, shift=0)) / 2


@_mistake(
    "Your search ends one cut too early: the last bin alone can be the bright group. The cuts are `range(1, len(counts))`, "
    "which stops before `len(counts)` by itself."
)
def last_cut_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, _between, cuts=slice(None, -1))


@_mistake(
    "Your search begins one cut too late: the first bin alone can be the dark group, as the black air around a head is. The "
    "cuts begin at `k = 1`."
)
def first_cut_forgotten(counts: Numbers, centers: Numbers) -> float:
    return _search(counts, centers, _between, cuts=slice(1, None))


@_mistake(
    "You return None. Either `return` is missing, or no score ever beat your first best one: `mean_dark - mean_bright` is "
    "negative, so without the square every score is. Square it."
)
def nothing_was_best(counts: Numbers, centers: Numbers) -> None:
    return None


@_mistake(
    "You always return the first center: no score ever beat your first best one. `mean_dark - mean_bright` is negative, so "
    "without the square every score is. Square it."
)
def always_the_first(counts: Numbers, centers: Numbers) -> float:
    return float(centers[0])


@_mistake(
    "You always return 0: no score ever beat your first best one. `mean_dark - mean_bright` is negative, so without the "
    "square every score is. Square it."
)
def always_zero(counts: Numbers, centers: Numbers) -> float:
    return 0.0


@_mistake(
    "You moved the threshold to the midpoint of the two means until it stood still. That method (Ridler and Calvard, 1978) "
    "stops at the first place that suits it, and it does not look at how large the groups are. Otsu tries every cut."
)
def midpoint_of_the_means(counts: Numbers, centers: Numbers) -> float:
    threshold = float(np.average(centers, weights=counts))
    for _ in range(100):
        dark = centers <= threshold
        means = (np.average(centers[part], weights=counts[part]) for part in (dark, ~dark))
        threshold = float(sum(means)) / 2
    return float(centers[centers <= threshold][-1])


@_mistake(
    "Mostly you return None: no score beat the -1 with which you begin. `mean_dark - mean_bright` is negative, so without the "
    "square nearly every score is. Square it."
)
def hardly_anything_was_best(counts: Numbers, centers: Numbers) -> float | None:
    best, cut = -1.0, None
    for k in range(1, len(counts)):
        dark, bright = counts[:k].sum(), counts[k:].sum()
        score = bright * (counts[:k] * centers[:k]).sum() - dark * (counts[k:] * centers[k:]).sum()
        if score > best:
            best, cut = float(score), float(centers[k - 1])
    return cut
