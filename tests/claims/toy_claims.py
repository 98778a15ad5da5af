"""Claims that cost nothing, in a file of their own: other processes import it."""

import os
import time
from pathlib import Path

import torch

from medsegedu.claims import claim
from medsegedu.preset import choose

GAIN = 0.1
ARMS = ("without", "with")


def note(text: str) -> None:
    """One line a measured seed, so that a test can count them."""
    if log := os.environ.get("TOY_LOG"):
        with Path(log).open("a") as file:
            file.write(text + "\n")


@claim("90.helps", sentence="It helps.", source="survey 9", unit="Dice", arms=ARMS, at_least=0.02)
def helps(seed: int) -> dict[str, float]:
    noise = torch.randn(1000).sum().item() / 10000  # the engine seeds torch
    return {"without": 0.7 + 0.01 * seed, "with": 0.7 + 0.01 * seed + GAIN + noise}


@claim("90.slow", sentence="It is slow.", source="survey 9", unit="Dice", arms=ARMS, at_least=0.02, seeds=6)
def slow(seed: int) -> dict[str, float]:
    time.sleep(0.7)
    note(f"{seed} {os.getpid()}")
    return {"without": 0.5, "with": 0.5 + GAIN + 0.001 * seed}


@claim("90.fails", sentence="It fails at times.", source="survey 9", unit="Dice", arms=ARMS, at_least=0.02)
def fails(seed: int) -> dict[str, float]:
    if seed == 1 or os.environ.get("TOY_BROKEN"):
        raise RuntimeError("the network exploded")
    return {"without": 0.5, "with": 0.6}


@claim(
    "90.faster",
    sentence="It is faster.",
    source="survey 9",
    unit="seconds",
    arms=ARMS,
    at_least=2,
    scale="log",
    alone=True,
)
def faster(seed: int) -> dict[str, float]:
    note(f"{os.getpid()} {torch.get_num_threads()}")
    return {"without": 1.0, "with": 3.0 + seed}


@claim(
    "90.sweep", sentence="More is better.", source="survey 9", unit="Dice", arms=("0", "1", "2"), compared=("0", "1"), at_most=0.1
)  # fmt: skip
def sweep(seed: int) -> dict[str, float]:
    return {"0": 0.5, "1": 0.5, "2": choose(smoke=0.1, quick=0.9, full=1.0)}
