"""Run solved lessons without a browser: what they print goes to an HTML file, what they measure to the ledger."""

import json
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from medsegedu.course.catalogue import find_lessons
from medsegedu.course.front_matter import LessonInfo
from medsegedu.course.kernel import execute
from medsegedu.course.lab import interruptible
from medsegedu.course.notebook import notebook
from medsegedu.course.page import save_page
from medsegedu.course.source import read_source
from medsegedu.errors import UserError
from medsegedu.files import results_folder
from medsegedu.preset import PRESETS
from medsegedu.preset import preset as current_preset
from medsegedu.table import text_table

_PLACES = ("MEDSEGEDU_DATA", "MEDSEGEDU_CACHE")  # the kernel runs in another folder, so they become absolute


@dataclass(frozen=True)
class LessonRun:
    """How a lesson went. `error` is a sentence, or None; `peak_mb` is None where the system does not tell."""

    lesson: str
    seconds: float
    peak_mb: float | None
    page: Path
    rows: tuple[dict[str, Any], ...]  # of the ledger, that the lesson added
    error: str | None


@dataclass(frozen=True)
class RunResult:
    """How the lessons went, in order; with `keep_going` off the first that fails is the last."""

    lessons: tuple[LessonRun, ...]

    @property
    def exit_code(self) -> int:
        """0, or 1 if a lesson failed."""
        return int(any(lesson.error for lesson in self.lessons))


def run(
    lesson: str,
    *,
    preset: str | None = None,
    out: Path | None = None,
    keep_going: bool = False,
    root: Path | None = None,
) -> RunResult:
    """Execute solved lessons, and say how it goes: a bar over the cells, the ledger's new rows, seconds and memory.

    Args:
        lesson: "3", "03", "03_unet", "unet" or "all".
        preset: "smoke", "quick" or "full"; default: `MEDSEGEDU_PRESET`, else quick.
        out: the folder for `03_unet.html` and the ledger; default: `MEDSEGEDU_RESULTS`, else ./results.
        keep_going: after a lesson that failed, run the next.
        root: the checkout; default: `find_root`, else the lessons in the package.

    Raises:
        UserError: no such lesson or preset, a source that is broken, a folder that can't be written.
        KeyboardInterrupt: Ctrl-C, or being asked to end; the kernel is gone by then.
    """
    sources = [read_source(path) for path in find_lessons(lesson, root)]
    built = [notebook(source, "solutions") for source in sources]  # all of them now, and not after an hour of computing
    preset = preset or current_preset()
    if preset not in PRESETS:
        raise UserError(f"No preset '{preset}'; there are {', '.join(PRESETS)}.")
    folder = _writable(out or results_folder())
    runs: list[LessonRun] = []
    for source, solved in zip(sources, built, strict=True):
        result = _run(source.info, solved, preset, folder)
        tqdm.write(_summary(result))
        if result.error:
            tqdm.write(result.error, file=sys.stderr)
        runs.append(result)
        if result.error and not keep_going:
            break
    return RunResult(tuple(runs))


def _run(info: LessonInfo, built: Any, preset: str, folder: Path) -> LessonRun:
    name, page = info.name, folder / f"{info.name}.html"
    variables = {"MEDSEGEDU_STRICT": "right", "MEDSEGEDU_PRESET": preset, "MEDSEGEDU_RESULTS": str(folder)}
    variables |= {key: str(Path(os.environ[key]).absolute()) for key in _PLACES if os.environ.get(key)}
    steps = _steps(built)
    before = _ledger(folder)
    began = time.perf_counter()
    try:
        with (
            interruptible(),
            tempfile.TemporaryDirectory(prefix="medsegedu-", ignore_cleanup_errors=True) as scratch,
            tqdm(total=len(steps), unit="cell", dynamic_ncols=True, leave=False) as bar,
        ):

            def before_cell(cell: Any) -> None:
                bar.n, heading = steps[cell.id]
                bar.set_description_str(f"{name}: {heading}")

            failure, peak = execute(built, Path(scratch), variables, before_cell)
    finally:  # after an interrupt too: what was finished is kept
        seconds = time.perf_counter() - began
        save_page(built, f"Lesson {info.number} - {info.title}", page)
    error = None
    if failure:
        message = failure.message.rstrip(".")
        error = f"{name} failed in the cell `{failure.cell}`: {message}. What ran until there is in {page}."
    rows = tuple(row for row in _ledger(folder) if row not in before)
    return LessonRun(name, seconds, peak / 1e6 if peak else None, page, rows, error)


def _steps(built: Any) -> dict[str, tuple[int, str]]:
    """For each code cell, by id: how many come before it, and the heading that it stands under."""
    steps: dict[str, tuple[int, str]] = {}
    heading = ""
    for cell in built.cells:
        if cell.cell_type == "code":
            steps[cell.id] = (len(steps), heading)
        elif found := re.findall(r"^#+ +(.+)", cell.source, re.MULTILINE):
            heading = found[-1][:40]
    return steps


def _writable(folder: Path) -> Path:
    try:
        folder = folder.expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(
            f"Cannot write in {folder}: {error.strerror or error}. Choose another folder (--out or MEDSEGEDU_RESULTS)."
        ) from error
    return folder


def _ledger(folder: Path) -> list[dict[str, Any]]:
    """The ledger's rows; a ledger that can't be read is a lesson's to complain about."""
    try:
        rows = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _summary(run: LessonRun) -> str:
    memory = f", at most {run.peak_mb:.0f} MB of memory" if run.peak_mb else ""
    lines = [f"{run.lesson}: {'stopped after' if run.error else 'done in'} {run.seconds:.1f} s{memory}; see {run.page}"]
    if run.rows:
        columns = list(dict.fromkeys(key for row in run.rows for key in row))
        cells = [["-" if row.get(key) is None else str(row[key]) for key in columns] for row in run.rows]
        lines += ["", text_table([columns, *cells]), ""]
    return "\n".join(lines)
