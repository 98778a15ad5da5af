"""Snapshots of results: what a function returned, in a form that nothing can change or dress up afterwards.

Only known types are kept, as plain tensors, arrays, numbers, strings and containers, so that comparing never runs code of
the attempt (an `__eq__` that always says yes). Everything else becomes `Opaque`: a description.
"""

import contextlib
import dataclasses
import inspect
import pathlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

LARGEST = 2**26
"""Tensors of more elements are kept as their shape alone; no exercise expects one."""

_NUMBERS_AND_TEXT = (type(None), type(...), bool, int, float, complex, str, bytes)
PLAIN: tuple[type, ...] = (
    *_NUMBERS_AND_TEXT,
    slice,
    range,
    torch.dtype,
    torch.device,
    pathlib.PosixPath,
    pathlib.WindowsPath,
)


@dataclass(frozen=True)
class Opaque:
    """Something that cannot be compared, e.g. `a generator`."""

    kind: str


@dataclass(frozen=True)
class Fields:
    """A dataclass: its class and what its fields hold."""

    kind: type
    items: dict[str, Any]


@dataclass(frozen=True)
class Parameters:
    """A module, seen as the shapes of its parameters in sorted order: names, order and random values are free."""

    shapes: list[tuple[int, ...]]


def freeze(value: Any, module_values: bool = False) -> Any:
    """A snapshot of `value`; with `module_values` a module's state by name instead of its parameters' shapes.

    Raises:
        RecursionError: `value` contains itself.
    """
    if type(value) in PLAIN:
        return value
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, np.generic):
        item = value.item()
        return item if type(item) in PLAIN else Opaque(f"a {type(value).__name__}")
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, nn.Module):
        if module_values:
            return {name: _tensor(tensor) for name, tensor in value.state_dict().items()}
        return Parameters(sorted(tuple(parameter.shape) for parameter in value.parameters()))
    if isinstance(value, list):
        return [freeze(item, module_values) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return tuple(freeze(item, module_values) for item in tuple.__iter__(value))
    if isinstance(value, dict):
        return _dictionary(value, module_values)
    if isinstance(value, set | frozenset):
        items = list(value)
        return frozenset(items) if all(type(item) in PLAIN for item in items) else Opaque("a set of objects")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return Fields(type(value), {name: freeze(getattr(value, name), module_values) for name in names})
    return Opaque(_kind(value))


def holds_opaque(frozen: Any) -> bool:
    """Whether some part of a snapshot cannot be compared."""
    if isinstance(frozen, Fields):
        frozen = frozen.items
    if isinstance(frozen, dict):
        frozen = list(frozen.values())
    return isinstance(frozen, Opaque) or (isinstance(frozen, list | tuple) and any(map(holds_opaque, frozen)))


def _tensor(value: Tensor) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        if value.layout != torch.strided:
            return Opaque("a sparse tensor")
        plain = torch.Tensor.as_subclass(value, torch.Tensor)
    if plain.numel() > LARGEST:
        return torch.empty(plain.shape, dtype=plain.dtype, device="meta")
    return plain.detach().clone()


def _array(value: np.ndarray) -> Any:
    plain = np.ndarray.view(value, np.ndarray)
    if plain.dtype.hasobject:
        return freeze(plain.tolist())
    if plain.dtype.kind not in "biufcUS":
        return Opaque(f"an array of {plain.dtype}")
    return plain.copy() if plain.size <= LARGEST else np.broadcast_to(np.zeros((), plain.dtype), plain.shape)


def _dictionary(value: dict[Any, Any], module_values: bool) -> Any:
    frozen = {}
    for key, item in dict.items(value):
        plain = freeze(key)
        if type(plain) not in PLAIN and not (type(plain) is tuple and all(type(part) in PLAIN for part in plain)):
            return Opaque("a dict with keys that are objects")
        frozen[plain] = freeze(item, module_values)
    return frozen


def _kind(value: Any) -> str:
    if inspect.iscoroutine(value) or inspect.isgenerator(value):
        with contextlib.suppress(BaseException):
            value.close()  # a coroutine that nobody awaits warns when it dies
        return "a coroutine" if inspect.iscoroutine(value) else "a generator"
    if inspect.isroutine(value):
        return "a function"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
