"""Exercises: you cannot pass one with a wrong answer, and a wrong answer is called by its name.

In a notebook:

    from medsegedu.exercises import lesson_03 as ex

    def crop_and_concat(up, skip): ...
    crop_and_concat = ex.crop_and_concat.check(crop_and_concat)   # your function if it is right, else the reference

How to write one, in `lesson_03.py`:

    crop_and_concat = Exercise(
        "03.crop_and_concat", reference=layers.crop_and_concat, title="Join the two paths", minutes=8, difficulty=2,
        hints=("How many rows are left over in all?", "`skip[..., top:top + h, left:left + w]`"), after="Right. Next: ...",
    )

    @crop_and_concat.case                                          # two to five cases: random, odd-shaped, asymmetric
    def odd_margins(random):
        return random.tensor(2, 3, 5, 7), random.tensor(2, 4, 8, 12)

    @crop_and_concat.behaviour                                     # what equality on the cases cannot see; None is fine
    def skip_matters(attempt, random):
        up, skip = random.tensor(1, 2, 4, 4), random.tensor(1, 2, 6, 6)
        if torch.equal(attempt(up, skip), attempt(up, 0 * skip)):
            return "Changing the skip does not change your output."

    @crop_and_concat.mistake("You cut the top left corner. The pixel under the centre must stay under it.")
    def top_left_corner(up, skip):                                 # at least six, as students write them
        return torch.cat([skip[..., : up.shape[-2], : up.shape[-1]], up], 1)

- Each case, behaviour and mistake has a name of its own. Every mistake must differ from the reference and from every other
  mistake on some case or behaviour: add the case that tells them apart. `tests/exercises` proves it.
- A mistake may raise; then the exception's type and text identify it. It must end.
- If the reference raises for a case, an attempt must raise that type (for a UserError any ValueError will do).
- Writing into an argument is part of the answer: an attempt must do so if and only if the reference does.
- What counts as equal is told in `compare`; results of other types need `call=`. Modules are compared by their parameters'
  shapes only, so for a class of modules compare what the module computes:
  `call=lambda attempt, channels, image: fill_parameters(attempt(channels))(image)`.
- `gradients=True` where the point is that something is connected: losses, layers.
- `shown=` is the answer as a student would write it, where the reference is not; `solution()` shows its source.
- Every call starts from the same seed, so random answers can be compared as long as they draw in the same order.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medsegedu.exercises.engine import Exercise

__all__ = ["all_exercises", "lesson", "progress"]


def lesson(number: str) -> ModuleType:
    """The exercises of a lesson as a module, e.g. `lesson("03").crop_and_concat`."""
    return importlib.import_module(f"{__name__}.lesson_{number}")


def all_exercises() -> "list[Exercise]":
    """Every exercise of every lesson, sorted by key.

    Raises:
        ValueError: two exercises have the same key.
    """
    from medsegedu.exercises.engine import Exercise

    found: dict[str, Exercise] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("lesson_"):
            continue
        for value in vars(lesson(module.name.removeprefix("lesson_"))).values():
            if isinstance(value, Exercise) and found.setdefault(value.key, value) is not value:
                raise ValueError(f"Two exercises have the key '{value.key}'.")
    return [found[key] for key in sorted(found)]


def progress() -> dict[str, dict[str, Any]]:
    """What was checked so far on this machine: exercise key -> `status`, `tries`, `date`."""
    from medsegedu.exercises import record

    return record.read()
