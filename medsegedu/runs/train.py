"""Train a network on a dataset and keep all of it in a folder; a run that was stopped goes on where it was."""

import json
from dataclasses import fields
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from medsegedu.data import Dataset
from medsegedu.data.folder import check_seen
from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.runs.evaluate import evaluate_run
from medsegedu.runs.events import Events
from medsegedu.runs.report import write_report
from medsegedu.runs.run import CHECKPOINT, SETTINGS, SPLIT, WEIGHTS, Run, divide, is_first_process, prepare
from medsegedu.runs.settings import LOSSES, Settings
from medsegedu.training import History, fit

LOOKS = 5  # validations and checkpoints, evenly spread


def train(settings: Settings, dataset: Dataset, place: Path, *, progress: bool = True) -> Run:
    """Train, evaluate on the patients kept aside, and write the report.

    Args:
        place: the run's folder. One that was stopped goes on; one that is done is evaluated again.
        progress: show bars.

    Raises:
        UserError: the folder holds a run with other settings, or the data can't be learnt from.
    """
    if is_first_process():
        _claim(place, settings)
    parts = divide(settings, dataset, place)
    check_seen(parts[0], parts[1])
    check_seen(parts[0], parts[2])
    if is_first_process():
        split = {name: part.patients for name, part in zip(("train", "validation", "test"), parts, strict=True)}
        write_atomically(place / SPLIT, json.dumps(split, indent=1) + "\n")
    training, validation = (_prepared(part, settings) for part in parts[:2])

    torch.manual_seed(settings.seed)
    model = settings.network()
    with Events(place) as events:
        history = fit(
            model, training, validation, steps=settings.steps, batch=settings.batch, patch=settings.patch,
            rate=settings.rate, loss=LOSSES[settings.loss], seed=settings.seed, augment=settings.augmentation(),
            checkpoint=place / CHECKPOINT, looks=min(LOOKS, settings.steps), watch=events.add, window=settings.patch,
            progress=progress,
        )  # fmt: skip
    run = Run(place, settings, model)
    if is_first_process():
        _keep(run, model, history)
        evaluation = evaluate_run(run, parts[2], progress=progress)
        write_report(run, history, evaluation, parts[2])
    return run


def _claim(place: Path, settings: Settings) -> None:
    """Make the folder this run's, or see that it is already."""
    path = place / SETTINGS
    if path.exists():
        stored = Settings.read(path)
        for name in (f.name for f in fields(settings)):
            old, new = getattr(stored, name), getattr(settings, name)
            if old != new:
                raise UserError(
                    f"{place} holds a run with {name} = {old}, not {new}; name another folder with --out, or delete this one."
                )
    elif place.exists() and any(place.iterdir()):
        raise UserError(f"{place} holds other files and no run; name an empty or a new folder with --out.")
    else:
        write_atomically(path, settings.text())


def _prepared(data: Dataset, settings: Settings) -> Dataset:
    return Dataset([prepare(case, settings.spacing) for case in data], data.classes, data.contrasts, name=data.name)


def _keep(run: Run, model: nn.Module, history: History) -> None:
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_atomically(run.place / WEIGHTS, save(weights))
    write_atomically(run.place / "history.json", json.dumps(vars(history)) + "\n")
