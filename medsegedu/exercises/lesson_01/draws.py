"""Exercise 1.2: draw every class equally often."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from medsegedu.data import balanced_sample as reference
from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_01.chance import fault, places, tied, uneven

Generator = np.random.Generator


def _run(attempt: Any, label: Tensor, n: int, seed: int) -> None:
    """Two right answers draw different pixels, so a case only sees whether the code runs; the behaviours judge."""
    attempt(label, n, np.random.default_rng(seed))


balanced_sample = Exercise(
    "01.balanced_sample",
    reference=reference,
    title="Draw every class equally often",
    minutes=15,
    difficulty=2,
    hints=(
        "Go class by class: `label.unique()` tells which are there, and `(label == value).nonzero()` where.",
        "`random.integers(m, size=count)` gives `count` numbers from 0 to m - 1, some of them more than once. That is wanted: "
        "a lesion of 3 pixels has to serve 20 times. What should `m` be?",
        "With 3 classes and n = 10, the counts are 4, 3 and 3: `n // 3`, and one more for the first `n % 3` classes.",
    ),
    after="The next cell shows what it changes: the same number of draws, with and without balance.",
    call=_run,
)


def _label(random: Random, height: int, width: int, rare: int = 4, pixels: int = 3) -> Tensor:
    """Mostly 0, some 1, a few pixels of the class `rare`, and nothing of the classes between."""
    label = random.mask(height, width, share=0.25).long()
    flat = label.flatten()
    flat[torch.from_numpy(random.numpy.permutation(flat.numel())[:pixels])] = rare
    return flat.reshape(height, width)


@balanced_sample.case
def slice_with_absent_classes(random: Random) -> tuple[Any, ...]:
    return _label(random, 9, 23), 30, 1


@balanced_sample.case
def stack_of_slices(random: Random) -> tuple[Any, ...]:
    return _label(random, 24, 7).reshape(4, 6, 7), 17, 4


@balanced_sample.behaviour
def each_class_has_its_share(attempt: Any, random: Random) -> str | None:
    five = torch.tensor([1, 2, 3, 5, 7]).repeat_interleave(6).reshape(5, 2, 3)  # five classes, one in each slice
    tasks = [
        (_label(random, 9, 23), 30),
        (_label(random, 17, 8, rare=3), 20),
        (_label(random, 7, 12) + 2, 13),
        (_label(random, 24, 7).reshape(4, 6, 7), 17),
        (five, 3),
    ]
    found = (fault(attempt(label, n, np.random.default_rng(n)), label, n) for label, n in tasks)
    return next((sentence for sentence in found if sentence), None)


@balanced_sample.behaviour
def the_generator_decides(attempt: Any, random: Random) -> str | None:
    label = _label(random, 11, 19)
    draws = [attempt(label, 24, np.random.default_rng(seed)) for seed in (7, 7, 8)]
    if fault(draws[0], label, 24):
        return None  # said above
    first, again, other = (torch.as_tensor(drawn) for drawn in draws)
    if not torch.equal(first, again):
        return "Two runs with the same seed drew other pixels; take all chance from the generator `random` that you are given."
    if not torch.equal(first, other):
        return None
    top = all(int(places(first, label, value).max()) < 8 for value in (0, 1))
    which = "and always the first of a class" if top else "so your function doesn't ask the generator it is given"
    return f"Two generators with different seeds gave the same pixels, {which}; draw with `random.integers(...)`."


@balanced_sample.behaviour
def every_pixel_of_a_large_class_comes(attempt: Any, random: Random) -> str | None:
    label = torch.zeros(3, 9, 11, dtype=torch.int64)
    label[1:, 4:, 2:5] = 3  # 30 pixels against 267
    drawn = attempt(label, 32_000, np.random.default_rng(5))
    if fault(drawn, label, 32_000):
        return None
    counts = {v: torch.bincount(places(drawn, label, v), minlength=int((label == v).sum())) for v in (0, 3)}
    return next((sentence for v, times in counts.items() if (sentence := uneven(times, v))), None)


@balanced_sample.behaviour
def chance_in_small_batches(attempt: Any, random: Random) -> str | None:
    label = torch.zeros(5, 7, dtype=torch.int64)
    label[2:, :4] = 3  # 12 pixels against 23
    generator = np.random.default_rng(6)
    calls = [attempt(label, 8, generator) for _ in range(800)]  # four draws of each class
    if fault(calls[0], label, 8) or fault(calls[-1], label, 8):
        return None
    for value, pixels in ((0, 23), (3, 12)):
        rounds = torch.stack([places(drawn, label, value) for drawn in calls])  # (800, 4)
        if sentence := uneven(torch.bincount(rounds.flatten(), minlength=pixels), value):
            return f"In 800 batches of 8 draws: {sentence[0].lower()}{sentence[1:]}"
        if sentence := tied(rounds, pixels):
            return sentence
    return None
