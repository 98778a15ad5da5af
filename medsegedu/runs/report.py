"""`report.html`: what was trained on whom, how it went, and what comes out, on one page that needs no connection."""

import html
import math
from collections.abc import Sequence
from pathlib import Path

import torch

from medsegedu import show
from medsegedu.data import Case, Dataset
from medsegedu.files import write_atomically
from medsegedu.metrics import Evaluation
from medsegedu.plan import load_plan
from medsegedu.runs.run import PLAN, Run
from medsegedu.show.planes import best_index, centre_of_largest, take
from medsegedu.table import html_table
from medsegedu.training import History

_STYLE = """body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; line-height: 1.5 }
table { border-collapse: collapse; font-size: 0.9rem } td, th { padding: 0.2rem 0.8rem; text-align: left }
img { max-width: 100% }"""


def write_report(run: Run, history: History, found: Evaluation, test: Dataset) -> Path:
    """Write the page into the run's folder."""
    settings = run.settings
    scores = found.of("dice")  # (patients,)
    order = scores.argsort()
    parts = [
        f"<h1>{html.escape(settings.model)} on {html.escape(settings.data)}</h1>",
        f"<p>Trained for {history.seconds:.0f} s and {settings.steps} steps; the weights are those of step {history.best_step}. "
        f"All numbers below are of the {len(found.patients)} patients who took no part in training, measured on their own grid. "
        f"The brackets hold the mean of 19 in 20 repeats with other patients.</p>",
        "<h2>How good it is</h2>", _dice(found)._repr_html_(),
        f"<details><summary>Every patient</summary>{found._repr_html_()}</details>",
        "<h2>What it looks like</h2>",
        "<p>The worst patient first: an average hides where a network fails, and that is where to look.</p>",
    ]  # fmt: skip
    for name, place in (("worst", 0), ("middle", len(order) // 2), ("best", -1)):
        patient = found.patients[order[place]]
        case = next(case for case in test if case.patient == patient)
        picture = _compared(case, run.segment(case))
        parts += [
            f"<h3>The {name}: {html.escape(patient)}, Dice {scores[order[place]]:.2f}</h3>",
            picture._repr_html_(),
        ]
    parts += ["<h2>How it was trained</h2>", _loss(history)._repr_html_()]
    if history.validation:
        parts.append(_validation(history)._repr_html_())
    rows = [["setting", "value"], *([name, _text(value)] for name, value in vars(settings).items())]
    if (run.place / PLAN).exists():
        plan = load_plan(run.place / PLAN)
        parts += ["<h2>How it was planned</h2>", plan.fingerprint._repr_html_(), plan._repr_html_()]
    parts += ["<h2>Settings</h2>", html_table(rows)]
    page = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(run.place.name)}</title>"
    return write_atomically(run.place / "report.html", f"{page}<style>{_STYLE}</style>{''.join(parts)}</html>\n")


def _dice(found: Evaluation) -> show.Picture:
    intervals = [(name, found.interval("dice", name)) for name in found.classes]
    rows = [(name, i.mean, i.low, i.high) for name, i in intervals]
    alt = "Dice of each class with its 95 % interval: " + ", ".join(f"{name} {i}" for name, i in intervals) + "."
    return show.intervals(rows, "Dice", alt=alt)


def _loss(history: History) -> show.Picture:
    every = max(1, len(history.loss) // 100)  # the mean of so many steps is a point
    points = [history.loss[i : i + every] for i in range(0, len(history.loss), every)]
    series = ([i * every + 1 for i in range(len(points))], [math.fsum(part) / len(part) for part in points])
    alt = f"The loss falls from {series[1][0]:.2f} to {series[1][-1]:.2f} over {len(history.loss)} steps."
    return show.curves({"loss": series}, "step", "loss", alt=alt)


def _validation(history: History) -> show.Picture:
    steps, scores = zip(*history.validation, strict=True)
    alt = f"Dice on the validation patients, from {scores[0]:.2f} to {max(scores):.2f} at its best."
    return show.curves({"validation Dice": (list(steps), list(scores))}, "step", "Dice", alt=alt)


def _compared(case: Case, prediction: torch.Tensor) -> show.Picture:
    """The truth and the prediction side by side; of a volume the axial slice through the largest object."""
    assert case.label is not None
    image, truth = case.image[0].numpy(), case.label.numpy()
    guess, spacing = prediction.numpy(), case.spacing
    if case.dims == 3:
        index = best_index(truth > 0, "axial", centre_of_largest(truth > 0) if truth.any() else None)
        image, truth, guess = (take(part, "axial", index) for part in (image, truth, guess))
        spacing = (case.spacing[1], case.spacing[0])
    with show.style():
        figure, axes = show.canvas(1, 2, size=(8, 4.4))
        for ax, label, title in zip(axes, (truth, guess), ("drawn", "predicted"), strict=True):
            show.overlay(image, label, ax=ax, spacing=spacing, legend=False)
            ax.set_title(title)
    return show.Picture(figure, f"Patient {case.patient}: the drawn label, and beside it the predicted one.")


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
