"""What exercise 0.6 asks of a split, whichever patients chance puts where: each check returns None or a sentence.

A sentence holds no number that chance decides, so that a mistake has the same sentences whoever makes it.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_00.answers import Split

Attempt = Callable[..., Any]
Check = Callable[[Attempt, Random], str | None]
REPEATS = 12  # two seeds may choose the same patient of eight by chance; not twelve seeds
SEEDS = 300  # so many that every pair of ten patients meets in the test, but for a chance of 1 in 20 million
SIZES = (
    (38, 9, 0.2),
    (31, 5, 0.4),
    (8, 6, 0.05),
    (7, 4, 0.5),
)  # patients, most images of one, share; 7.6, 12.4, 0.4, 3.5


def runs(attempt: Attempt, patients: list[str], share: float, seed: int) -> bool:
    """Whether the attempt runs at all (on the list itself: writing into it is noticed); the rest is for the checks."""
    attempt(patients, share, seed)
    return True


def scans(random: Random, patients: int, most: int) -> list[str]:
    """A name per image: each patient has 1 to `most` images, next to one another for some and scattered for others."""
    names = [f"patient-{i:02d}" for i in range(patients) for _ in range(int(random.integers(1, most + 1)))][::-1]
    half = len(names) // 2
    return names[:half] + list(map(str, random.numpy.permutation(names[half:])))


def _piles(random: Random) -> list[tuple[list[str], float]]:
    return [(scans(random, count, most), share) for count, most, share in SIZES]


def two_lists_of_numbers(attempt: Attempt, random: Random) -> str | None:
    for patients, share in _piles(random):
        result = attempt(list(patients), share, 5)
        if result is None:
            return "Your function returned nothing (None). Printing is not returning: end with `return train, test`."
        if not isinstance(result, list | tuple | np.ndarray) or len(result) != 2 or not all(map(_is_list, result)):
            return "Two lists are wanted, the training part and the test part: end with `return train, test`."
        items = [item for part in result for item in part]
        if not items:
            return "Both of your lists are empty: no image was put into either part."
        if any(isinstance(item, bool | np.bool_) for item in items):
            return (
                "You returned True and False for the images. Return their numbers: `np.flatnonzero(mask)` gives the places "
                "where a mask is True."
            )
        if any(isinstance(item, str) for item in items):
            return "You returned names. Return numbers of images: `i` for each image `i` whose patient is in that part."
        if not all(isinstance(item, int | np.integer) for item in items):
            return "The two lists must hold whole numbers, the numbers `i` of the images."
    return None


def nobody_in_both(attempt: Attempt, random: Random) -> str | None:
    for patients, share in _piles(random):
        train, test = _parts(attempt, patients, share, 5)
        if {patients[i] for i in train} & {patients[i] for i in test}:
            return "A patient is in both parts: some of their images in training, some in the test. That is a leak."
    return None


def every_image_once(attempt: Attempt, random: Random) -> str | None:
    for patients, share in _piles(random):
        train, test = _parts(attempt, patients, share, 5)
        used = [*train, *test]
        if lost := set(range(len(patients))) - set(used):
            whole = {patients[i] for i in lost} - {patients[i] for i in used}
            if whole:
                return "Some patients are in neither part. Who is not in the test belongs into training, all of them."
            return "Some images are in neither part, though other images of the same patient are. Use all images."
        if len(set(used)) < len(used):
            return "An image is in your lists twice. Each belongs into one part, once."
    return None


def as_many_patients_as_asked(attempt: Attempt, random: Random) -> str | None:
    for patients, share in _piles(random):
        train, test = _parts(attempt, patients, share, 5)
        own, held_out = ({patients[i] for i in part} for part in (train, test))
        count = len(set(patients))
        wanted = max(1, round(share * count))
        if own & held_out or len(held_out) == wanted:
            continue
        if not test:
            return f"With {count} patients and a share of {share:g} your test part is empty: it needs at least one patient."
        if len(held_out) == count - wanted:
            return f"{wanted} of {count} patients belong into the test part, but so many are in your training part: exchanged?"
        word = "fewer" if len(held_out) < wanted else "more"
        return f"{share:g} of {count} patients, rounded, is {wanted}; your test part has {word} patients than that."
    return None


def same_seed_same_split(attempt: Attempt, random: Random) -> str | None:
    for patients, share in _piles(random):
        first = sorted(_parts(attempt, patients, share, 5)[1])
        if any(sorted(_parts(attempt, patients, share, 5)[1]) != first for _ in range(REPEATS)):
            return "The same call gives another split each time: draw everything with `np.random.default_rng(seed)`."
    return None


def no_order_of_a_set(attempt: Attempt, random: Random) -> str | None:
    """New names in the same alphabetical order: only where a name's hash decides does the split change."""
    for patients, share in _piles(random):
        first = sorted(_parts(attempt, patients, share, 5)[1])
        for k in range(REPEATS):
            renamed = [f"{name}-{k}" for name in patients]
            if sorted(_parts(attempt, renamed, share, 5)[1]) != first:
                return (
                    "The same patients under other names, in the same alphabetical order, are divided in another way. A "
                    "`set` of strings has another order in every run of Python: sort it, `sorted(set(patients))`."
                )
    return None


def another_seed_another_split(attempt: Attempt, random: Random) -> str | None:
    patients, share = _piles(random)[2]
    if len({tuple(sorted(_parts(attempt, patients, share, seed)[1])) for seed in range(REPEATS)}) == 1:
        return "Whatever `seed` is, your test part is the same: draw the patients with `np.random.default_rng(seed)`."
    return None


def every_draw_can_happen(attempt: Attempt, random: Random) -> str | None:
    """Three of ten patients can be drawn in 120 ways; with 300 seeds about 110 of them come."""
    patients = [f"patient-{i}" for i in range(10) for _ in range(2)]
    drawn = {frozenset(patients[i] for i in _parts(attempt, patients, 0.3, seed)[1]) for seed in range(SEEDS)}
    names = sorted(set(patients))
    few = f"{SEEDS} seeds gave only a few different test parts. Hand `seed` to `np.random.default_rng` as it is."
    if len(drawn) < 6:
        return few
    if missing := [name for name in names if not any(name in test for test in drawn)]:
        return (
            f"With {SEEDS} seeds, {missing[0]} of ten patients never came into the test part. All must have a chance."
        )
    if any(not any({*pair} <= test for test in drawn) for pair in combinations(names, 2)):
        return (
            f"With {SEEDS} seeds, some two of ten patients were never in the test part together: you draw neighbours in the "
            "list. Shuffle all names, then take the first ones."
        )
    return few if len(drawn) < 60 else None


CHECKS: tuple[Check, ...] = (
    two_lists_of_numbers, nobody_in_both, every_image_once, as_many_patients_as_asked, same_seed_same_split,
    no_order_of_a_set, another_seed_another_split, every_draw_can_happen,
)  # fmt: skip


def _is_list(part: Any) -> bool:
    return isinstance(part, list | tuple | set | range) or (isinstance(part, np.ndarray) and part.ndim == 1)


def _parts(attempt: Attempt, patients: list[str], share: float, seed: int) -> Split:
    """The two parts as lists; two empty ones if the answer is no split at all, which `two_lists_of_numbers` tells."""
    result = attempt(list(patients), share, seed)
    try:
        train, test = ([int(i) for i in part if 0 <= int(i) < len(patients)] for part in result)
    except (TypeError, ValueError):
        return [], []
    return train, test
