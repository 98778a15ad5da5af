"""From an attempt to an outcome: run it on everything, compare with the reference, and look for a known mistake."""

import inspect
from collections.abc import Callable
from typing import Any

import torch

from medsegedu.exercises import attempts, sandbox
from medsegedu.exercises.capture import Printed
from medsegedu.exercises.cases import Random, argument_names, describe
from medsegedu.exercises.compare import Rules
from medsegedu.exercises.explain import explain_behaviour, explain_case, no_function
from medsegedu.exercises.freeze import holds_opaque
from medsegedu.exercises.isolation import fresh_state
from medsegedu.exercises.outcome import ERROR, NOT_STARTED, RIGHT, WRONG, Outcome
from medsegedu.exercises.sandbox import TimedOut
from medsegedu.exercises.signature import Answer, Situation, answer_behaviour, answer_case, same

TOO_MUCH = 20_000
"""Characters that an otherwise right attempt may print."""
PATIENCE = 6
"""The reference and the mistakes get this many times an attempt's time: they are known to end."""


class Judge:
    """What an exercise asks, and the answers that it knows; signatures are computed when first needed.

    Args:
        key: the exercise's, from which every seed follows.
        reference: the right answer.
        call: how an attempt is used on a case's arguments; None for `attempt(*arguments)`.
        rules: how close is equal.
        seconds: the time limit of one attempt.
        gradients: whether gradients are part of the answer.
    """

    def __init__(
        self,
        key: str,
        reference: Callable[..., Any],
        call: Callable[..., Any] | None,
        rules: Rules,
        seconds: float,
        gradients: bool,
    ) -> None:
        self.key, self.reference, self.seconds, self.gradients = key, reference, seconds, gradients
        self.rules = Rules(rules.rtol, rules.atol, rules.exact_type or gradients)  # a float carries no gradient
        self.call = call
        self.cases: dict[str, Callable[[Random], tuple[Any, ...]]] = {}
        self.behaviours: dict[str, Callable[..., str | None]] = {}
        self.mistakes: dict[str, Callable[..., Any]] = {}
        self.sentences: dict[str, str] = {}
        self._situations: dict[str, Situation] = {}
        self._known: dict[str, list[Answer] | None] = {}

    def forget(self) -> None:
        """Drop what was computed: a case, a behaviour or a mistake was added."""
        self._situations, self._known = {}, {}

    def judge(self, attempt: Any) -> Outcome:
        """The outcome, without display; everything runs in the sandbox."""
        if not callable(attempt):
            return Outcome(WRONG, None, no_function(attempt))
        if any(layer is self.reference for layer in attempts.layers_of(attempt)):
            again = (
                "This is the reference, not your function: run the cell with your own function again, then this one."
            )
            return Outcome(NOT_STARTED, None, again)
        if attempts.is_stub(attempt):
            return Outcome(NOT_STARTED, None, "Put your code in the place of `...`, then run both cells again.")
        for situation in self._made_situations().values():
            sentence = attempts.wrong_parameters(attempt, self.reference, len(situation.arguments))
            if sentence and self.call is None:
                return Outcome(WRONG, None, sentence)
        expected = self._reference_signature()
        try:
            answers, printed = self._run(attempt, self.seconds)
        except TimedOut:
            message = f"Your code ran longer than {self.seconds:g} s; does a loop never end?"
            return Outcome(ERROR, None, message)
        return self._outcome(attempt, answers, expected, printed)

    def signature(self, function: Callable[..., Any]) -> list[Answer]:
        """What a function that is known to end (the reference, a mistake) answers to every case and behaviour.

        Raises:
            TimedOut: it did not end.
        """
        return self._run(function, PATIENCE * self.seconds)[0]

    def _outcome(self, attempt: Any, answers: list[Answer], expected: list[Answer], printed: Printed) -> Outcome:
        trouble = self._first_trouble(answers, expected)
        if trouble is None and printed.count > TOO_MUCH:
            message = f"Right, but your function printed {printed.count:,} characters: take out the `print`."
            return Outcome(WRONG, None, message, str(printed))
        if trouble is None:
            return Outcome(RIGHT, None, "Your function passed every check.", str(printed))
        if self._unfinished(attempt, answers):
            message = f"There is still a `...` to replace, on line {attempts.placeholder_line(attempt)}."
            return Outcome(NOT_STARTED, None, message, str(printed))
        if name := self._recognise(answers):
            return Outcome(WRONG, name, self.sentences[name], str(printed))
        return Outcome(trouble[0], None, trouble[1], str(printed))

    def _first_trouble(self, answers: list[Answer], expected: list[Answer]) -> tuple[str, str] | None:
        count = len(self._situations)
        for yours, wanted, situation in zip(answers, expected, self._situations.values(), strict=False):
            inputs = describe(situation.names, situation.arguments)
            if trouble := explain_case(yours, wanted, situation, self.rules, inputs):
                return trouble
        for yours, name in zip(answers[count:], self.behaviours, strict=True):
            if trouble := explain_behaviour(yours, name):
                return trouble
        return None

    def _unfinished(self, attempt: Any, answers: list[Answer]) -> bool:
        """A `...` is left in the code, and nothing came of it: None, `...`, an exception, or a class that is not whole."""
        if attempts.placeholder_line(attempt) is None:
            return False
        results = answers[: len(self._situations)]
        return inspect.isclass(attempt) or all(answer.failure or answer.value in (None, ...) for answer in results)

    def _recognise(self, answers: list[Answer]) -> str | None:
        """The mistake whose every answer is the attempt's; other trouble beside it, and it is not named."""
        for name, mistake in self.mistakes.items():
            if name not in self._known:
                try:
                    self._known[name] = self.signature(mistake)
                except TimedOut:
                    self._known[name] = None
            known = self._known[name]
            if known is not None and same(answers, known, self.rules):
                return name
        return None

    def _reference_signature(self) -> list[Answer]:
        if "" not in self._known:
            answers = self.signature(self.reference)
            if trouble := self._first_trouble(answers, answers):
                raise RuntimeError(f"{self.key}: the exercise rejects its own reference. {trouble[1]}")
            if any(holds_opaque(answer.value) for answer in answers):
                raise TypeError(
                    f"{self.key}: the reference returns what cannot be compared; make it comparable with call=."
                )
            self._known[""] = answers
        return self._known[""] or []

    def _run(self, attempt: Callable[..., Any], seconds: float) -> tuple[list[Answer], Printed]:
        situations, call = self._made_situations(), self.call or _plain_call

        def answer_all() -> list[Answer]:
            answers = [answer_case(attempt, call, situation, self.gradients) for situation in situations.values()]
            named = [(f"{self.key}.{name}", check) for name, check in self.behaviours.items()]
            return answers + [answer_behaviour(attempt, check, Random(name)) for name, check in named]

        return sandbox.run(answer_all, seconds)

    def _made_situations(self) -> dict[str, Situation]:
        for name, case in self.cases.items():
            if name not in self._situations:
                random = Random(f"{self.key}.{name}")
                with fresh_state(random.seed), torch.no_grad():
                    arguments = case(random)
                if not isinstance(arguments, tuple):
                    raise TypeError(f"{self.key}: the case '{name}' must return one tuple of arguments.")
                source, skip = (self.call, 1) if self.call else (self.reference, 0)
                self._situations[name] = Situation(argument_names(source, len(arguments), skip), arguments, random.seed)
        return self._situations


def _plain_call(attempt: Callable[..., Any], *arguments: Any) -> Any:
    return attempt(*arguments)
