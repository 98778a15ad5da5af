"""Train a network: draw a batch, compute the loss, step. All the rest is keeping an eye on it."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from medsegedu.data import Dataset, PatchSampler
from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.losses import dice_ce_loss
from medsegedu.metrics import dice
from medsegedu.training.checkpoint import load_checkpoint, save_checkpoint
from medsegedu.training.device import autocast_dtype, best_device, channels_last


class Sampler(Protocol):
    """Anything that draws batches: image (N, C, *spatial) and what the loss compares with."""

    random: Any

    def draw(self) -> tuple[Tensor, Tensor]: ...


@dataclass
class History:
    """What happened during training.

    Args:
        loss: of each step's batch.
        validation: (step, mean Dice over classes and patients) at each look.
        best_step: the step whose weights the model has now.
        seconds: of training, over all resumed parts.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best_step: int = 0
    seconds: float = 0.0


def fit(
    model: nn.Module,
    train: Dataset | Sampler,
    validation: Dataset | None = None,
    *,
    steps: int,
    batch: int = 16,
    patch: int | tuple[int, ...] = 48,
    rate: float = 6e-3,
    loss: Callable[[Tensor, Tensor], Tensor] = dice_ce_loss,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    looks: int = 5,
    progress: bool = True,
) -> History:
    """Train `model` in place with AdamW on a one-cycle learning rate, and leave it with its best weights.

    The device and the precision are chosen by `training.device`. A run with a `checkpoint` that was stopped goes on where it
    was, and ends with the weights that it would have had.

    Args:
        train: a dataset, from which foreground-aware patches are drawn, or a sampler of your own.
        validation: whole images to look at `looks` times; the weights of the best look are kept. None: the last weights.
        steps: batches in all.
        patch: size in pixels, one number or one per axis.
        rate: the highest learning rate, reached after a quarter of the steps.
        loss: takes (logits, label), returns a scalar.
        checkpoint: a file, written at each look and on Ctrl-C.
        looks: how often to validate and save, evenly spread; the last one is the last step.
        progress: show a bar with the loss and the time left.

    Raises:
        UserError: the loss is no longer finite, or the checkpoint belongs to another run.
    """
    device = best_device()
    sampler: Sampler = PatchSampler(train, patch, batch, seed=seed) if isinstance(train, Dataset) else train
    optimizer, schedule = _optimizer(model.to(device), rate, steps)
    history, best, first = History(), None, 0
    run = {
        "steps": steps,
        "batch": batch,
        "patch": str(patch),
        "rate": rate,
        "seed": seed,
        "model": type(model).__name__,
    }

    if checkpoint and (state := load_checkpoint(Path(checkpoint), run=run)):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        sampler.random.bit_generator.state = json.loads(state["sampler"])
        torch.set_rng_state(state["random"])
        history, best, first = History(**state["history"]), state["best"], state["step"]

    def save(step: int) -> None:
        if checkpoint:
            save_checkpoint(Path(checkpoint), {
                "run": run, "step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(), "sampler": json.dumps(sampler.random.bit_generator.state),
                "random": torch.get_rng_state(), "history": vars(history), "best": best,
            })  # fmt: skip

    look_at = {round(steps * (k + 1) / looks) for k in range(looks)}
    step = first
    start = time.perf_counter() - history.seconds
    bar = tqdm(range(first, steps), initial=first, total=steps, desc="training", disable=not progress)
    try:
        if first == 0:
            torch.manual_seed(seed)  # for networks that drop out
        for step in bar:
            value = _step(model, sampler, loss, optimizer, schedule, device)
            history.loss.append(value)
            bar.set_postfix(loss=f"{value:.3f}", refresh=False)
            if value != value or abs(value) == float("inf"):
                raise UserError(f"The loss is {value} at step {step + 1}; try a lower rate than {rate}.")
            if step + 1 in look_at:
                if validation is not None:
                    best = _look(model, validation, step + 1, history, best)
                history.seconds = time.perf_counter() - start
                save(step + 1)
    except KeyboardInterrupt:
        # The step that was interrupted may have drawn its batch already, so the last whole look is what is kept on disk.
        kept = f"; call fit again to go on from {checkpoint}" if checkpoint and Path(checkpoint).exists() else ""
        raise KeyboardInterrupt(f"training stopped at step {step + 1} of {steps}{kept}") from None
    history.seconds = time.perf_counter() - start
    if best is not None:
        model.load_state_dict(best)
    else:
        history.best_step = steps
    return history


def _optimizer(
    model: nn.Module, rate: float, steps: int
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.25)


def _step(
    model: nn.Module, sampler: Sampler, loss: Callable[[Tensor, Tensor], Tensor], optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler, device: torch.device,
) -> float:  # fmt: skip
    """One step of gradient descent -> the batch's loss."""
    model.train()
    image, label = (part.to(device) for part in sampler.draw())
    layout = channels_last(image.ndim - 2)
    dtype = autocast_dtype(device)
    with torch.autocast(device.type, dtype) if dtype else nullcontext():
        logits = model.to(memory_format=layout)(image.contiguous(memory_format=layout))  # type: ignore[call-overload]
    value = loss(logits.float(), label)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    schedule.step()
    return float(value.detach())


def _look(
    model: nn.Module, validation: Dataset, step: int, history: History, best: dict[str, Tensor] | None
) -> dict[str, Tensor] | None:
    """Validate, and return the best weights so far."""
    scores = []
    for case in validation:
        assert case.label is not None
        prediction = predict(model, case.image)
        present = [c for c in case.label.unique().tolist() if c > 0]
        scores += [dice(prediction == c, case.label == c) for c in present]
    score = sum(scores) / max(1, len(scores))
    if best is None or score > max(value for _, value in history.validation):
        history.best_step = step
        best = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    history.validation.append((step, score))
    return best
