"""A case refuses what does not fit together; a split never divides a patient."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsegedu.data import Case, Dataset
from medsegedu.errors import UserError


def case(patient: str = "p", shape: tuple[int, ...] = (5, 7), **changes: object) -> Case:
    parts = {
        "image": torch.rand(1, *shape), "label": torch.randint(0, 2, shape), "spacing": (1.0,) * len(shape), "patient": patient,
        "id": "scan-7",
    }  # fmt: skip
    return Case(**(parts | changes))  # type: ignore[arg-type]


def dataset(owners: list[str]) -> Dataset:
    return Dataset([case(owner) for owner in owners], ("background", "lesion"), ("T1",))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image": torch.rand(1, 5, 7).double()}, "float64"),
        ({"label": torch.zeros(5, 8, dtype=torch.int64)}, "5 x 7 but its label is 5 x 8"),
        ({"label": torch.zeros(5, 7)}, "label is torch.float32"),
        ({"spacing": (1.0, 0.0)}, "must be positive"),
        ({"spacing": (1.0, -2.0)}, "must be positive"),
        ({"spacing": (1.0, 1.0, 1.0)}, "3 numbers for 2 axes"),
        ({"image": torch.full((1, 5, 7), float("nan"))}, "35 values"),
    ],
)
def test_a_case_that_does_not_fit_together_is_refused_by_name(changes: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        case(**changes)
    assert "scan-7" in str(caught.value)


def test_a_label_without_a_class_name_is_refused() -> None:
    with pytest.raises(UserError, match="labels run from 0 to 3"):
        Dataset([case(label=torch.tensor([[0, 3]]), image=torch.rand(1, 1, 2))], ("background", "lesion"), ("T1",))


def test_channels_must_have_names() -> None:
    with pytest.raises(UserError, match="1 channels, but"):
        Dataset([case()], ("background", "lesion"), ("T1", "T2"))


def test_an_empty_dataset_is_refused() -> None:
    with pytest.raises(UserError, match="no cases"):
        Dataset([], ("background",), ("T1",))


owners = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=40)
shares = st.sampled_from(
    [(0.6, 0.2, 0.2), (0.8, 0.1, 0.1), (0.5, 0.5), (0.98, 0.01, 0.01), (0.01, 0.01, 0.98), (0.25,) * 4]
)


@given(owners, shares, st.integers(0, 5))
def test_split_divides_patients_and_never_a_patient(who: list[str], parts: tuple[float, ...], seed: int) -> None:
    data = dataset(who)
    if len(set(who)) < len(parts):
        with pytest.raises(UserError, match="too few"):
            data.split(parts, seed)
        return
    pieces = data.split(parts, seed)
    assert all(pieces)
    assert sum(len(piece) for piece in pieces) == len(data)
    groups = [set(piece.patients) for piece in pieces]
    assert set().union(*groups) == set(who)
    assert sum(map(len, groups)) == len(set(who))
    assert [p.patients for p in pieces] == [p.patients for p in data.split(parts, seed)]


def test_split_gives_the_asked_shares_and_seeds_differ() -> None:
    data = dataset([f"p{i:03d}" for i in range(100)])
    assert [len(p.patients) for p in data.split((0.6, 0.2, 0.2))] == [60, 20, 20]
    assert data.split(seed=0)[0].patients != data.split(seed=1)[0].patients


@pytest.mark.parametrize("bad", [(0.5, 0.6), (1.2, -0.2), (1.0, 0.0)])
def test_shares_that_make_no_sense_are_refused(bad: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="add up to 1"):
        dataset(["a", "b", "c"]).split(bad)


def test_of_an_unknown_patient_is_refused() -> None:
    with pytest.raises(UserError, match="no patient z"):
        dataset(["a"]).of(["z"])


def test_slices_of_a_dataset_are_datasets() -> None:
    data = dataset(["a", "b", "c"])
    assert isinstance(data[1:], Dataset)
    assert data[1:].patients == ("b", "c")
    assert replace(data, name="nuclei").name == "nuclei"
