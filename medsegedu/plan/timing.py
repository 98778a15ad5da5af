"""How fast this computer trains: measured on a few steps, never guessed."""

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from medsegedu.data import Augment, Dataset, PatchSampler
from medsegedu.device import best_device
from medsegedu.errors import UserError
from medsegedu.losses import dice_ce_loss
from medsegedu.models import UNet
from medsegedu.training.distributed import World
from medsegedu.training.step import Loss, Sampler, Stepper

WARM, TIMED = 2, 8  # steps: the first ones set up what later ones find
LEAST = 10  # steps: fewer can't warm up and cool down
LOOKING = 0.2  # the share of the time that looks at the validation cases may take, if there is more than one look
_SIDE = {2: 128, 3: 32}  # of the patch on which the speed is measured, by dims


@dataclass(frozen=True)
class Timing:
    """How many steps fit into some minutes, and what was measured to know it.

    Args:
        steps: that fit, with their looks at the validation cases.
        step_seconds: the mean of a few steps.
        look_seconds: one look at all validation cases, from a look at one of median size.
        looks: for which there is time, one or more.
    """

    steps: int
    step_seconds: float
    look_seconds: float
    looks: int


def steps_in(
    minutes: float,
    model: nn.Module,
    train: Dataset,
    validation: Dataset,
    *,
    batch: int,
    patch: Sequence[int],
    rate: float,
    loss: Loss = dice_ce_loss,
    augment: Augment | None = None,
    looks: int = 5,
    window: Sequence[int] | None = None,
) -> Timing:
    """How many steps of `training.fit` fit into `minutes` of the clock on the wall, with looks at the validation cases.

    A copy of the model takes two steps that don't count and eight whose mean does, and looks twice at the validation case
    of median size, whose second time stands for the other cases by their voxels. The model and torch's random numbers stay as
    they are. A computer that becomes busier later takes longer for these steps.

    Args: as of `training.fit`; fewer `looks` are taken if they would need more than a fifth of the time.

    Raises:
        UserError: not even ten steps fit.
    """
    start = time.perf_counter()
    with torch.random.fork_rng():
        stepper = _stepper(
            copy.deepcopy(model), PatchSampler(train, tuple(patch), batch), loss, augment, train[0].spacing, rate
        )
        seconds = _timed(stepper)
        sizes = [case.image[0].numel() for case in validation]
        middle = int(np.argsort(sizes)[len(sizes) // 2])
        seen = None if window is None else tuple(window)
        only = Dataset([validation[middle]], validation.classes, validation.contrasts)
        stepper.look(only, seen)  # the first sets up what the second finds
        before = time.perf_counter()
        stepper.look(only, seen)
        look = (time.perf_counter() - before) * sum(sizes) / sizes[middle]
    left = 60 * minutes - (time.perf_counter() - start)
    looks = max(1, min(looks, math.floor(LOOKING * left / look)))
    steps = math.floor((left - looks * look) / seconds)
    if steps < LEAST:
        raise UserError(
            f"{minutes:g} minutes are too short for {LEAST} steps: one takes {seconds:.2g} s and a look at the "
            f"validation cases {look:.2g} s; give more --minutes, or a smaller patch."
        )
    return Timing(steps, seconds, look, looks)


def voxels_a_second(dims: int, width: int) -> float:
    """Voxels that training steps pass in a second: of a U-Net of depth 3 on two patches of 32 x 32 x 32 or 128 x 128."""
    side = _SIDE[dims]
    with torch.random.fork_rng():
        model = UNet(1, 2, width=width, depth=3, dims=dims, norm="instance")
        stepper = _stepper(model, _Noise((side,) * dims), dice_ce_loss, Augment(), (1.0,) * dims, 1e-3)
        return 2 * side**dims / _timed(stepper)


def _stepper(
    model: nn.Module, sampler: Sampler, loss: Loss, augment: Augment | None, spacing: tuple[float, ...], rate: float
) -> Stepper:
    return Stepper(
        model.to(best_device()), sampler, loss, rate=rate, steps=WARM + TIMED, augment=augment, spacing=spacing,
        world=World(),
    )  # fmt: skip


def _timed(stepper: Stepper) -> float:
    """The mean seconds of a step: not all take as long, because augmentation changes some batches more than others."""
    for _ in range(WARM):
        stepper()
    before = time.perf_counter()
    for _ in range(TIMED):
        stepper()  # it returns a number, for which a GPU has to finish
    return (time.perf_counter() - before) / TIMED


class _Noise:
    """A sampler of batches of two patches without any content."""

    def __init__(self, size: tuple[int, ...]) -> None:
        self.random, self.size = np.random.default_rng(0), size

    def draw(self) -> tuple[Tensor, Tensor]:
        return torch.randn(2, 1, *self.size), torch.randint(0, 2, (2, *self.size))
