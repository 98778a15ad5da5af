"""One row a patient: pooled over slices, penalised for misses, with an interval that covers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.data import Case, Dataset
from medsegedu.errors import UserError
from medsegedu.metrics import Evaluation, bootstrap, evaluate

NAMES = ("background", "tissue", "lesion")


def dataset(slices: int = 5, patients: int = 3) -> Dataset:
    torch.manual_seed(0)
    cases = []
    for i in range(slices * patients):
        label = torch.randint(0, 3, (13, 17)) * (torch.rand(13, 17) < 0.4)
        cases.append(Case(torch.rand(1, 13, 17), label, (2.0, 3.0), f"p{i % patients}", f"s{i}"))
    return Dataset(cases, NAMES, ("T1",))


def test_dice_is_pooled_over_a_patient_s_slices() -> None:
    data = dataset()
    guesses = {case.id: torch.randint(0, 3, (13, 17)) for case in data}
    result = evaluate(lambda case: guesses[case.id], data)
    for p, patient in enumerate(result.patients):
        mine = [case for case in data if case.patient == patient]
        for name, value in (("tissue", 1), ("lesion", 2)):
            a = torch.stack([guesses[case.id] == value for case in mine])
            b = torch.stack([case.label == value for case in mine])
            assert result.of("dice", name)[p] == pytest.approx(float(2 * (a & b).sum() / (a.sum() + b.sum())))


def test_the_truth_is_perfect_and_nothing_is_worst() -> None:
    data = dataset()
    best = evaluate(lambda case: case.label, data)
    assert best.of("dice").tolist() == [1, 1, 1]
    assert best.of("hd95").tolist() == [0, 0, 0]
    assert best.of("f1", "lesion").tolist() == [1, 1, 1]
    worst = evaluate(lambda case: torch.zeros_like(case.label), data)
    assert worst.of("dice").tolist() == [0, 0, 0]
    assert worst.of("f1", "lesion").tolist() == [0, 0, 0]
    diagonal = np.hypot(2.0 * 13, 3.0 * 17)
    assert worst.of("hd95").min() > 0.8 * diagonal
    assert np.isfinite(worst.of("hd95")).all()


def test_missing_an_object_never_improves_the_mean() -> None:
    data = dataset()

    def without(patient: str):  # type: ignore[no-untyped-def]
        return lambda case: case.label * (case.patient != patient)

    for measure, better in (("dice", 1), ("hd95", -1), ("f1", 1)):
        classes = "lesion"
        all_found = evaluate(lambda case: case.label, data).of(measure, classes).mean()
        assert better * (all_found - evaluate(without("p1"), data).of(measure, classes).mean()) > 0


@given(st.integers(0, 2**32 - 1), st.sampled_from(["p0", "p1", "p2"]), st.integers(1, 2), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_whatever_was_found_missing_it_is_no_better(seed: int, patient: str, missed: int, skill: float) -> None:
    """Guesses from pure noise to the truth; then one patient's object is left out, everywhere or in one slice."""
    data, random = dataset(), torch.Generator().manual_seed(seed)
    guesses = {}
    for case in data:
        noise = torch.randint(0, 3, case.label.shape, generator=random)
        guesses[case.id] = torch.where(torch.rand(case.label.shape, generator=random) < skill, case.label, noise)

    def score(leave_out: set[str]) -> Evaluation:
        return evaluate(lambda c: guesses[c.id] * ~((guesses[c.id] == missed) & (c.id in leave_out)), data)

    mine = [case.id for case in data if case.patient == patient]
    found, nowhere, one_less = score(set()), score(set(mine)), score(set(mine[:1]))
    assert np.isfinite(nowhere.of("dice")).all()
    for measure, better in (("dice", 1), ("hd95", -1), ("f1", 1)):
        for classes in (None, "lesion"):
            assert better * (found.of(measure, classes) - nowhere.of(measure, classes)).min() >= 0
            assert better * (found.interval(measure, classes).mean - nowhere.interval(measure, classes).mean) >= 0
    assert (one_less.of("hd95") >= found.of("hd95")).all()


def test_a_measure_that_was_not_asked_for_is_left_out_or_named() -> None:
    result = evaluate(lambda case: case.label, dataset())
    assert result.of("f1").tolist() == result.of("f1", "lesion").tolist() == [1, 1, 1]
    with pytest.raises(UserError, match="no 'tissue' of f1; it has lesion"):
        result.of("f1", "tissue")


def test_objects_are_counted_not_pixels() -> None:
    label = torch.zeros(20, 20, dtype=torch.int64)
    label[2:4, 2:4] = label[10:18, 10:18] = 2
    guess = torch.zeros_like(label)
    guess[10:18, 10:18] = 2  # the large one only
    guess[0, 19] = 2  # and a false alarm
    data = Dataset([Case(torch.rand(1, 20, 20), label, (1.0, 1.0), "p", "s")], NAMES, ("T1",))
    assert evaluate(lambda case: guess, data).of("f1", "lesion")[0] == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))


def test_wrong_sizes_labels_and_names_are_named() -> None:
    data = dataset()
    with pytest.raises(UserError, match=r"s0: the prediction is \(4, 4\)"):
        evaluate(lambda case: torch.zeros(4, 4), data)
    with pytest.raises(UserError, match="s9 has no label"):
        evaluate(lambda case: case.image[0], [Case(torch.rand(1, 4, 4), None, (1.0, 1.0), "p", "s9")], NAMES)
    with pytest.raises(UserError, match="names of the classes"):
        evaluate(lambda case: case.label, list(data))
    with pytest.raises(UserError, match="no cases to evaluate"):
        evaluate(lambda case: case.label, [], NAMES)
    with pytest.raises(UserError, match="no 'vessel' of dice; it has tissue, lesion"):
        evaluate(lambda case: case.label, data).of("dice", "vessel")


def test_the_interval_covers_the_mean_19_times_of_20() -> None:
    random = np.random.default_rng(0)
    covered = [i.low <= 0.7 <= i.high for i in (bootstrap(random.normal(0.7, 0.1, 20), seed=s) for s in range(400))]
    assert 0.88 < np.mean(covered) < 0.98


def test_the_table_has_a_row_a_patient_and_the_mean() -> None:
    result = evaluate(lambda case: case.label, dataset())
    lines = str(result).splitlines()
    assert len(lines) == 1 + 3 + 1
    assert "lesion f1" in lines[0]
    assert "tissue f1" not in lines[0]
    assert lines[-1].startswith("mean")
    assert ">patient</th>" in result._repr_html_()
