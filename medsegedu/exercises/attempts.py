"""Reading an attempt without running it: has it been started, is it the reference itself, where did it fail?"""

import ast
import dis
import functools
import inspect
import linecache
import textwrap
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, TracebackType
from typing import Any

STUB_INSTRUCTIONS = {
    "RESUME", "NOP", "CACHE", "COPY_FREE_VARS", "PUSH_NULL", "PRECALL", "CALL", "CALL_FUNCTION", "LOAD_CONST", "LOAD_GLOBAL",
    "LOAD_SMALL_INT", "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS",
}  # fmt: skip


def functions_of(attempt: Any) -> list[FunctionType]:
    """The Python functions that make up an attempt: itself, a class's own methods, what a wrapper or partial holds."""
    found: list[FunctionType] = []
    for layer in layers_of(attempt):
        members = list(vars(layer).values()) if inspect.isclass(layer) else [layer]
        if not inspect.isclass(layer) and not inspect.isroutine(layer) and not isinstance(layer, functools.partial):
            members = list(vars(type(layer)).values())
        plain = (getattr(member, "__func__", getattr(member, "fget", member)) for member in members)
        found += [function for function in plain if isinstance(function, FunctionType)]
    return found


def layers_of(attempt: Any) -> Iterator[Any]:
    """`attempt` and what it wraps: through `functools.partial` and `__wrapped__` (decorators)."""
    for _ in range(100):
        yield attempt
        inner = attempt.func if isinstance(attempt, functools.partial) else getattr(attempt, "__wrapped__", None)
        if inner is None:
            return
        attempt = inner


def is_stub(attempt: Any) -> bool:
    """Whether a function, or any method of a class, holds nothing but a docstring and `...`, `pass` or
    `raise NotImplementedError`."""
    return any(_is_stub(function) for function in functions_of(attempt))


def placeholder_line(attempt: Any) -> int | None:
    """The line of the first `...` that waits to be replaced: a statement of its own, assigned or returned."""
    for function in functions_of(attempt):
        tree = _definition(function)
        for node in ast.walk(tree) if tree else ():
            value = getattr(node, "value", None) if isinstance(node, ast.Expr | ast.Assign | ast.Return) else None
            if isinstance(value, ast.Constant) and value.value is ...:
                return function.__code__.co_firstlineno + value.lineno - 1
    return None


def _is_stub(function: FunctionType) -> bool:
    tree = _definition(function)
    if tree is None:
        return _is_stub_code(function.__code__)
    body = list(tree.body)
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        del body[0]
    return all(_does_nothing(statement) for statement in body)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        return "NotImplemented" in ast.dump(statement)
    value = getattr(statement, "value", None) if isinstance(statement, ast.Expr | ast.Return) else None
    return isinstance(statement, ast.Pass) or (isinstance(value, ast.Constant) and value.value is ...)


def _is_stub_code(code: CodeType) -> bool:
    """Without the source: nothing is computed, and what is returned is None or `...`."""
    steps = list(dis.get_instructions(code))
    constants = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    names = [step.argval for step in steps if step.opname == "LOAD_GLOBAL"]
    if any(step.opname not in STUB_INSTRUCTIONS for step in steps) or set(names) - {"NotImplementedError"}:
        return False
    return bool(names) or all(constant in (None, ...) for constant in constants)


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The function's syntax tree, or None if there is no source for it (a lambda, or typed at a bare prompt)."""
    try:
        tree = ast.parse(textwrap.dedent("".join(inspect.getsourcelines(function.__code__)[0])))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return None
    first = tree.body[0] if tree.body else None
    return first if isinstance(first, ast.FunctionDef) else None


def wrong_parameters(attempt: Callable[..., Any], reference: Callable[..., Any], count: int) -> str | None:
    """The sentence for an attempt that cannot be called with `count` arguments."""
    try:
        inspect.signature(attempt).bind(*[None] * count)
    except ValueError:  # no signature to be had
        return None
    except TypeError:
        return f"Your function takes {signature_text(attempt)}; it must take {signature_text(reference)}."
    return None


def signature_text(function: Callable[..., Any]) -> str:
    """The parameters without their annotations: `(up, skip, mode='centre')`."""
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return f"`{inspect.Signature(bare)}`"


def failing_line(attempt: Any, trace: TracebackType | None) -> str:
    """The deepest line of the student's own code in a traceback, e.g. "line 3 of your code, `x = y[4]`"; or ""."""
    codes = {function.__code__ for function in functions_of(attempt)}
    files = {code.co_filename for code in codes}
    inside, found = False, ""
    for frame, number in traceback.walk_tb(trace):
        name = frame.f_code.co_filename
        inside = inside or frame.f_code in codes  # what comes before is the exercise's own
        if inside and (name in files or "ipykernel_" in name or name.startswith("<ipython-input")):
            text = linecache.getline(name, number).strip()
            found = f"line {number} of your code" + (f", `{text}`" if text else "")
    return found
