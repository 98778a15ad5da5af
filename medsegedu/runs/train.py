"""Train a network on a dataset and keep all of it in a folder; a run that was stopped goes on where it was."""

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from medsegedu.data import Dataset
from medsegedu.data.folder import check_seen
from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.plan import Plan, save_plan, steps_in
from medsegedu.runs.evaluate import evaluate_run
from medsegedu.runs.events import Events
from medsegedu.runs.report import write_report
from medsegedu.runs.run import CHECKPOINT, PLAN, SETTINGS, SPLIT, WEIGHTS, Run, divide, is_first_process, prepare
from medsegedu.runs.settings import LOSSES, Settings
from medsegedu.training import History, fit


def train(settings: Settings, dataset: Dataset, place: Path, *, plan: Plan | None = None, progress: bool = True) -> Run:
    """Train, evaluate on the patients kept aside, and write the report.

    Args:
        place: the run's folder. One that was stopped goes on; one that is done is evaluated again.
        plan: from which the settings came, to be kept with the run.
        progress: show bars.

    Raises:
        UserError: the folder holds a run with other settings, the data can't be learnt from, or several processes are asked to
            train for some minutes.
    """
    stored = _stored(place, settings)
    if plan is not None and stored is None and is_first_process():
        save_plan(plan, place / PLAN)
    parts = divide(settings, dataset, place)
    check_seen(parts[0], parts[1])
    check_seen(parts[0], parts[2])
    training, validation = (_prepared(part, settings) for part in parts[:2])
    settings = stored or _with_steps(settings, training, validation)
    if is_first_process():
        write_atomically(place / SETTINGS, settings.text())
        split = {name: part.patients for name, part in zip(("train", "validation", "test"), parts, strict=True)}
        write_atomically(place / SPLIT, json.dumps(split, indent=1) + "\n")

    torch.manual_seed(settings.seed)
    model = settings.network()
    with Events(place) as events:
        history = fit(
            model, training, validation, steps=settings.steps, batch=settings.batch, patch=settings.patch,
            rate=settings.rate, loss=LOSSES[settings.loss], seed=settings.seed, augment=settings.augmentation(),
            checkpoint=place / CHECKPOINT, looks=min(settings.looks, settings.steps), watch=events.add, window=settings.patch,
            progress=progress,
        )  # fmt: skip
    run = Run(place, settings, model)
    if is_first_process():
        _keep(run, model, history)
        evaluation = evaluate_run(run, parts[2], progress=progress)
        write_report(run, history, evaluation, parts[2])
    return run


def _stored(place: Path, settings: Settings) -> Settings | None:
    """The settings of the run in the folder, which must be these; None if there is no run yet, nor other files."""
    path = place / SETTINGS
    if not path.exists():
        if is_first_process() and place.exists() and any(file.name != PLAN for file in place.iterdir()):
            raise UserError(f"{place} holds other files and no run; name an empty or a new folder with --out.")
        return None
    stored = Settings.read(path)
    measured = (
        {"steps", "looks"} if settings.minutes is not None else set()
    )  # the first start measured how many the minutes hold
    for name in (f.name for f in fields(settings) if f.name not in measured):
        old, new = getattr(stored, name), getattr(settings, name)
        if old != new:
            raise UserError(
                f"{place} holds a run with {name} = {old}, not {new}; name another folder with --out, or delete this one."
            )
    return stored


def _with_steps(settings: Settings, training: Dataset, validation: Dataset) -> Settings:
    """The settings with as many steps and looks as their minutes hold, measured here and now."""
    if settings.minutes is None:
        return settings
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError("Several processes would each measure other steps; give --steps in place of --minutes.")
    timing = steps_in(
        settings.minutes, settings.network(), training, validation, batch=settings.batch, patch=settings.patch,
        rate=settings.rate, loss=LOSSES[settings.loss], augment=settings.augmentation(), looks=settings.looks,
        window=settings.patch,
    )  # fmt: skip
    return replace(settings, steps=timing.steps, looks=timing.looks)


def _prepared(data: Dataset, settings: Settings) -> Dataset:
    return Dataset([prepare(case, settings.spacing) for case in data], data.classes, data.contrasts, name=data.name)


def _keep(run: Run, model: nn.Module, history: History) -> None:
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_atomically(run.place / WEIGHTS, save(weights))
    write_atomically(run.place / "history.json", json.dumps(vars(history)) + "\n")
