"""The notebooks in the repository: built from their sources, clean, and without the answers."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from medsegedu.course.build import build

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))
NOTEBOOKS = LESSONS + sorted((ROOT / "solutions").glob("*.ipynb"))


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> Any:
    return nbformat.read(path, nbformat.NO_CONVERT)


def code_of(path: Path) -> list[tuple[str, str]]:
    return [(cell.id, cell.source) for cell in read(path).cells if cell.cell_type == "code"]


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
def test_every_image_in_the_text_is_described(path: Path) -> None:
    """Figures that code draws are looked at when they are drawn: see the root's conftest.py."""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]\(", cell.source), cell.id
            for image in re.findall(r"<img\b[^>]*>", cell.source):
                assert re.search(r'\balt="[^"]+"', image), cell.id
