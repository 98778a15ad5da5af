"""Lesson 06: what each kind of attention adds to a U-Net, what it costs, and what criss-cross attention saves.

Virtual patients, axial slices of 2 mm. Each seed has its own patients for training and testing; its networks share them, and
every weight that is not attention starts alike. All have 16 channels at the first level and train for the same number of steps.
"""

import functools
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import torch

from medsegedu.claims import claim
from medsegedu.data import virtual_patients
from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.layers import CrissCross, NonLocal
from medsegedu.metrics import evaluate
from medsegedu.models import UNet
from medsegedu.models.unet_attention import AttentionKind
from medsegedu.preset import choose
from medsegedu.training import fit
from medsegedu.training.ledger import peak_memory_mb

KINDS: dict[str, AttentionKind] = {
    "SE": "se", "CBAM": "cbam", "scSE": "scse", "gates": "gate", "non-local": "non_local", "criss-cross": "criss_cross",
}  # fmt: skip
"""The name of a kind of attention, and what `UNet(attention=...)` calls it."""


def _sentence(what: str) -> str:
    return f"Attention strengthens the features that matter: {what} makes a U-Net segment more accurately."


@claim(
    "06.se", sentence=_sentence("squeeze and excitation"), source="survey 2.4", unit="Dice",
    arms=("no attention", "SE"), at_least=0.01, seeds=8,
)  # fmt: skip
def se_helps(seed: int) -> dict[str, float]:
    """Mean Dice of the tissues and the lesions, as in the five claims that follow."""
    return _pair("SE", seed)


@claim(
    "06.cbam", sentence=_sentence("CBAM"), source="survey 2.4", unit="Dice",
    arms=("no attention", "CBAM"), at_least=0.01, seeds=8,
)  # fmt: skip
def cbam_helps(seed: int) -> dict[str, float]:
    return _pair("CBAM", seed)


@claim(
    "06.scse", sentence=_sentence("scSE"), source="survey 2.4", unit="Dice",
    arms=("no attention", "scSE"), at_least=0.01, seeds=8,
)  # fmt: skip
def scse_helps(seed: int) -> dict[str, float]:
    return _pair("scSE", seed)


@claim(
    "06.gates", sentence=_sentence("a gate on each skip"), source="survey 2.4", unit="Dice",
    arms=("no attention", "gates"), at_least=0.01, seeds=8,
)  # fmt: skip
def gates_help(seed: int) -> dict[str, float]:
    return _pair("gates", seed)


@claim(
    "06.non_local", sentence=_sentence("a non-local block"), source="survey 2.4", unit="Dice",
    arms=("no attention", "non-local"), at_least=0.01, seeds=8,
)  # fmt: skip
def non_local_helps(seed: int) -> dict[str, float]:
    return _pair("non-local", seed)


@claim(
    "06.criss_cross", sentence=_sentence("criss-cross attention"), source="survey 2.4", unit="Dice",
    arms=("no attention", "criss-cross"), at_least=0.01, seeds=8,
)  # fmt: skip
def criss_cross_helps(seed: int) -> dict[str, float]:
    return _pair("criss-cross", seed)


@claim(
    "06.constant_cost",
    sentence='Attention comes "on the basis of constant complexity and computation": none of six kinds makes a training '
    "step of a U-Net take more than 1.1 times as long.",
    source="survey 2.4",
    unit="milliseconds",
    arms=("no attention", *KINDS),
    difference=lambda values: max(values[name] for name in KINDS) / values["no attention"],
    at_most=1.1,
    scale="log",
    alone=True,
)
def costs_nothing(seed: int) -> dict[str, float]:
    """The median time of a forward and a backward pass of 8 patches of 64 pixels, in turns; the dearest kind is compared."""
    torch.manual_seed(seed)
    image = torch.randn(8, 3, 64, 64)
    networks = {
        name: UNet(3, 5, width=16, depth=3, attention=kind) for name, kind in [("no attention", None), *KINDS.items()]
    }
    times: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(choose(smoke=2, quick=12, full=40)):
        for name, network in networks.items():  # in turns, so that a disturbance meets all of them
            start = time.perf_counter()
            network(image).square().mean().backward()
            if turn > 0:  # the first one sets up
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: sorted(found)[len(found) // 2] for name, found in times.items()}


@claim(
    "06.memory",
    sentence="Criss-cross attention needs N sqrt(N) memory, a non-local block N squared: at 96 x 96 pixels less than a fifth.",
    source="Huang et al. 2019, where survey 2.4 points",
    unit="MB",
    arms=("criss-cross", "non-local"),
    at_least=5,
    scale="log",
    alone=True,
)
def criss_cross_saves_memory(seed: int) -> dict[str, float]:
    """What a process holds at most during a forward and a backward pass of 64 channels, above what it held before."""
    return {
        name: _in_a_process(name, choose(smoke=32, quick=96, full=96), seed) for name in ("criss-cross", "non-local")
    }


def _pair(name: str, seed: int) -> dict[str, float]:
    score = _remembering(_dice)
    return {"no attention": score(None, seed), name: score(KINDS[name], seed)}


@functools.cache
def _remembering(function: Callable[..., float]) -> Callable[..., float]:
    """The function, which does not train again what it just trained: six claims share the network without attention."""
    return functools.cache(function)


def _dice(kind: AttentionKind | None, seed: int) -> float:
    """Train and test a U-Net with this kind of attention on the patients of this seed."""
    trained, tested = choose(smoke=(2, 2), quick=(16, 8), full=(64, 16))
    steps = choose(smoke=3, quick=200, full=3000)
    torch.manual_seed(seed)
    model = UNet(3, 5, width=16, depth=3, attention=kind)
    train, test = virtual_patients(trained, seed=6000 + seed), virtual_patients(tested, seed=7000 + seed)
    fit(model, train, steps=steps, patch=48, batch=8, seed=seed, progress=False)
    return evaluate(lambda case: predict(model, case.image), test).interval("dice").mean


def _in_a_process(name: str, size: int, seed: int) -> float:
    """`_held` in a process of its own, whose peak no earlier work has raised."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_held, name, size, seed).result()


def _held(name: str, size: int, seed: int) -> float:
    """MB above what this process held before, as the operating system counts."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    layer = {"criss-cross": CrissCross, "non-local": NonLocal}[name](64)
    layer(torch.rand(1, 64, 8, 8, requires_grad=True)).sum().backward()  # what torch loads only once
    image = torch.rand(1, 64, size, size, requires_grad=True)
    before = peak_memory_mb()
    layer(image).square().sum().backward()
    after = peak_memory_mb()
    if before is None or after is None:
        raise UserError(
            "This system does not tell how much memory a process holds; measure 06.memory on Linux or macOS."
        )
    return max(after - before, 1)
