"""What a rule decided: a name, a value, and one sentence that says why, with the numbers that led to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """One decision of a plan.

    Args:
        name: of the setting, as `medsegedu train` calls it where there is one.
        value: a number, a word, or a tuple of numbers.
        why: one plain sentence.
    """

    name: str
    value: Any
    why: str

    @property
    def text(self) -> str:
        """The value as a person writes it: 40 x 56 x 40."""
        return shown(self.value)

    def __str__(self) -> str:
        return f"{self.name} {self.text}: {self.why}"


def shown(value: Any) -> str:
    """A number, a word or a tuple of numbers as a person writes it."""
    if isinstance(value, tuple):
        return " x ".join(map(shown, value)) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def by(values: Sequence[float]) -> str:
    """Numbers with x between them."""
    return " x ".join(f"{value:.4g}" for value in values)
