"""Where two results differ, in one sentence.

The rules, friendliest first (`exact_type=True` switches the first three off):

- A single number may be a Python number, a NumPy scalar or a 0-dim tensor or array; an int may stand for a float, but not a
  float for an int, and True is not 1.
- A list may stand for a tuple and the other way round.
- NumPy arrays: float64 may stand for float32 and int32 for int64.
- Tensors: the same shape, dtype and device. NaN equals NaN, and values are compared with `rtol` and `atol`.
- Dicts: the same keys, in any order. Dataclasses: the same class. Modules: the same parameter shapes, no matter the order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from medsegedu.exercises.cases import shape_text
from medsegedu.exercises.freeze import Fields, Opaque, Parameters


@dataclass(frozen=True)
class Rules:
    """How close is equal."""

    rtol: float = 1e-4
    atol: float = 1e-5
    exact_type: bool = False


EXACT = Rules(rtol=0, atol=0, exact_type=True)
CONVERSIONS = {"float32": ".float()", "int64": ".long()", "bool": ".bool()"}


def difference(yours: Any, expected: Any, rules: Rules, name: str = "Your result") -> str | None:
    """The first difference between two frozen results (`freeze`), as a sentence; None if they agree."""
    if isinstance(yours, Opaque):
        same = isinstance(expected, Opaque) and yours.kind == expected.kind
        return None if same else f"{name} is {yours.kind}, expected {word(expected)}: return the value itself."
    if yours is None and expected is not None:
        return f"{name} is None, expected {word(expected)}; is a `return` missing?"
    if not rules.exact_type and _is_single(yours) and _is_single(expected) and type(yours) is not type(expected):
        return _single_numbers(yours, expected, rules, name)
    if not rules.exact_type and type(yours) in (list, tuple) and type(expected) in (list, tuple):
        return _sequences(yours, expected, rules, name)
    if type(yours) is not type(expected):
        return f"{name} is {word(yours)}, expected {word(expected)}."
    if isinstance(yours, Tensor | np.ndarray):
        return _arrays(yours, expected, rules, name)
    if isinstance(yours, list | tuple):
        return _sequences(yours, expected, rules, name)
    if isinstance(yours, dict):
        return _dictionaries(yours, expected, rules, name)
    if isinstance(yours, Fields):
        if yours.kind is not expected.kind:
            return f"{name} is {word(yours)}, expected {word(expected)}."
        return _dictionaries(yours.items, expected.items, rules, name)
    if isinstance(yours, Parameters):
        return _parameters(yours, expected, name)
    if isinstance(yours, float | complex):
        return _arrays(np.asarray(yours), np.asarray(expected), rules, name)
    return None if yours == expected else f"{name} is {_short(yours)}, expected {_short(expected)}."


def word(value: Any) -> str:
    """What `value` is, with its article: `a tensor`, `None`, `an int`."""
    if isinstance(value, Opaque):
        return value.kind
    if value is None:
        return "None"
    if isinstance(value, Parameters):
        return "a module"
    if isinstance(value, Tensor | np.ndarray):
        kind = "tensor" if isinstance(value, Tensor) else "NumPy array"
        return f"a {kind} of shape {shape_text(value.shape)}" if value.ndim else f"a {kind} that holds one number"
    name = value.kind.__name__ if isinstance(value, Fields) else type(value).__name__
    name = {"str": "string", "float": "number (float)", "ellipsis": "`...`"}.get(name, name)
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _is_single(value: Any) -> bool:
    if isinstance(value, Tensor | np.ndarray):
        return value.ndim == 0 and not (isinstance(value, np.ndarray) and value.dtype.kind in "US")
    return type(value) in (bool, int, float, complex)


def _single_numbers(yours: Any, expected: Any, rules: Rules, name: str) -> str | None:
    if isinstance(yours, Tensor) and yours.device.type == "meta":
        return f"{name} is on the device meta and holds no number; expected {word(expected)}."
    first, second = _numbers(yours), _numbers(expected)
    mine, wanted = ("bifc".index(_family(x)) for x in (first, second))
    if mine > wanted or (mine == 0) != (wanted == 0):
        words = ("bool", "int", "float", "complex number")
        return f"{name} is of type {words[mine]}, expected {words[wanted]}."
    return _values(first.astype(second.dtype), second, rules, name)


def _family(array: np.ndarray) -> str:
    return "i" if array.dtype.kind == "u" else array.dtype.kind


def _numbers(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        return (value.double() if value.is_floating_point() else value).cpu().numpy()
    return np.asarray(value)


def _arrays(yours: Any, expected: Any, rules: Rules, name: str) -> str | None:
    if yours.shape != expected.shape:
        first, second = (f"shape {shape_text(x.shape)}" if x.ndim else "a single number" for x in (yours, expected))
        return f"{name} has {first}, expected {second}."
    loose = isinstance(yours, np.ndarray) and not rules.exact_type and _family(yours) == _family(expected)
    if yours.dtype != expected.dtype and not loose:
        mine, wanted = (str(x.dtype).removeprefix("torch.") for x in (yours, expected))
        fix = f" (`{CONVERSIONS[wanted]}`)" if wanted in CONVERSIONS and isinstance(yours, Tensor) else ""
        return f"{name} has dtype {mine}, expected {wanted}{fix}."
    if isinstance(yours, Tensor):
        if yours.device != expected.device:
            return f"{name} is on the device {yours.device}, expected {expected.device}, where the inputs are."
        if yours.device.type == "meta":
            return None
    return _values(_numbers(yours), _numbers(expected), rules, name)


def _values(yours: np.ndarray, expected: np.ndarray, rules: Rules, name: str) -> str | None:
    inexact = expected.dtype.kind in "fc"
    if inexact and (count := int((np.isnan(yours) & ~np.isnan(expected)).sum())):
        which = f"{count} of {yours.size} values of {_inner(name)} are" if yours.ndim else f"{name} is"
        return f"{which} NaN (not a number): look for 0 / 0, 0 * inf, or the logarithm or root of a negative number."
    with np.errstate(all="ignore"):
        close = np.isclose(yours, expected, rules.rtol, rules.atol, equal_nan=True) if inexact else yours == expected
        if close.all():
            return None
        if expected.ndim == 0:
            return f"{name} is {_number(yours)}, expected {_number(expected)}."
        numeric = expected.dtype.kind in "iufc"
        wide = np.promote_types(expected.dtype, np.float64) if numeric else None
        gap = np.abs(yours.astype(wide) - expected.astype(wide)) if numeric else ~close
        gap = np.where(close, 0, np.where(np.isnan(gap), np.inf, gap))
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
    off = f"; difference {gap[where]:.3g}" if numeric else ""
    return (
        f"{name} has the right shape, but {int((~close).sum())} of {close.size} values differ, most at {list(where)}: "
        f"yours {_number(yours[where])}, expected {_number(expected[where])}{off}."
    )


def _number(value: Any) -> str:
    item = value.item()
    return f"{item:.5g}" if isinstance(item, float) else repr(item)


def _sequences(yours: Any, expected: Any, rules: Rules, name: str) -> str | None:
    if len(yours) != len(expected):
        return f"{name} holds {len(yours)} items, expected {len(expected)}."
    pairs = enumerate(zip(yours, expected, strict=True))
    sentences = (difference(a, b, rules, f"Item {i} of {_inner(name)}") for i, (a, b) in pairs)
    return next((sentence for sentence in sentences if sentence), None)


def _dictionaries(yours: dict[Any, Any], expected: dict[Any, Any], rules: Rules, name: str) -> str | None:
    if missing := [key for key in expected if key not in yours]:
        return f"{name} has no {_short(missing[0])}."
    if extra := [key for key in yours if key not in expected]:
        return f"{name} has {_short(extra[0])}, which is not expected."
    sentences = (difference(yours[key], expected[key], rules, f"{_short(key)} of {_inner(name)}") for key in expected)
    return next((sentence for sentence in sentences if sentence), None)


def _parameters(yours: Parameters, expected: Parameters, name: str) -> str | None:
    if yours.shapes == expected.shapes:
        return None
    mine, wanted = (sum(int(np.prod(shape)) for shape in x.shapes) for x in (yours, expected))
    odd = next((shape for shape in expected.shapes if expected.shapes.count(shape) > yours.shapes.count(shape)), None)
    detail = f"; a parameter of shape {shape_text(odd)} is missing" if odd is not None else "; it has one too many"
    return f"{name} has {mine:,} parameters, expected {wanted:,}{detail}."


def _inner(name: str) -> str:
    return name[0].lower() + name[1:] if name.startswith(("Your", "Item")) else name


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
