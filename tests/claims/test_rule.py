"""The rule: each verdict, its borders, and what must not change it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from medsegedu.claims import Rule
from medsegedu.errors import UserError

differences = st.lists(st.floats(-1, 1), min_size=2, max_size=8)
bounds = st.floats(0.001, 1)


def judge(rule: Rule, values: list[float]) -> str:
    return rule.verdict(*rule.effect(values))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.05, 0.06, 0.07], "holds"),
        ([0.01, 0.011, 0.012], "does not hold"),  # real, but too small to matter
        ([-0.05, -0.06, -0.07], "does not hold"),
        ([-0.1, 0.1, 0.2], "not shown"),
        ([0.01, 0.02, 0.024], "not shown"),  # below what matters, but the interval reaches it
        ([0.02, 0.02], "holds"),  # without chance: the border counts
        ([0.82 - 0.80, 0.82 - 0.80], "holds"),  # 0.0199999...
        ([0.0199, 0.0199], "does not hold"),
        ([0.0, 0.0], "does not hold"),
    ],
)
def test_verdicts_on_a_gain(values: list[float], verdict: str) -> None:
    assert judge(Rule(at_least=0.02), values) == verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.0, 0.001, -0.001], "holds"),
        ([0.01, 0.01], "holds"),
        ([-0.01, -0.01], "holds"),
        ([0.02, 0.021, 0.022], "does not hold"),
        ([-0.02, -0.021, -0.022], "does not hold"),
        ([-0.02, 0.02, 0.0], "not shown"),
    ],
)
def test_verdicts_on_sameness(values: list[float], verdict: str) -> None:
    assert judge(Rule(at_most=0.01), values) == verdict


@pytest.mark.parametrize(
    ("rule", "values", "verdict"),
    [
        (Rule(at_least=2, scale="log"), [3, 3.1, 2.9], "holds"),
        (Rule(at_least=2, scale="log"), [1.1, 1.2, 1.15], "does not hold"),
        (Rule(at_least=2, scale="log"), [1.0, 4.0], "not shown"),
        (Rule(at_most=1.1, scale="log"), [1.0, 1.01, 0.99], "holds"),
        (Rule(at_most=1.1, scale="log"), [1 / 1.1, 1 / 1.1], "holds"),
        (Rule(at_most=1.1, scale="log"), [0.5, 0.5], "does not hold"),
    ],
)
def test_verdicts_on_ratios(rule: Rule, values: list[float], verdict: str) -> None:
    assert judge(rule, values) == verdict


def test_the_interval_is_scipys() -> None:
    values = [0.1, 0.3, 0.2, 0.4, 0.15]
    low, high = stats.t.interval(0.95, 4, loc=0.23, scale=stats.sem(values))
    assert Rule(at_least=0.1).effect(values) == pytest.approx((0.23, low, high), rel=1e-9)
    ratios = Rule(at_least=2, scale="log").effect([math.exp(v) for v in values])
    assert ratios == pytest.approx([math.exp(v) for v in (0.23, low, high)], rel=1e-8)


@given(differences, st.floats(-1, 1))
def test_adding_a_constant_shifts_effect_and_interval(values: list[float], constant: float) -> None:
    rule = Rule(at_least=0.1)
    before, after = rule.effect(values), rule.effect([value + constant for value in values])
    assert after == pytest.approx([number + constant for number in before], abs=1e-8)


@given(differences, bounds, st.floats(0, 1))
def test_a_larger_gain_never_speaks_against_a_claim(values: list[float], bound: float, gain: float) -> None:
    order = ["does not hold", "not shown", "holds"]
    rule = Rule(at_least=bound)
    worse, better = rule.effect(values), rule.effect([value + gain for value in values])
    if all(abs(number - border) > 1e-8 for number in (*worse, *better) for border in (0, bound)):
        assert order.index(rule.verdict(*worse)) <= order.index(rule.verdict(*better))


@given(differences, bounds)
def test_order_does_not_matter_and_the_effect_lies_in_its_interval(values: list[float], bound: float) -> None:
    rule = Rule(at_least=bound)
    effect, low, high = rule.effect(values)
    assert (effect, low, high) == rule.effect(values[::-1])
    assert low <= effect <= high


@given(st.floats(-1, 1), bounds)
def test_a_claim_without_chance_is_always_decided(value: float, bound: float) -> None:
    effect = float(f"{value:.10g}")
    assert judge(Rule(at_least=bound), [value] * 3) == ("holds" if effect >= bound else "does not hold")
    assert judge(Rule(at_most=bound), [value] * 3) != "not shown"


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6))
def test_the_inverse_ratio_has_the_inverse_interval(values: list[float]) -> None:
    rule = Rule(at_least=2, scale="log")
    effect, low, high = rule.effect(values)
    assert rule.effect([1 / value for value in values]) == pytest.approx((1 / effect, 1 / high, 1 / low), rel=1e-8)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "either at_least"),
        ({"at_least": 1, "at_most": 1}, "either at_least"),
        ({"at_least": 0}, "must be above 0"),
        ({"at_least": 1, "scale": "log"}, "must be above 1"),
        ({"at_least": math.nan}, "must be above 0"),
        ({"at_least": 1, "scale": "decibel"}, "decibel"),
    ],
)
def test_a_rule_that_makes_no_sense(options: dict, sentence: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(UserError, match=sentence):
        Rule(**options)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf]])
def test_differences_that_make_no_interval(values: list[float]) -> None:
    with pytest.raises(UserError):
        Rule(at_least=0.1).effect(values)
    with pytest.raises(UserError, match="above 0"):
        Rule(at_least=2, scale="log").effect([0.0, 1.0])


def test_the_rule_says_what_it_does() -> None:
    assert "0.02 or more" in str(Rule(at_least=0.02))
    assert "0.5 to 2" in str(Rule(at_most=2, scale="log"))
