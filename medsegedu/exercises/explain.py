"""The sentence for an attempt that is not right and that no named mistake explains."""

import builtins

from medsegedu.exercises.compare import Rules, difference, word
from medsegedu.exercises.freeze import freeze
from medsegedu.exercises.outcome import ERROR, WRONG
from medsegedu.exercises.signature import Answer, Failure, Situation, differing_gradients, differing_inputs

COPIES = {
    "Tensor": "{0} = {0}.clone()",
    "ndarray": "{0} = {0}.copy()",
    "list": "{0} = list({0})",
    "dict": "{0} = dict({0})",
}


def explain_case(
    yours: Answer, expected: Answer, situation: Situation, rules: Rules, inputs: str
) -> tuple[str, str] | None:
    """The status and the sentence for the answer to a case; None if it is as expected."""
    where = f" (For {inputs}.)" if inputs else ""
    if expected.failure:
        if yours.failure is None:
            return WRONG, f"For {inputs} your function should raise {_public(expected.failure.type).__name__}."
        if issubclass(yours.failure.type, _public(expected.failure.type)):
            return None
    if yours.failure:
        return ERROR, _exception(yours.failure) + where
    if sentence := difference(yours.value, expected.value, rules):
        return WRONG, sentence + where
    for name, detail in differing_inputs(yours, expected, rules):
        return WRONG, (detail + where) if detail else _in_place(name, name in yours.changed, situation)
    for name, detail in differing_gradients(yours, expected, rules):
        nothing = f"The shape is right but nothing flows back to `{name}`: its gradient is missing or zero."
        return WRONG, (f"The values are right, the gradient is not: {detail}" if detail else nothing) + where
    return None


def explain_behaviour(yours: Answer, name: str) -> tuple[str, str] | None:
    """The status and the sentence for a behaviour check; None if it was content."""
    if yours.failure and yours.failure.line:
        return ERROR, _exception(yours.failure)
    if yours.failure:
        check = name.replace("_", " ")
        text = f"{yours.failure.type.__name__}: {yours.failure.text}"
        return WRONG, f"The check '{check}' could not work with what your function returned ({text})."
    return (WRONG, yours.value) if yours.value else None


def _exception(failure: Failure) -> str:
    where = f", {failure.line}" if failure.line else ""
    if issubclass(failure.type, RecursionError):
        return f"Your function calls itself without an end (RecursionError{where})."
    if issubclass(failure.type, SystemExit):
        return f"Your code leaves Python with `exit()` or `sys.exit()`{where}; return a result instead."
    if issubclass(failure.type, NotImplementedError) and not failure.text:
        return f"A `raise NotImplementedError` is still in your way{where}."
    text = f": {failure.text}" if failure.text else ""
    return f"Your code raised {failure.type.__name__}{text}" + (f" - {failure.line}." if failure.line else ".")


def _public(kind: type[BaseException]) -> type[BaseException]:
    """The builtin exception that a student would raise: ValueError for a UserError."""
    return next(base for base in kind.__mro__ if vars(builtins).get(base.__name__) is base)


def _in_place(name: str, changed: bool, situation: Situation) -> str:
    if not changed:
        return f"Your function leaves `{name}` as it was; it should change it in place."
    value = dict(zip(situation.names, situation.arguments, strict=True))[name]
    copy = COPIES.get(type(value).__name__, "{0} = copy.deepcopy({0})").format(name)
    how = f" (`{copy}`)" if name.isidentifier() else ""  # "argument 2" is no name
    return f"Your function changes its input `{name}` in place; work on a copy{how}."


def no_function(attempt: object) -> str:
    """The sentence for something that cannot be called: mostly a result that was handed in for the function."""
    return f"`check` takes the function itself, without brackets after its name; it got {word(freeze(attempt))}."
