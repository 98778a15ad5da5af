"""The real thing: `medsegedu lab`, a real JupyterLab, a real browser, the first lesson as a student gets it."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from medsegedu.course.workspace import shipped_folder
from medsegedu.errors import UserError


def helper() -> ModuleType:
    """jupyter.py beside this file, loaded by its path: its name is also that of Jupyter's own module."""
    spec = importlib.util.spec_from_file_location("browser_helper", Path(__file__).with_name("jupyter.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


jupyter = helper()
pytestmark = [
    pytest.mark.skipif(jupyter.why_not() is not None, reason=str(jupyter.why_not())),
    pytest.mark.skipif(os.name != "posix", reason="the server is stopped with a signal"),
]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page with the first lesson, opened at the address that `medsegedu lab` printed."""
    try:
        shipped_folder()
    except UserError as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("student")
    environment = os.environ | jupyter.environment(folder) | {"MEDSEGEDU_PRESET": "smoke"}
    environment.pop("MEDSEGEDU_RESULTS", None)
    environment["MEDSEGEDU_CACHE"] = str(folder / "cache")
    command = [sys.executable, "-m", "medsegedu", "lab", "--no-browser"]
    server = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        address = next(line.strip() for line in server.stdout if "http://" in line)
        with jupyter.browser_page() as page:
            jupyter.open_notebook(page, address)
            yield page
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    assert (folder / "my-lessons").is_dir()


@pytest.fixture(scope="module")
def cells(lesson: Any) -> list[Any]:
    """The lesson's cells after a run from the top."""
    return jupyter.run_all(lesson)


def test_every_cell_runs_without_an_error(cells: list[Any]) -> None:
    code = [cell for cell in cells if cell.code]
    assert code
    assert [(cell.id, cell.errors) for cell in code if cell.errors] == []
    assert [cell.id for cell in code if cell.count is None] == []


def test_a_slider_moves_its_figure(lesson: Any, cells: list[Any]) -> None:
    assert jupyter.move_slider(lesson)


def test_nothing_complains_in_the_page(lesson: Any, cells: list[Any]) -> None:
    """No dialog in the student's way, and no widget that could not be drawn."""
    assert lesson.locator(".jp-Dialog").count() == 0
    assert lesson.get_by_text("Error displaying widget").count() == 0
    assert lesson.get_by_text("Loading widget...").count() == 0
