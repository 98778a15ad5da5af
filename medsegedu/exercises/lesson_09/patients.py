"""Exercise 9.5: whom has the generator seen?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from medsegedu.data import Case
from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers

leakage_check = Exercise(
    "09.leakage_check",
    reference=answers.leakage_check,
    title="Whom has it seen?",
    minutes=6,
    difficulty=1,
    hints=(
        "A case knows whose it is: `case.patient`. Its `id` is the name of one slice.",
        "Two sets of patients, and what they share: `&`.",
        "`sorted({case.patient for case in seen} & {case.patient for case in held_out})`.",
    ),
    after="By patient, sorted, each once. Now let it look at a generator that was trained carelessly.",
)


def cases(random: Random, *names: tuple[str, str]) -> list[Case]:
    return [Case(random.tensor(1, 3, 2), torch.zeros(3, 2).long(), (2.0, 2.0), patient, id_) for patient, id_ in names]


@leakage_check.case
def other_slices_of_the_same(random: Random) -> tuple[Any, ...]:
    seen = cases(random, ("p-07", "p-07-z1"), ("p-02", "p-02-z1"), ("p-07", "p-07-z2"), ("p-11", "p-11-z3"))
    return seen, cases(random, ("p-11", "p-11-z9"), ("p-07", "p-07-z4"), ("p-07", "p-07-z5"), ("p-30", "p-30-z1"))


@leakage_check.case
def nobody(random: Random) -> tuple[Any, ...]:
    return cases(random, ("a-1", "x"), ("a-2", "y")), cases(random, ("a-3", "x"), ("a-4", "z"))


@leakage_check.case
def names_within_names(random: Random) -> tuple[Any, ...]:
    seen = cases(random, ("p1", "1"), ("site-b-004", "2"), ("p3", "3"))
    return seen, cases(random, ("p12", "4"), ("site-a-004", "5"), ("p3", "6"), ("p33", "3"))


@leakage_check.case
def names_that_begin_alike(random: Random) -> tuple[Any, ...]:
    seen = cases(random, ("p-11", "1"), ("p-4", "2"), ("q-2", "3"), ("p-30", "4"))
    return seen, cases(random, ("p-1", "5"), ("q-2", "6"), ("p-42", "7"), ("p-3", "8"))


@leakage_check.case
def only_the_last(random: Random) -> tuple[Any, ...]:
    seen = cases(random, *((f"q-{k}", f"q-{k}") for k in range(5, 0, -1)))
    return seen, cases(random, ("r-1", "r-1"), ("q-5", "q-5b"), ("q-4", "q-4b"), ("q-1", "q-1b"))


@leakage_check.case
def the_very_same_slices(random: Random) -> tuple[Any, ...]:
    seen = cases(random, ("b", "b-1"), ("a", "a-1"), ("c", "c-1"))
    copies = [replace(case, image=case.image.clone()) for case in seen[:2]]
    return seen, [*copies, *cases(random, ("c", "c-2"))]


Cases = Sequence[Any]


@leakage_check.mistake(
    "You looked for equal images. Another slice of the same patient is not equal, and is a leak all the same. Compare "
    "`case.patient`."
)
def by_pixels(seen: Cases, held_out: Cases) -> Any:
    found = {b.patient for b in held_out if any(torch.equal(a.image, b.image) for a in seen)}
    return sorted(found)


@leakage_check.mistake(
    "You asked whether the very same *object* is in both lists. Loaded twice, or copied, a case is another object: compare "
    "the names of the patients."
)
def by_object(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient for case in held_out if any(case is other for other in seen)})


@leakage_check.mistake(
    "The names are right, but in the order in which they came. Sort them, so that two reports can be compared line by line."
)
def unsorted(seen: Cases, held_out: Cases) -> Any:
    known = {case.patient for case in seen}
    return list(dict.fromkeys(case.patient for case in held_out if case.patient in known))


@leakage_check.mistake(
    "You returned a set. It has no order, and a report of it changes from run to run: make a sorted list of it."
)
def a_set(seen: Cases, held_out: Cases) -> Any:
    return {case.patient for case in seen} & {case.patient for case in held_out}


@leakage_check.mistake(
    "You returned everybody who is in *either* list. A leak is who is in both: `&`, not `|`."
)  # fmt: skip
def union(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient for case in seen} | {case.patient for case in held_out})


@leakage_check.mistake(
    "You returned the held-out patients whom the generator has *not* seen: those are the good ones. Return those in both."
)
def the_innocent(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient for case in held_out} - {case.patient for case in seen})


@leakage_check.mistake(
    "You returned the patients whom *only* the generator has seen. Those are as they should be; the leak is who is in both."
)
def only_in_training(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient for case in seen} - {case.patient for case in held_out})


@leakage_check.mistake(
    "You returned whether there is a leak. To mend it one must know who: return the names, and an empty list for nobody."
)
def yes_or_no(seen: Cases, held_out: Cases) -> Any:
    return bool({case.patient for case in seen} & {case.patient for case in held_out})


@leakage_check.mistake(
    "You compared the lists place by place. The two are in no common order: compare everybody with everybody, with sets."
)
def place_by_place(seen: Cases, held_out: Cases) -> Any:
    return sorted({a.patient for a, b in zip(seen, held_out, strict=False) if a.patient == b.patient})


@leakage_check.mistake(
    "You stopped at the first patient that leaks. There may be more: look through all of them."
)  # fmt: skip
def the_first_only(seen: Cases, held_out: Cases) -> Any:
    return answers.leakage_check(seen, held_out)[:1]
