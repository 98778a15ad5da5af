"""Exercise 11.4, slips: another worst patient, and a table in the order of the dict."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.reports import Report, Scores, report, scored, summary, table_of


@report.case
def a_thousand_draws(random: Random) -> tuple[Any, ...]:
    found, names, _ = scored(random, 11, 2, (3,), ((1, 0),))
    return found, names, random.numpy.integers(0, 11, (1300, 11))


def small(random: Random, table: list[list[float]], names: Sequence[str], patients: Sequence[str]) -> tuple[Any, ...]:
    found = {name: np.array(row) for name, row in zip(names, table, strict=True)}
    return found, list(patients), random.numpy.integers(0, len(patients), (150, len(patients)))


@report.case
def worst_by_the_mean(random: Random) -> tuple[Any, ...]:
    rows = [[0.65, 0.65, 0.66], [0.9, 0.91, 0.02], [0.7, 0.72, 0.8], [0.61, 0.66, 0.6]]
    return small(random, rows, "abcd", "dbca")


@report.case
def nearly_as_bad(random: Random) -> tuple[Any, ...]:
    return small(random, [[0.33, 0.31], [0.9, 0.8], [0.306, 0.31], [0.314, 0.31]], "wxyz", "wxzy")


@report.case
def found_nothing_before_the_missing(random: Random) -> tuple[Any, ...]:
    return small(random, [[0.5, 0.7], [0.0, 0.0], [0.6, 0.9]], ("kim", "ode", "zoe"), ("zoe", "ode", "abe", "kim"))


@report.case
def missing_before_found_nothing(random: Random) -> tuple[Any, ...]:
    return small(random, [[0.5, 0.7], [0.0, 0.0], [0.6, 0.9]], ("kim", "ode", "zoe"), ("zoe", "abe", "ode", "kim"))


@report.mistake(
    "The worst patient is the one with the lowest *median* of classes in your report. A median forgives a class that was missed "
    "altogether: take the mean."
)
def worst_by_median(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, _, interval = answers.report(scores, patients, picks)
    return means, patients[int(np.nanmedian(table_of(scores, patients), axis=1).argmin())], interval


def worst_rounded(digits: int) -> Callable[..., Report]:
    def mistake(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
        means, _, interval = answers.report(scores, patients, picks)
        own = np.nanmean(table_of(scores, patients), axis=1)
        return means, patients[int(own.round(digits).argmin())], interval

    mistake.__name__ = f"worst_rounded_to_{digits}"
    return mistake


for _digits in (1, 2):
    report.mistake(
        f"You rounded to {_digits} digits before you looked for the worst patient. A little worse is worse: do not round."
    )(worst_rounded(_digits))


@report.mistake(
    "You call who is missing the worst, without looking. Somebody may stand before them whose prediction has found nothing: "
    "the first of several who are equally bad."
)
def missing_is_the_worst(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, worst, interval = answers.report(scores, patients, picks)
    return means, next((patient for patient in patients if patient not in scores), worst), interval


@report.mistake(
    "Your table has the order of `scores`, with the missing at its end. The numbers in `picks` count along `patients`: make a "
    "row for each of `patients`, in that order, `[scores.get(p, zeros) for p in patients]`."
)
def missing_at_the_end(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    order = [*scores, *(patient for patient in patients if patient not in scores)]
    return summary(table_of(scores, order), order, picks)


@report.mistake(
    "Your table has the order of `scores` (`list(scores.values())`), and nobody who is missing. The numbers in `picks` count "
    "along `patients`: make a row for each of `patients`, in that order, of zeros for who is missing."
)
def the_dicts_own_order(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table = np.array(list(scores.values()))
    own = np.nanmean(table, axis=1)
    low, high = np.percentile(own[picks].mean(axis=1), (2.5, 97.5))
    return np.nanmean(table, axis=0), list(scores)[int(own.argmin())], (float(low), float(high))


@report.mistake(
    "You took the mean of each *class* in a draw, and of those the mean. Where a class is missing in some patients that is "
    "another number: each patient has one number, `own`, and a draw's mean is `own[picks].mean(axis=1)`."
)
def classes_of_each_draw(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    def spread(table: Any, own: Any, picks: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class that nobody in a draw has
            drawn = np.nanmean(np.nanmean(table[picks], axis=1), axis=1)
        return np.percentile(drawn, (2.5, 97.5))

    return summary(table_of(scores, patients), patients, picks, spread=spread)


@report.mistake(
    "Your means of the classes leave out every Dice of 0. A 0 is a failure, not a gap: only NaN belongs into no mean."
)
def zeros_left_out(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    _, worst, interval = answers.report(scores, patients, picks)
    table = table_of(scores, patients)
    return np.nanmean(np.where(table == 0, np.nan, table), axis=0), worst, interval


@report.mistake(
    "You used the first 500 draws of `picks` only. There may be thousands: take them all, the more the steadier the interval."
)
def first_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return answers.report(scores, patients, picks[:500])
