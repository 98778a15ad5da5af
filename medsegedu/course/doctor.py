"""Can the course run on this computer? One row a question, with what to do where the answer is no."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from medsegedu.course import machine
from medsegedu.errors import UserError
from medsegedu.files import cache_folder, results_folder

OK, PROBLEM, OPTIONAL = "ok", "problem", "optional"
_MEMORY_GB = 1.5  # what the hungriest solved lesson may take
_DISK_GB = 1.0
_EXTRAS = {"jupyterlab": "`medsegedu lab` needs it", "ipywidgets": "without it figures have no sliders"}


@dataclass(frozen=True)
class Row:
    """One line of the report. `state` is a word: ok, problem (the course can't run) or optional (it runs without)."""

    what: str
    found: str
    state: str = OK
    todo: str = ""


def examine() -> list[Row]:
    """Look at everything that the course depends on. Nothing is downloaded, and only torch is imported."""
    checks: list[Callable[[], Row | list[Row]]] = [
        _python, _packages, _torch, _memory, _disk, _anatomy, lambda: _real("hippocampus"), lambda: _real("nuclei"),
        lambda: [_extra(name) for name in _EXTRAS],
        lambda: _writable("results", results_folder(), "MEDSEGEDU_RESULTS"),
        lambda: _writable("cache", cache_folder(), "MEDSEGEDU_CACHE"),
        lambda: Row("network", "not probed", OPTIONAL, "only downloading the real data needs it"),
    ]  # fmt: skip
    rows: list[Row] = []
    for check in checks:
        answer = check()
        rows += answer if isinstance(answer, list) else [answer]
    return rows


def report(rows: list[Row]) -> str:
    """The rows as a table that fits a terminal (what to do comes on a line of its own), and the verdict in one sentence."""
    wide, words = max(len(row.what) for row in rows), max(map(len, (OK, PROBLEM, OPTIONAL)))
    lines = []
    for row in rows:
        lines.append(f"{row.what:<{wide}}  {row.state:<{words}}  {row.found}")
        if row.todo:
            lines.append(f"{'':<{wide + words + 2}}  -> {row.todo}")
    problems = [row.what for row in rows if row.state == PROBLEM]
    verdict = f"The course can't run yet: see {', '.join(problems)}." if problems else "The course can run here."
    return "\n".join([*lines, "", verdict])


def healthy(rows: list[Row]) -> bool:
    """Whether the course can run."""
    return all(row.state != PROBLEM for row in rows)


def _python() -> Row:
    return Row("Python", f"{sys.version.split()[0]} ({sys.executable})")  # an older one can't install the package


def _packages() -> Row:
    """medsegedu and the packages that it requires, against the floors that it declares."""
    try:
        own, wanted = version("medsegedu"), [text for text in requires("medsegedu") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        return Row("medsegedu", "not installed", PROBLEM, f"in the clone: {sys.executable} -m pip install -e .")
    from packaging.requirements import Requirement

    lacking = []
    for requirement in map(Requirement, wanted):
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                lacking.append(str(requirement))
        except PackageNotFoundError:
            lacking.append(str(requirement))
    if lacking:
        install = f"{sys.executable} -m pip install " + " ".join(f'"{text}"' for text in lacking)
        return Row("medsegedu", f"{own}, but not {', '.join(lacking)}", PROBLEM, install)
    return Row("medsegedu", f"{own} and its {len(wanted)} packages")


def _torch() -> list[Row]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a broken shared library
        reason = str(error).split("\n")[0]
        return [Row("torch", f"can't be imported: {reason}", PROBLEM, "see https://pytorch.org/get-started/locally")]
    from medsegedu.device import autocast_dtype, best_device

    device = best_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{os.cpu_count()} cores"
    fast = autocast_dtype(device) is not None
    return [
        Row("torch", f"{torch.__version__}, {torch.get_num_threads()} threads"),
        Row("device", f"{device.type} ({name})"),
        Row("bf16", "yes", OK) if fast else Row("bf16", "no", OPTIONAL, "lessons use float32, about twice the time"),
    ]


def _memory() -> Row:
    total, free = machine.memory_gb()
    if total is None:
        return Row("memory", "not measured on this system", OPTIONAL, f"lessons need up to {_MEMORY_GB} GB")
    found = f"{total:.1f} GB" if free is None else f"{free:.1f} GB free of {total:.1f} GB"
    if (total if free is None else free) < _MEMORY_GB:
        return Row("memory", found, PROBLEM, f"close other programs: a lesson takes up to {_MEMORY_GB} GB")
    return Row("memory", found)


def _disk() -> Row:
    place = machine.existing(cache_folder())
    free = shutil.disk_usage(place).free / 1e9
    found = f"{free:.1f} GB free at {place}"
    if free < _DISK_GB:
        return Row("disk", found, PROBLEM, f"free {_DISK_GB:.0f} GB, or set MEDSEGEDU_CACHE to another disk")
    return Row("disk", found)


def _anatomy() -> Row:
    try:
        from medsegedu.data.anatomy import anatomy_folder

        folder = anatomy_folder()
        found = len(list(folder.glob("mni_icbm152_*_tal_nlin_sym_09a_converted.nii.gz")))
    except (UserError, ImportError) as error:
        return Row("anatomy", "not found", PROBLEM, str(error))
    if found < 3:
        todo = f"{sys.executable} -m pip install --force-reinstall nilearn"
        return Row("anatomy", f"{found} of 3 maps in {folder}", PROBLEM, todo)
    return Row("anatomy", "found, in nilearn")


def _real(name: str) -> Row:
    try:
        from medsegedu.data import real
    except ImportError as error:
        return Row(name, "can't be read", PROBLEM, str(error))
    try:
        return Row(name, str(real.place_of(name)))
    except real.NotHere:
        return Row(name, "not here", OPTIONAL, real.HOW[name])


def _extra(name: str) -> Row:
    try:
        return Row(name, version(name))
    except PackageNotFoundError:
        return Row(name, "not here", OPTIONAL, f"{sys.executable} -m pip install {name} ({_EXTRAS[name]})")


def _writable(what: str, folder: Path, variable: str) -> Row:
    """Try it, in the folder or the nearest one above that exists: permission bits don't tell of read-only disks."""
    place = machine.existing(folder)
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        todo = f"set {variable} to a folder that you can write"
        return Row(what, f"can't write in {place}: {error.strerror or error}", PROBLEM, todo)
    return Row(what, str(folder.absolute()))
