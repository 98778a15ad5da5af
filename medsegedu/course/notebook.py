"""The two notebooks of a lesson, as text that is the same on every run and every machine."""

from typing import Any

from medsegedu.course.checks import check
from medsegedu.course.generated import ALONE, Neighbours, Repository, colab_cell, footer_cell, title_cell
from medsegedu.course.regions import Lines, text_of, versions
from medsegedu.course.source import Cell, Source

KINDS = ("lessons", "solutions")  # the folders, hence the kinds, of notebooks
_FOREIGN = {"lessons": "solution-only", "solutions": "student-only"}
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


def notebook(source: Source, kind: str, repository: Repository | None = None, around: Neighbours = ALONE) -> Any:
    """The notebook of `source` for `kind` "lessons" or "solutions", as nbformat's object.

    Without a `repository` it has neither badges nor the cell for Colab: a copy that is run here and now.

    Raises:
        UserError: a region, a cell's code or a leaked solution, with `file:line`.
    """
    import nbformat

    parts = [(cell, versions(source.label, cell)) for cell in source.cells]
    check(source.label, parts)
    cells = [title_cell(source.info, kind, repository, around)]
    if repository:
        cells.append(colab_cell(repository))
    cells += [
        _cell(cell, version.student if kind == "lessons" else version.solution)
        for cell, version in parts
        if _FOREIGN[kind] not in cell.tags
    ]
    if around.previous or around.following:
        cells.append(footer_cell(around))
    built = nbformat.from_dict({"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5})
    nbformat.validate(built)
    return built


def bytes_of(built: Any) -> bytes:
    """A notebook's file: sorted keys, one way of indenting, "\\n" at the end of each line and of the file."""
    import nbformat

    return (nbformat.writes(built, version=nbformat.NO_CONVERT).rstrip("\n") + "\n").encode()


def _cell(cell: Cell, lines: Lines) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if tags := [tag for tag in cell.tags if tag not in _FOREIGN.values()]:
        metadata["tags"] = tags
    if "hide-input" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    built = {"cell_type": "markdown", "id": cell.id, "metadata": metadata, "source": text_of(lines)}
    return {**built, "cell_type": "code", "execution_count": None, "outputs": []} if cell.code else built
