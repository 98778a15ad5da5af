'''The source of a lesson: `solutions/NN_name.py`, a Python file from which both notebooks are built.

The file is py:percent, so editors run it cell by cell, and ruff and git see plain Python. It opens with a front matter,
TOML in comments, and then come the cells:

    # /// lesson
    # title = "U-Net: from what to where"
    # minutes = 75
    # prerequisites = ["02_fcn"]                       # optional: names of other lessons
    # objectives = ["Say why a decoder needs skips", "Join two feature maps of different sizes"]
    # survey = "2.2"                                   # optional: the section of the survey that the lesson follows
    # budget = { seconds = 60, memory_gb = 1.5 }       # of the solved lesson at the preset `quick`
    # ///

    # %% [markdown] id="intro"
    # Markdown, each line behind a `#`.

    # %% id="imports" tags=["student-only"]
    import torch

**Cells.** Each has an `id` (a-z, 0-9, - and _, at most 64 characters, once in a file). `title`, `colab-setup` and
`footer` belong to the builder, which writes these cells itself: begin with the first section, not with a title. A marker
may also carry `tags`:

- `student-only`, `solution-only`: the cell exists in one of the two notebooks; these tags do not reach it.
- `hide-input`: the code is folded in Jupyter. Any other tag is passed on as it is.

**Regions**, in code cells only:

    def crop(image, size):
        """(C, H, W) -> (C, size, size), the centre."""
        # region hint
        # How many rows are left over in all? How many of them above?
        # endregion
        # region solution
        top = (image.shape[1] - size) // 2
        ...
        # endregion

| region | the student reads | the solution has |
|---|---|---|
| `solution` | `# your code` and `...` at the marker's indentation | the lines, without the markers |
| `hint` | the lines (comments only), without the markers | nothing |

The rest of a cell, its comments too, stands in both. Regions do not nest, and a marker is indented like its content.
Comments stay comments (jupytext's habit of turning `# %magic` or `# copy this` into a command is off), so a magic is
written as it is; it is rarely worth it, because the file is then no Python any more.

The build refuses, with `file:line: sentence`: a front matter or an id that is missing or wrong, unbalanced or unknown
regions, an empty solution, a cell without content, code that does not parse in either version, and a *leak*: a line of
a solution (24 characters or more; imports, `def`, `class` and comments aside) that the student's notebook shows
elsewhere, be it in code, a hint or prose.
'''

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsegedu.course.front_matter import LessonInfo, info_of, label_of, read_lines
from medsegedu.errors import UserError

CELL_ID = re.compile(r"[a-z0-9_-]{1,64}")
GENERATED = ("title", "colab-setup", "footer")
_MARKER = re.compile(r"\s*#\s*%%(%*\s.*)?$")


@dataclass(frozen=True)
class Cell:
    """One cell as its author wrote it. `marker` is the line of its `# %%` in the source, `line` that of its first text."""

    id: str
    code: bool
    text: str
    tags: tuple[str, ...]
    marker: int
    line: int


@dataclass(frozen=True)
class Source:
    """A lesson's source, read and checked as far as that is possible without looking into its regions."""

    info: LessonInfo
    label: str  # how messages name the file: solutions/03_unet.py
    cells: tuple[Cell, ...]


def read_source(path: Path) -> Source:
    """Read and check the source at `path`; a UserError says which line is wrong."""
    lines = read_lines(path)
    info, label = info_of(path, lines), label_of(path)
    first = next(n for n, line in enumerate(lines, 1) if line.strip() == "# ///")
    for number, line in enumerate(lines[first:], first + 1):
        if _MARKER.match(line):
            return Source(info, label, _cells(label, lines, number))
        if line.strip():
            raise UserError(f"{label}:{number}: stands before the first cell; begin a cell with `# %% id=...`.")
    raise UserError(f"{label}:{first}: the lesson has no cells; a cell begins with `# %% id=...`.")


def _cells(label: str, lines: list[str], first: int) -> tuple[Cell, ...]:
    """The cells from line `first` on, where the first marker stands."""
    import jupytext
    from nbformat import ValidationError

    markers = [n for n, line in enumerate(lines, 1) if _MARKER.match(line)]
    fmt = {"extension": ".py", "format_name": "percent", "comment_magics": False}
    try:
        notebook = jupytext.reads("\n".join(lines[first - 1 :]), fmt=fmt)
    except ValidationError as error:  # only tags are looked at as early as this
        bad = next((n for n in markers if re.search(r"\btags\s*=\s*[^\[\s]", lines[n - 1])), first)
        raise UserError(f'{label}:{bad}: `tags` must be a list of strings, as in tags=["student-only"].') from error
    if len(notebook.cells) != len(markers):
        raise UserError(f"{label}:{first}: below, a `# %%` in a string is no cell; write that string otherwise.")
    cells: list[Cell] = []
    for cell, marker in zip(notebook.cells, markers, strict=True):
        metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        known = {entry.id: entry.marker for entry in cells}
        problem = _marker_problem(cell.cell_type, metadata, known)
        if problem is None and not cell.source.strip():
            problem = f"the cell `{metadata['id']}` has no content; remove it."
        if problem:
            raise UserError(f"{label}:{marker}: {problem}")
        code = cell.cell_type == "code"
        begin = next(n for n in range(marker, len(lines)) if lines[n].strip(None if code else "# \t")) + 1
        tags = tuple(metadata.get("tags", ()))
        cells.append(Cell(metadata["id"], code, cell.source.strip("\n"), tags, marker, begin))
    return tuple(cells)


def _marker_problem(kind: str, metadata: dict[str, Any], known: dict[str, int]) -> str | None:
    """What is wrong with a cell's marker, as a sentence, or None."""
    name, tags = metadata.get("id"), metadata.get("tags", [])
    if kind not in ("markdown", "code"):
        return f"a {kind} cell; lessons have code cells and `[markdown]` cells."
    if name is None:
        return 'the cell has no id; write `# %% id="a-name"`.'
    if not isinstance(name, str) or not CELL_ID.fullmatch(name):
        return f"the id `{name}` is not valid; use a-z, 0-9, - and _, at most 64 characters."
    if name in known:
        return f"the id `{name}` is taken by the cell at line {known[name]}; give each cell its own."
    if name in GENERATED:
        return f"the id `{name}` belongs to a cell that the builder makes; choose another."
    if "cell_marker" in metadata:
        return f"the Markdown of `{name}` stands in quotes; write it behind `#`, line by line."
    if unknown := sorted(set(metadata) - {"id", "tags"}):
        return f"the marker has `{unknown[0]}`; only id and tags are known."
    if {"student-only", "solution-only"} <= set(tags):
        return f"the cell `{name}` is both student-only and solution-only, so nobody would see it; keep one tag."
    return None
