"""A plan as a JSON file that a person can read and change."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.plan.fingerprint import ClassPrint, Fingerprint, Spread
from medsegedu.plan.plan import Plan
from medsegedu.plan.pooled import Intensities
from medsegedu.plan.rule import Rule

KIND = "medsegedu plan"
_PLAIN: dict[str, type] = {
    "memory": float, "depth": int, "batch": int, "norm": str, "model": str, "width": int, "loss": str, "rate": float,
    "augment": bool, "intensities": str, "steps": int, "minutes": float,
}  # fmt: skip
_LISTS: dict[str, type] = {"spacing": float, "size": int, "patch": int, "flips": int}  # of values like these


def save_plan(plan: Plan, path: Path) -> Path:
    """Write a plan."""
    return write_atomically(path, json.dumps({"kind": KIND, **asdict(plan)}, indent=1) + "\n")


def load_plan(path: Path) -> Plan:
    """The plan in a file that `save_plan` wrote; values of its rules may have been changed by hand.

    Raises:
        UserError: there is no such file, or it is none of a plan.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict) or stored.pop("kind", None) != KIND:
            raise ValueError(f"it does not say that it is a {KIND}")
        rules = tuple(_read(Rule, rule) for rule in stored["rules"])
        for rule in rules:
            _check(rule)
        return Plan(_fingerprint(stored["fingerprint"]), rules, tuple(map(str, stored["warnings"])))
    except FileNotFoundError:
        raise UserError(f"There is no plan {path}; `medsegedu plan FOLDER --out {path}` makes one.") from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} can't be read as a plan ({reason}); make it again with `medsegedu plan`.") from error


def _check(rule: Rule) -> None:
    """Raise a ValueError unless the rule is a plan's and its value of the right kind; whether it makes sense, Settings say."""
    if rule.name not in _PLAIN | _LISTS:
        raise ValueError(f"'{rule.name}' is no rule")
    kind = (_PLAIN | _LISTS)[rule.name]
    values = rule.value if rule.name in _LISTS else (rule.value,)
    fits = isinstance(values, tuple) and all(
        type(value) is kind or (kind is float and type(value) is int) for value in values
    )
    if not fits:
        words = {int: "whole numbers", float: "numbers", str: "a word", bool: "true or false"}
        raise ValueError(f"{rule.name} is {rule.value!r}, not {words[kind]}")


def _fingerprint(stored: dict[str, Any]) -> Fingerprint:
    values = dict(stored)
    for name in ("spacing", "size", "extent"):
        values[name] = [_read(Spread, spread) for spread in stored[name]]
    values["intensities"] = [_read(Intensities, found) for found in stored["intensities"]]
    spreads = ("volume", "length")
    values["drawn"] = [
        _read(ClassPrint, found | {name: _read(Spread, found[name]) for name in spreads}) for found in stored["drawn"]
    ]
    return _read(Fingerprint, values)


def _read(kind: Callable[..., Any], values: dict[str, Any]) -> Any:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
