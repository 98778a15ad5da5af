"""The hook in the root's conftest.py: what a notebook's kernel is told, when pytest runs the notebook."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHECK = """
import os
from pathlib import Path
assert os.environ["MEDSEGEDU_STRICT"] == "{strict}"
assert os.environ["MEDSEGEDU_PRESET"] == "{preset}"
assert os.environ["MEDSEGEDU_DATA"] == "{data}"
for name in ("MEDSEGEDU_RESULTS", "MEDSEGEDU_CACHE"):
    assert Path(os.environ[name]).is_absolute()
    assert Path.cwd().parent not in Path(os.environ[name]).parents
"""


def write(path: Path, *cells: str) -> None:
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with this project's conftest.py and pytest settings, and the notebooks of a test."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tests").mkdir()
    return tmp_path


def pytest_in(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MEDSEGEDU_")} | variables
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_plain_pytest_runs_both_kinds_of_notebook_as_they_should_end(checkout: Path) -> None:
    data = str(checkout / "data")
    write(checkout / "lessons" / "00_a.ipynb", CHECK.format(strict="not started", preset="smoke", data=data))
    write(checkout / "solutions" / "00_a.ipynb", CHECK.format(strict="right", preset="quick", data=data))
    done = pytest_in(checkout, MEDSEGEDU_DATA="data")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_an_error_in_a_cell_or_in_a_widgets_callback_fails(checkout: Path) -> None:
    callback = "import ipywidgets\ndef f(x):\n    return 1 / x\nipywidgets.interact(f, x=(0, 3, 1)).widget.children[0].value = 0"
    write(checkout / "lessons" / "00_a.ipynb", "1 / 0", callback, "2")
    done = pytest_in(checkout)
    assert "2 failed, 1 passed" in done.stdout, done.stdout


def test_a_figure_without_a_description_fails(checkout: Path) -> None:
    picture = "from IPython.display import HTML, display\nHTML('<img {} src=x>')"
    plot = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])"
    described = "display({'image/png': 'aGk=', 'text/plain': ''}, metadata={'image/png': {'alt': 'A dot.'}}, raw=True)"
    wrong = [picture.format(""), picture.format('alt=""'), picture.format('alt="An interactive figure."'), plot]
    right = [picture.format('alt="A line."'), described, "print('text')"]
    write(checkout / "solutions" / "00_a.ipynb", *wrong, *right)
    done = pytest_in(checkout)
    assert "4 failed, 3 passed" in done.stdout, done.stdout
    assert "give it alt=" in done.stdout
