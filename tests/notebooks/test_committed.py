"""The notebooks in the repository: built from their sources, clean, and without the answers."""

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from medsegedu.course.build import build

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))
NOTEBOOKS = LESSONS + sorted((ROOT / "solutions").glob("*.ipynb"))
DRAWS = {"subplots", "figure", "show", "imshow", "plot"}


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> Any:
    return nbformat.read(path, nbformat.NO_CONVERT)


def code_of(path: Path) -> list[tuple[str, str]]:
    return [(cell.id, cell.source) for cell in read(path).cells if cell.cell_type == "code"]


def without_description(source: str) -> list[str]:
    """What draws in a code cell without alt text: pyplot and pandas by hand, and explore() without its alt."""
    found = []
    for node in ast.walk(ast.parse(TransformerManager().transform_cell(source))):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.startswith(("plt.", "pyplot.")) and name.split(".")[-1] in DRAWS and "alt=" not in source:
            found.append(name)
        if name.split(".")[-1] in ("explore", "Picture") and len(node.args) < 2 and "alt" not in {k.arg for k in node.keywords}:
            found.append(name)
    return found


def test_the_repository_is_what_its_sources_say() -> None:
    report = build(ROOT, check=True)
    assert report.clean, str(report)
    assert len(NOTEBOOKS) == 2 * len(list((ROOT / "solutions").glob("*.py")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_cells_have_ids_and_no_outputs(path: Path) -> None:
    cells = read(path).cells
    ids = [cell.get("id") for cell in cells]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", LESSONS, ids=label)
def test_a_lesson_does_not_hand_out_its_answers(path: Path) -> None:
    for name, source in code_of(path):
        assert not re.search(r"\.reference\b|\bsolution\(|# (end)?region\b(?! \w+ )", source), name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_every_figure_is_described(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]\(", cell.source), cell.id
            for image in re.findall(r"<img\b[^>]*>", cell.source):
                assert re.search(r'\balt="[^"]+"', image), cell.id
        else:
            assert not without_description(cell.source), cell.id


def test_a_figure_without_description_is_seen() -> None:
    assert without_description("plt.subplots()") == ["plt.subplots"]
    assert without_description("show.explore(f, x=(0, 1))") == ["show.explore"]
    assert without_description("fig, ax = plt.subplots()\nshow.Picture(fig, 'A circle.')\nf(alt='x')") == []
    assert without_description("%matplotlib inline\nshow.explore(f, alt='A circle.')\nshow.case(c)") == []
