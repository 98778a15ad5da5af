"""The signature of a function: what it answers to every case and every behaviour check of an exercise.

An attempt is right if its signature is the reference's, and it is a known mistake if its signature is that mistake's.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.attempts import failing_line
from medsegedu.exercises.cases import Random, fresh_copy, with_gradients
from medsegedu.exercises.compare import EXACT, Rules, difference
from medsegedu.exercises.freeze import LARGEST, freeze
from medsegedu.exercises.isolation import fresh_state
from medsegedu.exercises.sandbox import Stopped

LONGEST = 300
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Failure:
    """An exception: its type, its text (shortened) and the student's line that it came from."""

    type: type[BaseException]
    text: str
    line: str


@dataclass(frozen=True)
class Answer:
    """What came of one call.

    Attributes:
        value: the frozen result; a behaviour's sentence or None.
        failure: the exception instead of a result.
        changed: frozen arguments, by name, that the call wrote into.
        gradients: of a random-weighted sum of the result with respect to each float input; None where nothing flows.
    """

    value: Any = None
    failure: Failure | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    gradients: dict[str, Tensor | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """A case made concrete: what to call with, under which names, from which seed."""

    names: list[str]
    arguments: tuple[Any, ...]
    seed: int


def answer_case(attempt: Any, call: Callable[..., Any], situation: Situation, gradients: bool) -> Answer:
    """Call the attempt on fresh copies of a case's arguments."""
    names = situation.names
    leaves: dict[str, Tensor] = {}
    arguments = fresh_copy(situation.arguments)
    with fresh_state(situation.seed):
        if gradients:
            arguments, leaves = with_gradients(names, arguments)
        try:
            result = call(attempt, *arguments)
            flows = _gradients(result, leaves) if gradients else {}
            value = freeze(result)
        except Stopped:
            raise
        except BaseException as error:
            return Answer(failure=_failure(error, attempt))
    before, after = ([freeze(item, module_values=True) for item in items] for items in (situation.arguments, arguments))
    triples = zip(names, before, after, strict=True)
    changed = {name: new for name, old, new in triples if difference(new, old, EXACT)}
    return Answer(value, None, changed, flows)


def answer_behaviour(attempt: Any, check: Callable[..., str | None], random: Random) -> Answer:
    """Let a behaviour check look at the attempt; it gets `random` too if it has a second parameter."""
    extra = (random,) if len(inspect.signature(check).parameters) > 1 else ()
    with fresh_state(random.seed):
        try:
            return Answer(check(attempt, *extra))
        except Stopped:
            raise
        except BaseException as error:
            return Answer(failure=_failure(error, attempt))


def same(first: Sequence[Answer], second: Sequence[Answer], rules: Rules) -> bool:
    """Whether two signatures are the same: results within the tolerance, exceptions by type and text."""
    return all(_same(a, b, rules) for a, b in zip(first, second, strict=True))


def _same(first: Answer, second: Answer, rules: Rules) -> bool:
    if first.failure and second.failure:
        return first.failure.type is second.failure.type and _same_text(first.failure.text, second.failure.text)
    if first.failure or second.failure:
        return False
    if isinstance(first.value, str) and isinstance(second.value, str):
        alike = _same_text(first.value, second.value)
    else:
        alike = difference(first.value, second.value, rules) is None
    return alike and not differing_inputs(first, second, rules) and not differing_gradients(first, second, rules)


def differing_inputs(yours: Answer, expected: Answer, rules: Rules) -> list[tuple[str, str | None]]:
    """Arguments whose state afterwards differs: the name, and how (None if only one of the two wrote into it)."""
    found: list[tuple[str, str | None]] = []
    for name in dict.fromkeys([*yours.changed, *expected.changed]):
        if (name in yours.changed) != (name in expected.changed):
            found.append((name, None))
        elif sentence := difference(yours.changed[name], expected.changed[name], rules, f"`{name}` afterwards"):
            found.append((name, sentence))
    return found


def differing_gradients(yours: Answer, expected: Answer, rules: Rules) -> list[tuple[str, str]]:
    """Inputs to which another gradient flows back; none at all and a gradient of zeros are the same."""
    found = []
    for name, wanted in expected.gradients.items():
        mine = yours.gradients.get(name)
        like = mine if mine is not None else wanted
        if like is None:
            continue
        first, second = (torch.zeros_like(like) if gradient is None else gradient for gradient in (mine, wanted))
        if sentence := difference(first, second, rules, f"The gradient of `{name}`"):
            found.append((name, sentence if first.count_nonzero() else ""))
    return found


def _gradients(result: Any, leaves: dict[str, Tensor]) -> dict[str, Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    total: Any = 0
    for tensor in _float_tensors(result):
        # Drawn for detached outputs too, so that every output keeps its weights.
        weights = torch.randn(tensor.shape, generator=generator).to(tensor)
        if tensor.requires_grad:
            total = total + (tensor * weights).sum()
    if not (leaves and isinstance(total, Tensor)):
        return dict.fromkeys(leaves)
    flows = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return {name: None if flow is None else flow.detach() for name, flow in zip(leaves, flows, strict=True)}


def _float_tensors(result: Any) -> Iterator[Tensor]:
    if isinstance(result, Tensor):
        if result.is_floating_point() and result.numel() <= LARGEST and result.device.type != "meta":
            yield result
    elif isinstance(result, list | tuple):
        for item in result:
            yield from _float_tensors(item)
    elif isinstance(result, dict):
        for item in result.values():
            yield from _float_tensors(item)


def _failure(error: BaseException, attempt: Any) -> Failure:
    try:
        text = " ".join(str(error).split())
    except BaseException:  # an exception class of the attempt may do anything
        text = ""
    text = re.sub(r"0x[0-9a-f]+", "0x...", text)
    line = failing_line(attempt, error.__traceback__)
    return Failure(type(error), text if len(text) <= LONGEST else text[: LONGEST - 3] + "...", line)


def _same_text(first: str, second: str) -> bool:
    """The same words, and numbers that agree to one per cent: a sentence may tell a measurement."""
    if NUMBER.split(first) != NUMBER.split(second):
        return False
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True)
    return all(abs(float(a) - float(b)) <= 0.01 * abs(float(b)) for a, b in pairs)
