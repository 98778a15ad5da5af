"""Widgets: in a real kernel, without one, and with a callback that fails."""

from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from medsegedu import show
from medsegedu.data import Case
from medsegedu.errors import UserError
from medsegedu.show.widgets import _slider, _start

DRAW = """
from medsegedu import show
def draw(k=1, name="a"):
    if k > 7:
        raise RuntimeError(f"broken at {k}")
    return show.bars({name: k}, "x", alt=f"Bar of {k}.")
"""


def bars(**values: Any) -> show.Picture:
    return show.bars({"a": 1.0}, "x", alt=f"Bars of {sorted(values.items())}.")


def run(*cells: str) -> Any:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


def test_in_a_kernel_controls_and_a_still_picture() -> None:
    notebook = run(
        DRAW + "e = show.explore(draw, k=(0, 9, 1, 3), name=['a', 'b'])\ne",
        "first = e.picture.alt\ne.controls['k'].value = 5\n(first, e.picture.alt, e.controls['name'].style.description_width)",
    )
    data = notebook.cells[0].outputs[0].data
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "image/png", "text/plain"}
    assert 'alt="Bar of 3."' in data["text/html"]
    assert notebook.cells[1].outputs[-1].data["text/plain"] == "('Bar of 3.', 'Bar of 5.', 'initial')"


def test_in_a_kernel_errors_surface_at_once_and_after_a_move() -> None:
    with pytest.raises(CellExecutionError, match="broken at 8"):
        run(DRAW + "show.explore(draw, k=(0, 9, 1, 8))")
    with pytest.raises(CellExecutionError, match="broken at 9"):
        run(DRAW + "e = show.explore(draw, k=(0, 9, 1, 3))\ne", "e.controls['k'].value = 9")


def test_without_ipywidgets_the_still_picture() -> None:
    notebook = run("import sys; sys.modules['ipywidgets'] = None", DRAW + "show.explore(draw, k=(0, 9, 1, 3))")
    assert set(notebook.cells[1].outputs[0].data) == {"text/html", "image/png", "text/plain"}


def test_without_a_kernel_the_still_picture() -> None:
    explorer = show.explore(bars, k=(0, 4), name=["x", "y"], on=True)
    assert explorer.picture.alt == "Bars of [('k', 2), ('name', 'x'), ('on', True)]."
    assert explorer.controls == {}
    assert "text/html" in explorer._repr_mimebundle_()[0]


def test_a_matplotlib_figure_is_described_by_alt() -> None:
    assert show.explore(lambda: show.canvas()[0], alt="An empty plot.").picture.alt == "An empty plot."
    with pytest.raises(UserError, match="returned None"):
        show.explore(lambda: None)


@pytest.mark.parametrize(
    ("control", "low_high_step_start"),
    [
        ((0, 4), (0, 4, 1, 2)),
        ((0.0, 1.0), (0.0, 1.0, 0.05, 0.5)),
        ((1, 9, 2), (1, 9, 2, 5)),
        ((1, 9, 2, 3), (1, 9, 2, 3)),
    ],
)
def test_sliders(control: tuple[Any, ...], low_high_step_start: tuple[Any, ...]) -> None:
    assert _slider(control) == pytest.approx(low_high_step_start)


@pytest.mark.parametrize("control", [(1,), (2, 1), (0, 4, 0), (0, 4, 1, 9), [], None, (1, "a")])
def test_a_control_that_makes_no_sense(control: Any) -> None:
    with pytest.raises(UserError, match="control 'k'"):
        _start("k", control)


def test_slices(case: Case) -> None:
    picture = show.slices(case, contrasts=("T1", "T2", "FLAIR")).picture
    assert picture.alt.startswith("T1")
    assert ("axial slice" in picture.alt) == (case.dims == 3)
    assert show.slices(case.image[0]).picture.alt


def test_slices_in_a_kernel_draws_every_plane() -> None:
    run(
        "import torch; from medsegedu import show; from medsegedu.data import Case\n"
        "c = Case(torch.rand(1, 5, 6, 7), torch.zeros(5, 6, 7).long(), (1., 1., 3.), 'p', 'i'); e = show.slices(c); e",
        "for plane in ('sagittal', 'coronal', 'axial'):\n"
        "    e.controls['plane'].value = plane\n"
        "    for end in (1, 7): e.controls['position'].value = end\n"
        "    assert f'slice {dict(sagittal=5, coronal=6, axial=7)[plane]} of' in e.picture.alt, e.picture.alt\n"
        "e.controls['outlines'].value = False",
        "seen = set()\n"
        "for step in range(1, 8):\n"
        "    e.controls['position'].value = step\n"
        "    seen.add(e.picture.alt)\n"
        "assert len(seen) == 7, seen",  # each step of the slider shows another slice
    )
