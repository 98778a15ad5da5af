"""The rule that turns paired differences into a verdict. It is fixed in a claim's source before anything is measured.

A seed gives every arm the same patients and the same starting numbers, so its difference leaves out what they share.
The **effect** is the mean of the differences over seeds; the **interval** is Student's t interval of that mean at 95 %
(exact for normal differences; with a handful of seeds a bootstrap would be too narrow). When all differences are equal,
as for a claim without chance, the interval is that one number.

A claim of a *gain* (`at_least`, the smallest effect that matters):

- **holds** if the interval lies above zero and the effect is `at_least` or more;
- **does not hold** if the whole interval lies below `at_least`: a real effect that is too small to matter does not count;
- **not shown** otherwise: more seeds could decide it.

A claim of *sameness* (`at_most`, the largest effect that does not matter):

- **holds** if the interval lies within -`at_most` to `at_most`, the borders included;
- **does not hold** if it lies wholly outside;
- **not shown** otherwise.

On the scale "log" a difference is a ratio, the mean is the geometric one, zero is 1, and -`at_most` is 1 / `at_most`.

Since `at_least` is above zero, and the effect lies within its interval, no two verdicts fit at once. Numbers are compared
after rounding to 10 digits, so that 0.82 - 0.80 counts as 0.02.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medsegedu.errors import UserError

Scale = Literal["linear", "log"]
Verdict = Literal["holds", "does not hold", "not shown"]
LEVEL = 0.95


@dataclass(frozen=True)
class Rule:
    """What must be found for a claim to hold; one of `at_least` and `at_most` is given.

    Args:
        at_least: the smallest effect that matters, above 0 (scale "log": a factor above 1).
        at_most: the largest effect that does not matter, above 0 (scale "log": a factor above 1).
        scale: "linear" for differences, "log" for ratios.

    Raises:
        UserError: none or both are given, or a bound is on the wrong side of "no effect".
    """

    at_least: float | None = None
    at_most: float | None = None
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        if self.scale not in ("linear", "log"):
            raise UserError(f"The scale is '{self.scale}'; use 'linear' or 'log'.")
        if (self.at_least is None) == (self.at_most is None):
            raise UserError("Give a claim either at_least= (a gain) or at_most= (sameness), and not both.")
        if not self.neutral < self.bound < math.inf:
            raise UserError(f"The bound {self.bound} must be above {self.neutral:g}, which is no effect at all.")

    @property
    def neutral(self) -> float:
        """The effect that is none: a difference of 0, or a factor of 1."""
        return 1.0 if self.scale == "log" else 0.0

    @property
    def bound(self) -> float:
        """`at_least` or `at_most`, whichever was given."""
        return self.at_least if self.at_least is not None else float(self.at_most or 0.0)

    def effect(self, differences: Sequence[float], level: float = LEVEL) -> tuple[float, float, float]:
        """(effect, low, high) of the differences, one a seed; ratios on the scale "log".

        Raises:
            UserError: fewer than two differences, one that is not finite, or a ratio that is not above 0.
        """
        if len(differences) < 2:
            raise UserError(f"An interval needs two or more seeds; there is {len(differences)}.")
        if not all(math.isfinite(d) and (d > 0 or self.scale == "linear") for d in differences):
            raise UserError(f"The differences {list(differences)} must be finite, and above 0 on the scale 'log'.")
        if self.scale == "log":
            mean, low, high = (math.exp(v) for v in _t_interval([math.log(d) for d in differences], level))
        else:
            mean, low, high = _t_interval(differences, level)
        return _rounded(mean), _rounded(low), _rounded(high)

    def verdict(self, effect: float, low: float, high: float) -> Verdict:
        """The verdict on an effect and its interval; see the head of this file."""
        if self.at_least is not None:
            if low > self.neutral and effect >= self.at_least:
                return "holds"
            return "does not hold" if high < self.at_least else "not shown"
        lowest = 1 / self.bound if self.scale == "log" else -self.bound
        if _rounded(lowest) <= low and high <= self.bound:
            return "holds"
        return "does not hold" if high < _rounded(lowest) or low > self.bound else "not shown"

    def __str__(self) -> str:
        nothing, interval = f"{self.neutral:g}", f"the {round(100 * LEVEL)} % t interval"
        if self.at_least is not None:
            return (
                f"holds if {interval} lies above {nothing} and the effect is {self.bound:g} or more; "
                f"does not hold if the interval lies below {self.bound:g}; else not shown"
            )
        lowest = 1 / self.bound if self.scale == "log" else -self.bound
        within = f"{lowest:g} to {self.bound:g}"
        return f"holds if {interval} lies within {within}; does not hold if it lies outside; else not shown"


def _t_interval(values: Sequence[float], level: float) -> tuple[float, float, float]:
    """(mean, low, high); the three are one number when all values are (but for rounding) equal."""
    from scipy.stats import t

    count = len(values)
    mean = math.fsum(values) / count
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    if deviation <= 1e-12 * max(abs(value) for value in values):
        return mean, mean, mean
    half = float(t.ppf((1 + level) / 2, count - 1)) * deviation / math.sqrt(count)
    return mean, mean - half, mean + half


def _rounded(value: float) -> float:
    return float(f"{value:.10g}")
