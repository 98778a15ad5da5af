"""Exercise 9.5, what goes wrong with names: which is compared, and how often it is returned."""

from typing import Any

from medsegedu.exercises.lesson_09.patients import Cases, leakage_check


@leakage_check.mistake(
    "You compared the names of the *slices* (`id`). Two slices of one brain have two names, and the generator that saw "
    "one has half seen the other. Compare `case.patient`."
)
def by_slice(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.id for case in seen} & {case.id for case in held_out})


@leakage_check.mistake(
    "You searched for one name *within* the other (or at its beginning), and so patient p1 was found in p12. Names must be equal."
)
def within_the_name(seen: Cases, held_out: Cases) -> Any:
    return sorted({b.patient for b in held_out if any(a.patient in b.patient for a in seen)})


@leakage_check.mistake(
    "You looked for each name in one long text of names, or within another name, and so p-1 was found in p-11. Names must be "
    "equal: `in` does that for a *set* or a list of names, not for a string."
)
def found_in_a_text(seen: Cases, held_out: Cases) -> Any:
    names = " ".join(case.patient for case in seen)
    return sorted({case.patient for case in held_out if case.patient in names})


@leakage_check.mistake(
    "You asked whether one name *begins* with the other, and so p-11 leaks because of p-1. Names must be "
    "equal: `==`, or two sets."
)
def same_beginning(seen: Cases, held_out: Cases) -> Any:
    return sorted({a.patient for a in seen for b in held_out if a.patient.startswith(b.patient)})


@leakage_check.mistake(
    "You cut the patient's name out of the `id`. How an id is written is up to each hospital, and here some hold no name at all: "
    "a case tells it itself, `case.patient`."
)
def name_out_of_the_id(seen: Cases, held_out: Cases) -> Any:
    return sorted({c.id.rsplit("-", 1)[0] for c in seen} & {c.id.rsplit("-", 1)[0] for c in held_out})


@leakage_check.mistake(
    "You compared the number at the end of the names. Patient 004 of one hospital is not patient 004 of another: compare the "
    "whole name."
)
def by_number(seen: Cases, held_out: Cases) -> Any:
    known = {case.patient.split("-")[-1] for case in seen}
    return sorted({case.patient for case in held_out if case.patient.split("-")[-1] in known})


@leakage_check.mistake(
    "You added a name for every *pair* of slices of the same patient: one with two slices here and two there comes four times. "
    "Each name once, and sorted: collect them in a set, and make a sorted list of it."
)
def for_every_pair(seen: Cases, held_out: Cases) -> Any:
    return [a.patient for a in seen for b in held_out if a.patient == b.patient]


@leakage_check.mistake(
    "Sorted, but you added a name for every *pair* of slices of the same patient: one with two slices here and two there comes "
    "four times. Each name once: collect them in a set first."
)
def for_every_pair_sorted(seen: Cases, held_out: Cases) -> Any:
    return sorted(a.patient for a in seen for b in held_out if a.patient == b.patient)


@leakage_check.mistake(
    "You went through the held-out cases, and for each through those seen, and added a name for every pair that agrees. Each "
    "name once, and sorted: collect them in a set, and make a sorted list of it."
)
def for_every_pair_turned(seen: Cases, held_out: Cases) -> Any:
    return [b.patient for b in held_out for a in seen if a.patient == b.patient]


@leakage_check.mistake(
    "You went through the held-out slices and returned the patient of each that was seen: not sorted, and as often as they have "
    "slices. Each name once: collect them in a set, and make a sorted list of it."
)
def of_every_slice(seen: Cases, held_out: Cases) -> Any:
    known = {case.patient for case in seen}
    return [case.patient for case in held_out if case.patient in known]


@leakage_check.mistake(
    "You returned each patient as often as they have held-out slices. Who leaks is one question, how much another: each name "
    "once."
)
def with_repeats(seen: Cases, held_out: Cases) -> Any:
    known = {case.patient for case in seen}
    return sorted(case.patient for case in held_out if case.patient in known)
