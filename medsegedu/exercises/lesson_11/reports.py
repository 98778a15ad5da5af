"""Exercise 11.4: means of each class, the worst patient, and an interval; nobody is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_11 import answers

Array = NDArray[np.float64]
Scores = Mapping[str, Array]

report = Exercise(
    "11.report",
    reference=answers.report,
    title="Report",
    minutes=15,
    difficulty=3,
    hints=(
        "First make a table (patients, classes), a row for everybody in `patients`, in that order. Whoever has no prediction "
        "gets a row of zeros: nothing was found.",
        "`np.nanmean(table, axis=0)` is the mean of each class without the NaN; with `axis=1` it is the mean of each patient. "
        "The worst is `patients[int(own.argmin())]`.",
        "`own[picks]` is (draws, patients): each row is a group of patients drawn anew. Its means, `.mean(axis=1)`, and of "
        "those the 2.5th and the 97.5th percentile.",
    ),
    after="Nobody was left out, and nobody got points for nothing. Now your network's own report.",
)


def scored(
    random: Random, patients: int, classes: int, missing: Sequence[int], empty: Sequence[tuple[int, int]]
) -> Any:
    names = [f"patient-{k:02d}" for k in random.numpy.permutation(patients)]
    table = random.numpy.uniform(0.3, 0.95, (patients, classes))
    for row, column in empty:
        table[row, column] = np.nan
    found = {names[k]: table[k] for k in random.numpy.permutation(patients) if k not in missing}
    return found, names, random.numpy.integers(0, patients, (200, patients))


@report.case
def all_predicted(random: Random) -> tuple[Any, ...]:
    return scored(random, 7, 3, (), ())


@report.case
def one_missing(random: Random) -> tuple[Any, ...]:
    return scored(random, 6, 2, (4,), ())


@report.case
def nothing_to_find(random: Random) -> tuple[Any, ...]:
    return scored(random, 5, 4, (), ((0, 3), (2, 3), (2, 1), (4, 0)))


@report.case
def missing_and_empty(random: Random) -> tuple[Any, ...]:
    return scored(random, 9, 3, (2, 7), ((0, 2), (5, 2), (8, 1)))


@report.case
def the_first_has_an_empty_class(random: Random) -> tuple[Any, ...]:
    found, names, picks = scored(random, 6, 3, (1,), ((3, 0), (5, 2)))
    found["of-another-test"] = np.array([0.02, 0.04, 0.01])  # was not to be predicted
    return dict(sorted(found.items(), key=lambda item: not np.isnan(item[1]).any())), names, picks


@report.case
def one_class(random: Random) -> tuple[Any, ...]:
    return scored(random, 8, 1, (3,), ())


def table_of(scores: Scores, patients: Sequence[str], empty: float | None = None) -> Array:
    """(patients, classes), zeros for a missing one; `empty` in the place of NaN."""
    classes = len(next(iter(scores.values())))
    table = np.array([scores.get(patient, np.zeros(classes)) for patient in patients])
    return table if empty is None else np.nan_to_num(table, nan=empty)


def summary(
    table: Array, names: Sequence[str], picks: Any, *, worst: Any = np.argmin, percentiles: tuple[float, float] = (2.5, 97.5),
    middle: Any = np.nanmean, spread: Any = None,
) -> tuple[Array, str, tuple[float, float]]:  # fmt: skip
    """The rest of the report, from its table; `picks` beyond the table's rows start again."""
    own = np.nanmean(table, axis=1)
    low, high = (
        np.percentile(own[picks % len(own)].mean(1), percentiles) if spread is None else spread(table, own, picks)
    )
    return middle(table, axis=0), names[int(worst(own))], (float(low), float(high))


def without(scores: Scores, patients: Sequence[str], empty: float | None = None) -> tuple[Array, list[str]]:
    """The table of those who have a prediction, and their names."""
    there = [patient for patient in patients if patient in scores]
    return table_of(scores, there, empty), there


Report = tuple[Array, str, tuple[float, float]]


