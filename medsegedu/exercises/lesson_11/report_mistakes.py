"""Exercise 11.4: mistakes of the interval, and two at once; the sentence of a pair names the one to mend first."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.lesson_11.reports import Array, Report, Scores, report, summary, table_of, without


@report.mistake(
    "`np.percentile` counts from 0 to 100: your 0.025 and 0.975 are both nearly the smallest value. Write 2.5 and 97.5, or use "
    "`np.quantile`."
)
def fractions(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients), patients, picks, percentiles=(0.025, 0.975))


@report.mistake(
    "You took the smallest and the largest draw. They grow with the number of draws: take the 2.5th and 97.5th percentile."
)
def all_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients), patients, picks, percentiles=(0, 100))


@report.mistake(
    "You took the percentiles of the patients, not of the draws' means. That says how much patients differ; an interval says "
    "how much the *mean* would: `own[picks].mean(axis=1)` first."
)
def spread_of_patients(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(
        table_of(scores, patients), patients, picks, spread=lambda table, own, picks: np.percentile(own, (2.5, 97.5))
    )


@report.mistake(
    "You did not take the mean of each draw: `own[picks]` is (draws, patients), and its percentiles say how patients differ. "
    "Add `.mean(axis=1)`."
)
def draws_not_averaged(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(
        table_of(scores, patients),
        patients,
        picks,
        spread=lambda table, own, picks: np.percentile(own[picks], (2.5, 97.5)),
    )


@report.mistake(
    "You took the mean of the draws over the wrong axis: `own[picks]` is (draws, patients), and you want a mean for each draw, "
    "`axis=1`."
)
def mean_over_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(
        table_of(scores, patients), patients, picks,
        spread=lambda table, own, picks: np.percentile(own[picks].mean(0), (2.5, 97.5)),
    )  # fmt: skip


@report.mistake(
    "You took mean plus and minus 1.96 deviations. A Dice ends at 1 and its deviation does not know it; and you were given "
    "`picks`: draw patients anew and look where the means fall."
)
def deviations(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    def normal(table: Array, own: Array, picks: Any) -> tuple[float, float]:
        half = 1.96 * own.std(ddof=1) / np.sqrt(len(own))
        return own.mean() - half, own.mean() + half

    return summary(table_of(scores, patients), patients, picks, spread=normal)


@report.mistake(
    "You drew your own patients. Use `picks` as they are given: then the same report has the same interval tomorrow."
)
def own_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    drawn = np.random.default_rng(0).integers(0, len(patients), picks.shape)
    return summary(table_of(scores, patients), patients, drawn)


@report.mistake(
    "You took medians of the classes. A median does not mind if a third of the patients fail, and that is what a report is "
    "for: take the mean."
)
def medians(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients), patients, picks, middle=np.nanmedian)


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
