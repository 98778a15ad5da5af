"""How good a run is: on patients whom it never saw, on the grid on which they were drawn."""

import json
from dataclasses import asdict

from torch import Tensor
from tqdm.auto import tqdm

from medsegedu.data import Case, Dataset
from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.metrics import Evaluation, evaluate
from medsegedu.runs.run import Run


def evaluate_run(run: Run, data: Dataset, *, progress: bool = True, keep: bool = True) -> Evaluation:
    """Segment each case and measure it; `keep` writes `evaluation.json` into the run.

    Raises:
        UserError: the data have other classes than the run.
    """
    if data.classes != run.settings.classes:
        raise UserError(
            f"The data have the classes {', '.join(data.classes)}, but the run {run.place} was trained on "
            f"{', '.join(run.settings.classes)}; map them first."
        )
    bar = tqdm(total=len(data), desc="evaluating", disable=not progress)

    def segment(case: Case) -> Tensor:
        label = run.segment(case)
        bar.update()
        return label

    with bar:
        found = evaluate(segment, data)
    if keep:
        write_atomically(run.place / "evaluation.json", json.dumps(_content(found), indent=1) + "\n")
    return found


def _content(found: Evaluation) -> dict[str, object]:
    """Every patient's values and their means, with plain names, for other programs to read."""
    measures = {name: [m for m in found.measures if m != "f1" or name == "lesion"] for name in found.classes}
    return {
        "patients": {
            patient: {
                name: {m: round(float(found.of(m, name)[p]), 5) for m in measures[name]} for name in found.classes
            }
            for p, patient in enumerate(found.patients)
        },
        "mean": {name: {m: asdict(found.interval(m, name)) for m in measures[name]} for name in found.classes},
    }  # fmt: skip
