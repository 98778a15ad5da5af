"""The ledger: one row a method, from Otsu's threshold to the last network, all measured with one ruler."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from medsegedu.data import Case, ruler
from medsegedu.errors import UserError
from medsegedu.files import results_folder, write_atomically
from medsegedu.inference import predict
from medsegedu.metrics import Evaluation, evaluate
from medsegedu.preset import preset
from medsegedu.table import html_table, text_table

COLUMNS = {
    "lesson": "lesson", "model": "method", "tissue_dice": "tissue Dice", "lesion_dice": "lesion Dice", "lesion_f1": "lesion F1",
    "hd95_mm": "HD95 mm", "parameters": "parameters", "gflops": "GFLOP a slice", "seconds": "seconds", "peak_mb": "peak MB",
}  # fmt: skip
TISSUES = ("CSF", "grey matter", "white matter")


@dataclass
class Ledger:
    """Rows kept in `<results>/ledger.json`; adding a (lesson, method) again replaces its row.

    HD95 is the mean over the three tissues. Seconds are of training; peak memory is the whole process's so far.
    """

    path: Path = field(default_factory=lambda: results_folder() / "ledger.json")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows so far, in order of lesson.

        Raises:
            UserError: the file is not a ledger.
        """
        try:
            rows = json.loads(self.path.read_text())
            return sorted(rows, key=lambda row: str(row["lesson"]))
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise UserError(
                f"The ledger {self.path} can't be read; delete it, and run the lessons' ledger cells again."
            ) from error

    def add(
        self,
        lesson: str,
        method: str,
        evaluation: Evaluation,
        *,
        model: nn.Module | None = None,
        seconds: float | None = None,
    ) -> "Ledger":
        """Add a method's row from its evaluation on the ruler; a network also gets its parameters and, if flat, operations."""
        flat = model if getattr(model, "dims", 2) == 2 else None  # a volume's network has no operations a slice
        row = {
            "lesson": lesson, "model": method, "preset": preset(),
            "tissue_dice": str(evaluation.interval("dice", TISSUES)), "lesion_dice": str(evaluation.interval("dice", "lesion")),
            "lesion_f1": str(evaluation.interval("f1", "lesion")), "hd95_mm": f"{evaluation.interval('hd95', TISSUES).mean:.2f}",
            "parameters": sum(p.numel() for p in model.parameters()) if model else 0,
            "gflops": round(count_flops(flat, ruler()[0].image[None]) / 1e9, 3) if flat else None,
            "seconds": round(seconds, 1) if seconds is not None else None, "peak_mb": peak_memory_mb(),
        }  # fmt: skip
        kept = [old for old in self.rows if (old["lesson"], old["model"]) != (lesson, method)]
        write_atomically(self.path, json.dumps([*kept, row], indent=1) + "\n")
        return self

    def measure(
        self,
        lesson: str,
        method: str,
        segment: nn.Module | Callable[..., Tensor],
        *,
        model: nn.Module | None = None,
        seconds: float | None = None,
    ) -> Evaluation:
        """Evaluate a network, or a function case -> label map (of `model`), on the ruler and add its row."""
        if isinstance(segment, nn.Module):
            model, segment = segment, partial(_segment, segment)
        evaluation = evaluate(segment, ruler())
        self.add(lesson, method, evaluation, model=model, seconds=seconds)
        return evaluation

    def _cells(self) -> list[list[str]]:
        return [list(COLUMNS.values())] + [
            [
                "-" if row.get(key) is None else f"{row[key]:,}" if key == "parameters" else str(row[key])
                for key in COLUMNS
            ]
            for row in self.rows
        ]

    def __str__(self) -> str:
        return text_table(self._cells())

    def _repr_html_(self) -> str:
        return html_table(self._cells())


def _segment(model: nn.Module, case: Case) -> Tensor:
    return predict(model, case.image)


def count_flops(model: nn.Module, image: Tensor) -> int:
    """Floating-point operations of one forward pass (a multiplication and an addition are two)."""
    weight = next(model.parameters())
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model.eval()(image.to(weight.device, weight.dtype))
    return int(counter.get_total_flops())


def peak_memory_mb() -> int | None:
    """The most memory that this process has held so far, in MB; None where the system does not tell (Windows)."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux; its getrusage would count the process that started this one
        held = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(held) * 1024 / 1e6)
    if sys.platform == "win32":
        return None
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)  # macOS counts bytes
