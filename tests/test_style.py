"""What a reader of the code may rely on: clean by ruff and mypy, imports that point one way, a light `import medsegedu`."""

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "medsegedu"
# A package may import from its own rank and below. `base` is what stands beside the packages: errors, files, preset, ...
RANKS = (
    {"base"},
    {"layers"},
    {"models", "losses", "metrics", "data"},
    {"training", "inference", "show", "plan"},
    {"exercises", "claims", "runs"},
    {"course"},
    {"cli", "__main__"},
)
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
CORE = ("layers", "models", "losses", "metrics", "inference")
CORE_IMPORTS = {"torch", "numpy", "scipy", "medsegedu"} | sys.stdlib_module_names
WIDGETS = ("ipywidgets",)
NOT_AT_IMPORT = ("matplotlib", "nilearn", "ipywidgets", "torch", "IPython", "jupytext", "nbclient")
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_solutions" not in path.parts)
names = [str(path.relative_to(PACKAGE)) for path in MODULES]


def package_of(path: Path) -> str:
    """The package of a file of medsegedu: `models` for models/unet.py, `cli` for cli.py and cli_*.py, `base` for errors.py."""
    part = path.relative_to(PACKAGE).with_suffix("").parts[0]
    part = "cli" if part.startswith("cli_") else part
    return part if part in RANK else "base"


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in the file, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name, not a relative import"
            if node.module == "medsegedu":
                yield from ((f"medsegedu.{alias.name}", node.lineno) for alias in node.names)
            elif node.module:
                yield node.module, node.lineno


def own_imports(path: Path) -> Iterator[tuple[str, int]]:
    """The packages of medsegedu that a file imports from."""
    for module, line in imports(path):
        if module.startswith("medsegedu."):
            part = module.split(".")[1]
            part = "cli" if part.startswith("cli_") else part
            yield part if part in RANK else "base", line


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
@pytest.mark.parametrize("command", [("check", "."), ("format", "--check", "medsegedu", "tests")], ids=" ".join)
def test_ruff(command: tuple[str, ...]) -> None:
    run("-m", "ruff", *command, "--no-cache", "--quiet")


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy() -> None:
    run("-m", "mypy")


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_imports_point_down(path: Path) -> None:
    own = package_of(path)
    for other, line in own_imports(path):
        assert RANK[other] <= RANK[own], f"{path}:{line}: {own} must not import {other}, which is built upon it"


def test_packages_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        own = package_of(path)
        graph.setdefault(own, set()).update(other for other, _ in own_imports(path) if other != own)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_the_core_needs_torch_numpy_and_scipy_only_and_widgets_stay_in_show(path: Path) -> None:
    own = package_of(path)
    for module, line in imports(path):
        top = module.split(".")[0]
        assert own not in CORE or top in CORE_IMPORTS, f"{path}:{line}: {own} imports {top}"
        assert own == "show" or top not in WIDGETS, f"{path}:{line}: only show imports {top}"


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_the_library_neither_prints_nor_moves_to_a_gpu_by_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called, where = node.func, f"{path}:{node.lineno}"
        assert not (isinstance(called, ast.Name) and called.id == "print" and package_of(path) != "cli"), (
            f"{where}: print"
        )
        assert not (isinstance(called, ast.Attribute) and called.attr == "cuda"), f"{where}: .cuda()"


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 220, f"{path}: one idea a file, 220 lines at most"


def test_import_medsegedu_is_light() -> None:
    run("-c", f"import sys, medsegedu; found = set(sys.modules) & set({NOT_AT_IMPORT}); assert not found, found")


def test_the_core_runs_without_what_only_lessons_need() -> None:
    """Not even through the packages that the core imports."""
    lazily = ", ".join(f"medsegedu.{name}" for name in CORE)
    hidden = ("matplotlib", "ipywidgets", "nilearn", "nibabel", "skimage", "IPython", "jupytext")
    run("-c", f"import sys; sys.modules.update(dict.fromkeys({hidden})); import {lazily}")
