"""Exercise 11.4: mistakes of who counts and who is worst, and two at once; a pair's sentence names the one to mend first."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.report_mistakes import report
from medsegedu.exercises.lesson_11.reports import Array, Report, Scores, summary, table_of, without


@report.mistake(
    "You left out who has no prediction, and now `picks` points behind the end of your table. Its numbers are those of "
    "`patients`, where each of them counts; a missing prediction is a row of zeros."
)
def missing_skipped_and_picked(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients)
    own = np.nanmean(table, axis=1)
    low, high = np.percentile(own[picks].mean(1), (2.5, 97.5))
    return np.nanmean(table, axis=0), there[int(own.argmin())], (float(low), float(high))


@report.mistake(
    "The classes' means leave out who has no prediction. A missing prediction has found nothing: its row is zeros, and it counts."
)
def means_of_predicted(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    _, worst, interval = answers.report(scores, patients, picks)
    return np.nanmean(np.stack(list(scores.values())), axis=0), worst, interval


@report.mistake(
    "A patient's own mean is NaN where one class is: then it can't be compared, and nobody knows who is worst. NaN says that "
    "there was nothing to find: `np.nanmean(table, axis=1)`."
)
def plain_means_of_patients(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table = table_of(scores, patients)
    own = table.mean(1)
    low, high = np.percentile(own[picks].mean(1), (2.5, 97.5))
    return np.nanmean(table, axis=0), patients[int(own.argmin())], (float(low), float(high))


@report.mistake(
    "The mean of a class is NaN where one patient lacks it. NaN says that there was nothing to find: `np.nanmean(table, axis=0)`."
)
def plain_means_of_classes(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    _, worst, interval = answers.report(scores, patients, picks)
    return table_of(scores, patients).mean(0), worst, interval


@report.mistake(
    "You named the patient with the lowest single Dice. Wanted is the worst by the mean of their classes, `np.nanmean(table, "
    "axis=1)`."
)
def lowest_class(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, _, interval = answers.report(scores, patients, picks)
    return means, patients[int(np.nanmin(table_of(scores, patients), axis=1).argmin())], interval


@report.mistake("Several patients are equally bad, and you named the last. Name the first of them, as `argmin` does.")
def last_of_the_worst(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, _, interval = answers.report(scores, patients, picks)
    own = np.nanmean(table_of(scores, patients), axis=1)
    return means, patients[len(own) - 1 - int(own[::-1].argmin())], interval


@report.mistake("You sorted the patients by their names. `picks` counts them in the order of `patients`: keep it.")
def sorted_by_name(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, sorted(patients)), patients, picks)


@report.mistake(
    "You took the mean of each class in a draw and then the mean of the classes. Where no drawn patient has a class, that is "
    "NaN; and patients, not classes, are what was drawn: first the mean of each patient."
)
def classes_of_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    def of_classes(table: Array, own: Array, picks: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing is what this mistake is about
            return np.percentile(np.nanmean(table[picks], axis=1).mean(1), (2.5, 97.5))

    return summary(table_of(scores, patients), patients, picks, spread=of_classes)


@report.mistake(
    "First give a missing prediction a row of zeros; you left those patients out. Then leave NaN out of the means, where you "
    "put 0."
)
def skipped_and_zero(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients, 0.0)
    return summary(table, there, picks[:, : len(there)])


@report.mistake(
    "First give a missing prediction a row of zeros; you left those patients out. Then leave NaN out of the means: you gave "
    "full marks for what was not there."
)
def skipped_and_one(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients, 1.0)
    return summary(table, there, picks[:, : len(there)])


@report.mistake(
    "First give a missing prediction a row of zeros; you left those patients out. Then take the 2.5th and 97.5th percentile: "
    "yours hold 90 % of the draws."
)
def skipped_and_ninety(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients)
    return summary(table, there, picks[:, : len(there)], percentiles=(5, 95))


@report.mistake(
    "First give a missing prediction a row of zeros; you left those patients out. Then name the worst patient, `argmin`, not "
    "the best."
)
def skipped_and_best(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients)
    return summary(table, there, picks[:, : len(there)], worst=np.argmax)


@report.mistake(
    "First give a missing prediction a row of zeros; a row of NaN means that there was nothing to find, and that is not so. "
    "Their own mean is NaN then, and with it the worst patient and the interval."
)
def missing_is_nan(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    classes = len(next(iter(scores.values())))
    table = np.array([scores.get(patient, np.full(classes, np.nan)) for patient in patients])
    own = np.array([np.nan if np.isnan(row).all() else np.nanmean(row) for row in table])
    low, high = np.percentile(own[picks].mean(1), (2.5, 97.5))
    return np.nanmean(table, axis=0), patients[int(own.argmin())], (float(low), float(high))


@report.mistake(
    "First name the worst patient, `argmin`, not the best. Then leave NaN out of the means: you counted it as 1, full marks "
    "for nothing."
)
def best_and_one(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients, 1.0), patients, picks, worst=np.argmax)


@report.mistake(
    "First leave NaN out of the means: you counted it as 0. Then take the 2.5th and 97.5th percentile: yours hold 90 % of the "
    "draws."
)
def zero_and_ninety(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients, 0.0), patients, picks, percentiles=(5, 95))
