"""Claims are found by their key, checked when they are made, and know their code."""

import types
from typing import Any

import pytest
import torch

from medsegedu import claims
from medsegedu.claims.code import code_version
from medsegedu.claims.registry import Claim
from medsegedu.errors import UserError

GOOD: dict[str, Any] = {"sentence": "S.", "source": "survey 1", "unit": "Dice", "arms": ("a", "b"), "at_least": 0.1}


def make(key: str = "91.x", function: Any = lambda seed: {"a": 0.0, "b": 1.0}, **changes: Any) -> Claim:
    return claims.claim(key, **(GOOD | changes))(function)


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no claim '03\.nonsense'.*90\.helps"):
        claims.get("03.nonsense")
    with pytest.raises(UserError, match=r"90\.nope"):
        claims.run(["90.helps", "90.nope"])
    assert claims.get("90.helps").lesson == "90"
    assert [c.key for c in claims.all_claims()] == sorted(c.key for c in claims.all_claims())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "skips"}, "03.skips"),
        ({"arms": ("a",)}, "two or more"),
        ({"arms": ("a", "a")}, "different names"),
        ({"compared": ("a", "z")}, "two of its arms"),
        ({"compared": ("a", "a")}, "two of its arms"),
        ({"seeds": 1}, "two or more"),
        ({"at_least": None}, "either"),
        ({"key": "90.helps"}, "belongs to helps already"),
    ],
)
def test_a_claim_that_makes_no_sense(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        make(**changes)


def test_measure_is_seeded_and_leaves_the_readers_random_numbers_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = claims.get("90.helps").measure(3)
    assert torch.equal(torch.rand(3), expected)
    assert first == claims.get("90.helps").measure(3)
    assert first != claims.get("90.helps").measure(4)


@pytest.mark.parametrize("values", [{"a": 1.0}, {"a": 1.0, "c": 1.0}, {"a": 1.0, "b": float("nan")}])
def test_values_must_be_those_of_the_arms(values: dict[str, float]) -> None:
    with pytest.raises(UserError, match=r"91\.x"):
        make(function=lambda seed: values).measure(0)


def test_the_difference_of_the_compared_arms_or_its_own() -> None:
    values = {"a": 2.0, "b": 6.0}
    assert make().difference(values) == 4
    assert make(scale="log", at_least=2).difference(values) == 3
    assert make(compared=("b", "a")).difference(values) == -4
    assert make(difference=lambda v: v["a"] * v["b"]).difference(values) == 12
    with pytest.raises(UserError, match="above 0"):
        make(scale="log", at_least=2).difference({"a": 0.0, "b": 1.0})


def test_the_closing_figure_without_a_committed_result_shows_the_readers_seed() -> None:
    assert "with 0.6" in claims.get("90.fails").figure(claims.get("90.fails").measure(0)).alt
    with pytest.raises(UserError, match=r"medsegedu claims run 90\.fails"):
        claims.get("90.fails").figure()


def test_the_code_version_sees_helpers_and_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_claims

    before = {key: claims.get(key).code for key in ("90.helps", "90.slow", "90.sweep")}
    assert len(set(before.values())) == 3
    monkeypatch.setattr(toy_claims, "GAIN", 0.2)
    assert claims.get("90.helps").code != before["90.helps"]
    assert claims.get("90.sweep").code == before["90.sweep"]  # it does not use GAIN
    monkeypatch.setattr(toy_claims, "GAIN", 0.1)
    assert claims.get("90.slow").code == before["90.slow"]

    def note(text: str) -> None:
        """Another one."""

    note.__module__ = "toy_claims"
    monkeypatch.setattr(toy_claims, "note", note)
    assert claims.get("90.slow").code != before["90.slow"]


def test_a_function_without_source_has_a_code_version_too() -> None:
    module = types.ModuleType("typed")
    exec("def f(seed):\n    return {'a': seed}\ndef g(seed):\n    return {'b': seed}", module.__dict__)
    assert code_version(module.f) != code_version(module.g)
