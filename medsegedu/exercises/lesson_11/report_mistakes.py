"""Exercise 11.4: mistakes of the interval, and two at once; the sentence of a pair names the one to mend first."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medsegedu.exercises.lesson_11 import answers
from medsegedu.exercises.lesson_11.reports import Array, Report, Scores, report, summary, table_of


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
    "You took mean plus and minus 1.96 deviations of the patients. You were given `picks`: draw patients anew and look where "
    "the means fall, which needs no formula."
)
def smaller_deviations(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    def normal(table: Array, own: Array, picks: Any) -> tuple[float, float]:
        half = 1.96 * own.std() / np.sqrt(len(own))
        return own.mean() - half, own.mean() + half

    return summary(table_of(scores, patients), patients, picks, spread=normal)


@report.mistake(
    "You took 1.96 deviations of the draws' means. That assumes a bell; the percentiles of the draws assume nothing: "
    "`np.percentile(drawn, [2.5, 97.5])`."
)
def deviations_of_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    def normal(table: Array, own: Array, picks: Any) -> tuple[float, float]:
        drawn = own[picks].mean(1)
        return drawn.mean() - 1.96 * drawn.std(), drawn.mean() + 1.96 * drawn.std()

    return summary(table_of(scores, patients), patients, picks, spread=normal)


@report.mistake(
    "You took the median of each draw. An interval of the mean needs the draws' means: `own[picks].mean(axis=1)`."
)
def medians_of_draws(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(
        table_of(scores, patients), patients, picks,
        spread=lambda table, own, picks: np.percentile(np.median(own[picks], axis=1), (2.5, 97.5)),
    )  # fmt: skip


@report.mistake(
    "You put all classes of a draw into one mean. A patient with one class then counts less than one with three: first the mean "
    "of each patient, then of the draw."
)
def classes_pooled(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(
        table_of(scores, patients), patients, picks,
        spread=lambda table, own, picks: np.percentile(np.nanmean(table[picks], axis=(1, 2)), (2.5, 97.5)),
    )  # fmt: skip


@report.mistake("Your interval ends before it begins: return the lower end first, (low, high).")
def high_before_low(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, worst, (low, high) = answers.report(scores, patients, picks)
    return means, worst, (high, low)


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
