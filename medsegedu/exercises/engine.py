"""An exercise: a reference, random cases, behaviour checks, hints, and the named mistakes that it recognises."""

import inspect
import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from medsegedu.exercises import panel, record
from medsegedu.exercises.compare import Rules
from medsegedu.exercises.isolation import preserved_state
from medsegedu.exercises.judge import Judge
from medsegedu.exercises.outcome import ERROR, RIGHT, WRONG, NotRight, Outcome, strict_mode

__all__ = ["Exercise", "NotRight", "Outcome"]

TRIES = 3
"""Wrong tries after which the solution is shown."""
F = TypeVar("F", bound=Callable[..., Any])
_one_at_a_time = threading.RLock()


class Exercise:
    """One exercise of a lesson; `medsegedu.exercises` tells how to write one.

    Args:
        key: lesson and name, "03.crop_and_concat".
        reference: the right answer; a function (or a class) of the core wherever there is one.
        title: two to five words.
        minutes: how long a student should spend.
        difficulty: 1 to 3.
        hints: two to five, from a nudge to nearly the answer.
        after: what a student reads after passing.
        rtol: relative tolerance of float results.
        atol: absolute tolerance of float results.
        seconds: the time limit for everything that is asked of one attempt.
        gradients: float inputs require gradients, and those must be right too; implies `exact_type`.
        exact_type: a float is no 0-dim tensor, a list no tuple (see `compare`).
        call: how to use an attempt on a case, `call(attempt, *arguments)`, where plain `attempt(*arguments)` is not the
            thing to compare: a class of modules, say (see `cases.fill_parameters`). Its parameters name the inputs.
        shown: the answer as a student would write it, fit to be pasted; `solution()` shows its source. Default: the
            reference.

    Attributes:
        lesson: "03".
        name: "crop_and_concat".
        judge: what does the grading; its `seconds` may be shortened in tests.
        mistakes: name -> wrong answer.
        sentences: name of a mistake -> what a student who made it reads.
    """

    def __init__(
        self,
        key: str,
        *,
        reference: Callable[..., Any],
        title: str,
        minutes: int,
        difficulty: int,
        hints: tuple[str, ...],
        after: str = "",
        rtol: float = 1e-4,
        atol: float = 1e-5,
        seconds: float = 10,
        gradients: bool = False,
        exact_type: bool = False,
        call: Callable[..., Any] | None = None,
        shown: Callable[..., Any] | None = None,
    ) -> None:
        if not re.fullmatch(r"\d\d\.[a-z]\w*", key):
            raise ValueError(f"The key '{key}' must be a lesson and a name, like '03.crop_and_concat'.")
        if isinstance(hints, str) or difficulty not in (1, 2, 3):
            raise ValueError(f"{key}: hints must be a tuple of sentences, and difficulty 1, 2 or 3.")
        self.key, (self.lesson, self.name) = key, key.split(".")
        self.reference, self.title, self.minutes, self.difficulty = reference, title, minutes, difficulty
        self.hints, self.after, self.shown = tuple(hints), after, shown or reference
        self.judge = Judge(key, reference, call, Rules(rtol, atol, exact_type), seconds, gradients)
        self.mistakes, self.sentences = self.judge.mistakes, self.judge.sentences
        self._hints_given = self._wrong_tries = 0
        self._passed = False

    def __repr__(self) -> str:
        return f"<Exercise {self.key}: {self.title}>"

    def case(self, function: F) -> F:
        """Add a case: `function(random)` returns ONE tuple of arguments, drawn from the seeded `random` (`cases.Random`)."""
        self._add(self.judge.cases, function)
        return function

    def behaviour(self, function: F) -> F:
        """Add a check beyond equality: `function(attempt)` or `function(attempt, random)` returns None or a sentence."""
        self._add(self.judge.behaviours, function)
        return function

    def mistake(self, sentence: str) -> Callable[[F], F]:
        """Add a wrong answer, known by its function's name, and the sentence for the student who gave it."""

        def add(function: F) -> F:
            self._add(self.mistakes, function)
            self.sentences[function.__name__] = sentence
            return function

        return add

    def grade(self, attempt: Any) -> Outcome:
        """Judge an attempt and leave no trace: nothing is shown, counted or recorded."""
        with _one_at_a_time, preserved_state():
            return self.judge.judge(attempt)

    def check(self, attempt: Any) -> Any:
        """Judge an attempt, show the panel, and return the attempt if it is right, else the reference.

        Raises:
            NotRight: in strict mode (`MEDSEGEDU_STRICT`), if the status is not the wanted one.
            UserError: `MEDSEGEDU_STRICT` holds something unknown.
        """
        wanted = strict_mode()
        outcome = self.grade(attempt)
        right = outcome.status == RIGHT
        self._passed |= right
        self._wrong_tries += outcome.status in (WRONG, ERROR)
        next_step = (
            self.after if right else f"Until it is right, the lesson goes on with the reference.{self._hints_left()}"
        )
        metadata = {"exercise": self.key, "status": outcome.status, "mistake": outcome.mistake}
        self._show(outcome.status.capitalize(), outcome.message, next_step, metadata=metadata, folded=outcome.printed)
        if wanted is None:
            record.note(self.key, outcome.status)
        elif outcome.status != wanted:
            raise NotRight(f"{self.key} is {outcome.status}, not {wanted}: {outcome.message}")
        return attempt if right else self.reference

    def hint(self) -> None:
        """Show the next hint; after the last one, the last again."""
        self._hints_given = number = min(self._hints_given + 1, len(self.hints))
        last = f"That is the last one. After {TRIES} tries: `ex.{self.name}.solution()`."
        more = last if number == len(self.hints) else ""
        metadata = {"exercise": self.key, "hint": number}
        self._show(f"Hint {number} of {len(self.hints)}", self.hints[number - 1], more, metadata=metadata)

    def solution(self) -> None:
        """Show the source of `shown`, once an attempt passed or after three wrong ones."""
        left = TRIES - self._wrong_tries
        metadata = {"exercise": self.key, "solution": self._passed or left <= 0}
        if self._passed or left <= 0:
            code = inspect.getsource(inspect.unwrap(self.shown))
            self._show("Solution", "One way to do it:", metadata=metadata, code=code)
        else:
            tries = f"{left} more {'try' if left == 1 else 'tries'}"
            self._show(
                "Not yet", f"You see the solution once you passed, or after {tries} of your own.", metadata=metadata
            )

    def _show(self, word: str, *paragraphs: str, metadata: dict[str, Any], folded: str = "", code: str = "") -> None:
        panel.show(word, f"{self.key}: {self.title}", list(paragraphs), folded=folded, code=code, metadata=metadata)

    def _hints_left(self) -> str:
        left = len(self.hints) - self._hints_given
        return f" Hints left: {left}, see `ex.{self.name}.hint()`." if left else ""

    def _add(self, to: dict[str, Any], function: Callable[..., Any]) -> None:
        name = function.__name__
        if any(name in known for known in (self.judge.cases, self.judge.behaviours, self.mistakes)):
            raise ValueError(
                f"{self.key} has two parts called '{name}'; give each case, behaviour and mistake its own name."
            )
        to[name] = function
        self.judge.forget()
