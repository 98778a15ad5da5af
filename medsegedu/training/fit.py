"""Train a network: draw a batch, compute the loss, step. All the rest is keeping an eye on it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from medsegedu.data import Augment, Dataset, PatchSampler
from medsegedu.device import best_device
from medsegedu.errors import UserError
from medsegedu.losses import DeepSupervision, dice_ce_loss
from medsegedu.training.checkpoint import load_checkpoint, save_checkpoint
from medsegedu.training.distributed import join_world
from medsegedu.training.step import Loss, Sampler, Stepper


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
    loss: Loss = dice_ce_loss,
    augment: Augment | None = None,
    seed: int = 0,
    checkpoint: Path | str | None = None,
    looks: int = 5,
    window: int | tuple[int, ...] | None = None,
    watch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place with AdamW on a one-cycle learning rate, and leave it with its best weights.

    The device and the precision are chosen by `medsegedu.device`. A run with a `checkpoint` that was stopped goes on where it
    was, and ends with the weights that it would have had.

    Args:
        train: a dataset, from which foreground-aware patches are drawn, or a sampler of your own.
        validation: whole images to look at `looks` times; the weights of the best look are kept. None: the last weights.
        steps: batches in all.
        patch: size in pixels, one number or one per axis.
        rate: the highest learning rate, reached after a quarter of the steps.
        loss: takes (logits, label), returns a scalar. A `DeepSupervision` takes the logits of all of `model.heads(image)`.
        augment: changes each batch at random; None leaves the patches as they are.
        checkpoint: a file, written at each look.
        looks: how often to validate and save, evenly spread; the last one is the last step.
        window: validation images go through in windows of this size, as large volumes must; None: whole.
        watch: called with the history so far at each look, before the checkpoint is written.
        progress: show a bar with the loss and the time left.

    Raises:
        UserError: the loss is no longer finite, the checkpoint belongs to another run, or the model lacks the heads that
            DeepSupervision trains.
    """
    if isinstance(loss, DeepSupervision) and not callable(getattr(model, "heads", None)):
        raise UserError(
            f"{type(model).__name__} has no heads to supervise; give the loss itself, not DeepSupervision(loss)."
        )
    sampler: Sampler = PatchSampler(train, patch, batch, seed=seed) if isinstance(train, Dataset) else train
    spacing = train[0].spacing if isinstance(train, Dataset) else None
    world = join_world(batch)
    step_once = Stepper(
        model.to(best_device()), sampler, loss, rate=rate, steps=steps, augment=augment, spacing=spacing, world=world
    )  # fmt: skip
    history, best, first = History(), None, 0
    run = {
        "steps": steps, "batch": batch, "patch": str(patch), "rate": rate, "seed": seed, "model": type(model).__name__,
        "augment": str(augment),
    }  # fmt: skip

    if checkpoint and (state := load_checkpoint(Path(checkpoint), run=run)):
        model.load_state_dict(state["model"])
        step_once.optimizer.load_state_dict(state["optimizer"])
        step_once.schedule.load_state_dict(state["schedule"])
        sampler.random.bit_generator.state = json.loads(state["sampler"])
        torch.set_rng_state(state["random"])
        history, best, first = History(**state["history"]), state["best"], state["step"]

    def save(step: int) -> None:
        if checkpoint and world.rank == 0:
            save_checkpoint(Path(checkpoint), {
                "run": run, "step": step, "model": model.state_dict(), "optimizer": step_once.optimizer.state_dict(),
                "schedule": step_once.schedule.state_dict(), "sampler": json.dumps(sampler.random.bit_generator.state),
                "random": torch.get_rng_state(), "history": vars(history), "best": best,
            })  # fmt: skip

    look_at = {round(steps * (k + 1) / looks) for k in range(looks)}
    step = first
    start = time.perf_counter() - history.seconds
    bar = tqdm(range(first, steps), initial=first, total=steps, desc="training", disable=not progress or world.rank > 0)
    try:
        if first == 0:
            torch.manual_seed(seed)  # for networks that drop out
        for step in bar:
            value = step_once()
            history.loss.append(value)
            bar.set_postfix(loss=f"{value:.3f}", refresh=False)
            if value != value or abs(value) == float("inf"):
                raise UserError(f"The loss is {value} at step {step + 1}; try a lower rate than {rate}.")
            if step + 1 in look_at:
                if validation is not None:
                    best = _keep(step_once.look(validation, window), step + 1, model, history, best)
                history.seconds = time.perf_counter() - start
                if watch is not None and world.rank == 0:
                    watch(history)
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


def _keep(
    score: float, step: int, model: nn.Module, history: History, best: dict[str, Tensor] | None
) -> dict[str, Tensor] | None:
    """Write down the score of this look, and return the best weights so far."""
    if best is None or score > max(value for _, value in history.validation):
        history.best_step = step
        best = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    history.validation.append((step, score))
    return best
