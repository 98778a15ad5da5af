"""Which code measured something: a short hash that changes when the function, or what it uses beside it, does."""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any


def code_version(*functions: Callable[..., Any] | None) -> str:
    """12 hexadecimal digits over the source of the functions and of the functions, classes and constants of their own
    files that they name, and so on. What they import from elsewhere is not looked at: run with `fresh=True` after
    changing the core."""
    found: dict[str, str] = {}
    for function in functions:
        if function is not None:
            _collect(function, found)
    text = "\n".join(f"{name}: {source}" for name, source in sorted(found.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _collect(function: Any, found: dict[str, str]) -> None:
    name = f"{function.__module__}.{function.__qualname__}"
    if name in found:
        return
    found[name] = _source(function)
    for code in _codes(function):
        for used in code.co_names:
            value = inspect.getmodule(function).__dict__.get(used) if inspect.getmodule(function) else None
            value = getattr(value, "function", value)  # a claim that calls another
            value = getattr(value, "__wrapped__", value)  # a function behind functools.cache
            if inspect.isfunction(value) or inspect.isclass(value):
                if value.__module__ == function.__module__:
                    _collect(value, found)
            elif isinstance(value, int | float | str | tuple | list | dict):
                found[f"{function.__module__}.{used}"] = repr(value)


def _codes(thing: Any) -> Iterator[CodeType]:
    """The code of a function or of a class's methods, and of all that is nested in it."""
    functions = [thing] if inspect.isfunction(thing) else [v for v in vars(thing).values() if inspect.isfunction(v)]
    waiting = [function.__code__ for function in functions]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _source(thing: Any) -> str:
    """The source, or the compiled instructions where there is none (a function typed into a terminal)."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return "".join(code.co_code.hex() + repr(code.co_consts) for code in _codes(thing))