@report.mistake(
    "You left out who has no prediction. A network that crashes on the difficult patients would get the best report: a missing "
    "prediction has found nothing, so its Dice is 0."
)
def missing_skipped(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients)
    return summary(table, there, picks[:, : len(there)])


@report.mistake(
    "You left out who has no prediction, and let `picks` start again from the first: each patient of the test counts, and a "
    "missing prediction is a Dice of 0."
)
def missing_skipped_and_wrapped(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table, there = without(scores, patients)
    return summary(table, there, picks)


@report.mistake(
    "You looked everybody up in `scores`, and someone is not in it: a patient without a prediction raises a KeyError. Use "
    "`scores.get(patient, zeros)`."
)
def looked_up(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(np.array([scores[patient] for patient in patients]), patients, picks)


@report.mistake(
    "You took plain means, and one NaN makes the whole mean NaN. NaN says that there was nothing to find and nothing was found: "
    "`np.nanmean` leaves it out."
)
def plain_means(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    table = table_of(scores, patients)
    own = table.mean(1)
    low, high = np.percentile(own[picks].mean(1), (2.5, 97.5))
    return table.mean(0), patients[int(own.argmin())], (float(low), float(high))


@report.mistake(
    "You counted what is not there as a Dice of 1. With a rare class nearly all patients then get full marks for nothing: leave "
    "NaN out of the mean."
)
def empty_is_one(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients, 1.0), patients, picks)


@report.mistake(
    "You counted what is not there as a Dice of 0. There was nothing to find and nothing was found, which is no failure: leave "
    "NaN out of the mean. Only a missing *prediction* is 0."
)
def empty_is_zero(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients, 0.0), patients, picks)


@report.mistake("You named the best patient. A report is for finding failures: `argmin`.")
def best_patient(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients), patients, picks, worst=np.argmax)


@report.mistake(
    "You named the worst of those who have a prediction. Who has none is worse off, with a Dice of 0: look through the whole "
    "table."
)
def worst_predicted(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, _, interval = answers.report(scores, patients, picks)
    table, there = without(scores, patients)
    return means, there[int(np.nanmean(table, axis=1).argmin())], interval


@report.mistake(
    "You looked for the worst in the order of `scores`, but the rows are in the order of `patients`: the name belongs to "
    "somebody else."
)
def another_order(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, worst, interval = answers.report(scores, patients, picks)
    names = [*scores, *(p for p in patients if p not in scores)]
    return means, names[list(patients).index(worst)], interval


@report.mistake(
    "You returned the number of the worst patient. A reader wants to open the scan: return the name, `patients[number]`."
)
def number_of_the_worst(scores: Scores, patients: Sequence[str], picks: Any) -> tuple[Array, int, tuple[float, float]]:
    means, worst, interval = answers.report(scores, patients, picks)
    return means, list(patients).index(worst), interval


@report.mistake(
    "The worst is decided by one class only. Take the mean over the patient's classes, `np.nanmean(table, axis=1)`."
)
def worst_of_one_class(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    means, _, interval = answers.report(scores, patients, picks)
    return means, patients[int(np.nanargmin(table_of(scores, patients)[:, 0]))], interval


@report.mistake(
    "Your means are those of the patients, not of the classes: wrong axis. The table is (patients, classes), and a mean over "
    "patients is `axis=0`."
)
def means_of_patients(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    _, worst, interval = answers.report(scores, patients, picks)
    return np.nanmean(table_of(scores, patients), axis=1), worst, interval


@report.mistake("You returned one mean over all classes. It hides the class that fails: return one for each, `axis=0`.")
def one_mean(scores: Scores, patients: Sequence[str], picks: Any) -> tuple[float, str, tuple[float, float]]:
    _, worst, interval = answers.report(scores, patients, picks)
    return float(np.nanmean(table_of(scores, patients))), worst, interval


@report.mistake(
    "You took the 5th and the 95th percentile. Between them lie 90 % of the draws; for 95 % take 2.5 and 97.5."
)
def ninety_per_cent(scores: Scores, patients: Sequence[str], picks: Any) -> Report:
    return summary(table_of(scores, patients), patients, picks, percentiles=(5, 95))
