"""What a claim is, and the list of them all. A lesson's claims are in `lesson_NN.py` beside this file."""

import importlib
import math
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medsegedu.claims.code import code_version
from medsegedu.claims.rule import Rule, Scale
from medsegedu.errors import UserError

if TYPE_CHECKING:
    from medsegedu.show import Picture

Values = dict[str, float]
_claims: dict[str, "Claim"] = {}


@dataclass(frozen=True, eq=False)
class Claim:
    """A sentence, the function that measures it for one seed, and the rule that judges it.

    Args:
        key: "03.skips": the lesson, a point, a short name.
        sentence: what the survey claims, as the README's table says it.
        source: where it is claimed, e.g. "survey 2.2".
        unit: what the arms' values are measured in, e.g. "Dice" or "seconds".
        arms: the names of what is compared.
        compared: (from, to), two of the arms: a difference is `to` minus `from`, or divided by it on the scale "log".
        rule: what must be found for the claim to hold.
        seeds: how many seeds a full measurement takes.
        alone: True for timings: this claim's seeds run one after the other, with nothing beside them.
        function: seed -> value per arm, at the current preset (`medsegedu.preset.choose`).
        own_difference: value per arm -> difference (a ratio on the scale "log"), instead of comparing two arms.
    """

    key: str
    sentence: str
    source: str
    unit: str
    arms: tuple[str, ...]
    compared: tuple[str, str]
    rule: Rule
    seeds: int
    alone: bool
    function: Callable[[int], Mapping[str, float]]
    own_difference: Callable[[Mapping[str, float]], float] | None

    @property
    def lesson(self) -> str:
        """ "03" of "03.skips"."""
        return self.key.split(".")[0]

    @property
    def effect_unit(self) -> str:
        """What the effect is counted in: the arms' unit, or "times" when it is a ratio."""
        return "times" if self.rule.scale == "log" else self.unit

    @property
    def code(self) -> str:
        """A hash of the function's source and of what it uses of its own file."""
        return code_version(self.function, self.own_difference)

    def measure(self, seed: int = 0) -> Values:
        """Run one seed at the current preset: a value per arm. The reader's random state is left as it was.

        Raises:
            UserError: the function gave other arms than the claim's, or a value that is not finite.
        """
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            values = {arm: float(value) for arm, value in self.function(seed).items()}
        if set(values) != set(self.arms):
            raise UserError(f"Claim {self.key} gave values for {sorted(values)}; its arms are {sorted(self.arms)}.")
        for arm, value in values.items():
            if not math.isfinite(value):
                raise UserError(f"Claim {self.key}, seed {seed}: the value of '{arm}' is {value}; it must be finite.")
        return {arm: values[arm] for arm in self.arms}

    def difference(self, values: Mapping[str, float]) -> float:
        """The paired difference of one seed's values; a ratio on the scale "log".

        Raises:
            UserError: a ratio whose values are not above 0.
        """
        if self.own_difference is not None:
            return float(self.own_difference(values))
        first, second = (values[arm] for arm in self.compared)
        if self.rule.scale == "linear":
            return second - first
        if first <= 0 or second <= 0:
            raise UserError(f"Claim {self.key}: a ratio needs values above 0; it has {first} and {second}.")
        return second / first

    def figure(self, own: Mapping[str, float] | None = None) -> "Picture":
        """A lesson's closing figure: the committed result with the reader's own seed; bars of the latter if there is none.

        Raises:
            UserError: nothing has been measured, neither here nor before.
        """
        from medsegedu import show
        from medsegedu.claims.results import result

        measured = result(self.key)
        if measured is not None:
            return show.claim(measured, own, this_difference=None if own is None else self.difference(own))
        if own is None:
            raise UserError(f"Claim {self.key} has not been measured; run `medsegedu claims run {self.key}`.")
        said = ", ".join(f"{arm} {value:.3g}" for arm, value in own.items())
        return show.bars(own, self.unit, alt=f"One seed of the claim: {self.sentence} {said} ({self.unit}).")


def claim(
    key: str,
    *,
    sentence: str,
    source: str,
    unit: str,
    arms: tuple[str, ...],
    at_least: float | None = None,
    at_most: float | None = None,
    scale: Scale = "linear",
    compared: tuple[str, str] | None = None,
    difference: Callable[[Mapping[str, float]], float] | None = None,
    seeds: int = 5,
    alone: bool = False,
) -> Callable[[Callable[[int], Mapping[str, float]]], Claim]:
    """Make a claim of the function below; the arguments are those of `Claim` and `Rule`, both checked here.

    `compared` is the first and the last arm unless given, `difference` is `Claim.own_difference`.

    Raises:
        UserError: a malformed or taken key, fewer than two arms, an arm that is not one, or a bound that makes no sense.
    """
    if not re.fullmatch(r"\d\d\.[a-z][a-z0-9_]*", key):
        raise UserError(f"The claim's key is '{key}'; write it like '03.skips': lesson, point, lower-case name.")
    if len(set(arms)) < 2 or len(set(arms)) != len(arms):
        raise UserError(f"Claim {key} has the arms {arms}; give two or more different names.")
    pair = compared or (arms[0], arms[-1])
    if len(pair) != 2 or not set(pair) <= set(arms) or pair[0] == pair[1]:
        raise UserError(f"Claim {key} compares {pair}; name two of its arms {arms}.")
    if seeds < 2:
        raise UserError(f"Claim {key} has {seeds} seeds; an interval needs two or more.")
    rule = Rule(at_least, at_most, scale)

    def register(function: Callable[[int], Mapping[str, float]]) -> Claim:
        made = Claim(key, sentence, source, unit, arms, pair, rule, seeds, alone, function, difference)
        known = _claims.get(key)
        # The same function again is a reloaded module or a cell that was run twice; another one is a slip.
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise UserError(f"The key '{key}' belongs to {known.function.__qualname__} already; choose another.")
        _claims[key] = made
        return made

    return register


def all_claims() -> list[Claim]:
    """Every claim, by key: those of the `lesson_NN.py` files, and what the session has defined besides."""
    import medsegedu.claims as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("lesson_"):
            importlib.import_module(f"medsegedu.claims.{module.name}")
    return [_claims[key] for key in sorted(_claims)]


def get(key: str) -> Claim:
    """The claim with this key.

    Raises:
        UserError: there is none; the sentence lists those that there are.
    """
    if key not in _claims:
        all_claims()
    if key not in _claims:
        raise UserError(f"There is no claim '{key}'; there are {', '.join(sorted(_claims)) or 'none'}.")
    return _claims[key]
