"""A source is read as its author means it, and what is wrong with one is said with its file and line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegedu.course.notebook import notebook
from medsegedu.course.regions import text_of, versions
from medsegedu.course.source import Cell, read_source
from medsegedu.errors import UserError


@pytest.fixture
def path(tmp_path: Path, first: str) -> Path:
    path = tmp_path / "solutions" / "00_first.py"
    path.parent.mkdir()
    path.write_text(first)
    return path


def test_a_source_is_read_as_written(path: Path, first: str) -> None:
    source = read_source(path)
    assert source.label == "solutions/00_first.py"
    info = source.info
    assert (info.number, info.name, info.title, info.minutes) == ("00", "00_first", "First: one | two", 5)
    assert (info.objectives, info.survey, info.seconds, info.memory_gb) == (("Add one", "Print it"), "1.2", 2, 0.5)
    assert [cell.id for cell in source.cells] == ["intro", "function", "for-students", "for-teachers"]
    assert source.cells[0].text == "## Begin here\n\nText of the first lesson."
    lines = first.split("\n")
    for cell in source.cells:
        assert lines[cell.marker - 1].startswith("# %%")
        assert lines[cell.line - 1].removeprefix("# ") == cell.text.split("\n")[0].removeprefix("# ")
    assert "# copy the value, then add" in source.cells[1].text  # jupytext would make a command of it


def test_line_ends_and_byte_order_mark_do_not_matter(path: Path, first: str) -> None:
    plain = read_source(path)
    path.write_bytes(b"\xef\xbb\xbf" + first.replace("\n", "\r\n").encode())
    assert read_source(path) == plain


BROKEN = {
    "no front matter": ("# /// lesson\n", "", 1, "front matter is missing"),
    "no end": ("# ///\n", "", 1, "has no end"),
    "not toml": ("# minutes = 5", "# minutes = = 5", 3, "is not TOML"),
    "code in it": ("# minutes = 5", "minutes = 5", 3, "begins with"),
    "unknown key": ("# minutes = 5", "# minutes = 5\n# colour = 3", 4, "knows no `colour`"),
    "missing key": ("# minutes = 5\n", "", 1, "lacks `minutes`"),
    "wrong type": ("# minutes = 5", '# minutes = "5"', 3, "must be a int"),
    "true is no number": ("# minutes = 5", "# minutes = true", 3, "must be a int"),
    "no objectives": ('["Add one", "Print it"]', "[]", 4, "not empty"),
    "objectives of numbers": ('["Add one", "Print it"]', "[1]", 4, "list of strings"),
    "budget": ("{ seconds = 2, memory_gb = 0.5 }", "{ seconds = 2 }", 6, "write `budget"),
    "text before the cells": ("# ///\n", "# ///\nimport os\n", 8, "before the first cell"),
    "no id": ('# %% id="function"', "# %%", 14, "has no id"),
    "id without quotes": ('id="function"', "id=Function", 14, "no id"),
    "invalid id": ('id="function"', 'id="Function"', 14, "not valid"),
    "long id": ('id="function"', f'id="{"f" * 65}"', 14, "not valid"),
    "duplicate id": ('id="function"', 'id="intro"', 14, "taken by the cell at line 9"),
    "builder's id": ('id="function"', 'id="title"', 14, "that the builder makes"),
    "unknown option": ('id="function"', 'id="function" tag="x"', 14, "`tag`"),
    "title on the marker": ('# %% id="function"', '# %% A function id="function"', 14, "`title`"),
    "tags that are no list": ('tags=["student-only"]', 'tags="student-only"', 31, "list of strings"),
    "both tags": ('tags=["student-only"]', 'tags=["student-only", "solution-only"]', 31, "nobody would see it"),
    "raw cell": ("[markdown]", "[raw]", 9, "a raw cell"),
    "empty cell": ('print("hello, student")', "", 31, "has no content"),
    "quoted markdown": ("# ## Begin here\n#\n# Text of the first lesson.", '"""\nText\n"""', 9, "line by line"),
    "marker in a string": ('"""Add one."""', '"""Add one.\n# %% id="no"\n"""', 9, "in a string"),
    "region in markdown": ("# ## Begin here", "# region solution", 10, "Markdown cell"),
    "heading region in markdown": ("# ## Begin here", "# # region hint", 10, "Markdown cell"),
    "no endregion": ("    return result_of_adding\n    # endregion", "    return result_of_adding", 24, "no `# endregion`"),
    "endregion alone": ("print(add_one(1))", "# endregion", 29, "without a region"),
    "nested": ("    return result_of_adding", "    # region hint\n    return result_of_adding", 26, "line 24"),
    "unknown region": ("# region solution", "# region solutoin", 24, "unknown region `solutoin`"),
    "code in a hint": ("# How much is one more?", "x = 2", 22, "made of comments"),
    "empty hint": ("    # How much is one more?\n", "", 21, "hint is empty"),
    "empty solution": (
        "    result_of_adding = x + 1000 - 999\n    return result_of_adding", "    # soon\n    ...", 24, "solution is empty",
    ),
    "region not aligned": ("    # region solution", "# region solution", 24, "indented differently"),
    "region not like its code": ("    # region solution", "  # region solution", 24, "indented differently"),
    "solution that does not parse": ("    return result_of_adding", "    return result_of_adding +", 26, "solution of"),
    "stub that does not parse": (
        "    result_of_adding = x + 1000 - 999\n    return result_of_adding\n    # endregion",
        "    try:\n        return x\n    # endregion\n    finally:\n        pass", 28, "student's version of the cell `function`",
    ),
    "leak in code": ('print("hello, student")', "result_of_adding  = x + 1000 - 999", 25, "`for-students` at line 32"),
    "leak in prose": ("# Text of", "# So `result_of_adding = x + 1000 - 999`. Text of", 25, "`intro` at line 12"),
    "leak in a hint": ("# How much is one more?", "# result_of_adding = x + 1000 - 999", 25, "`function` at line 22"),
    "only a hint": ('print("hello, student")', 'f()\n\n# %% id="h"\n# region hint\n# Hm.\n# endregion', 34, "only a hint"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_with_file_and_line(path: Path, first: str, name: str) -> None:
    old, new, line, words = BROKEN[name]
    assert first.count(old) >= 1
    path.write_text(first.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        notebook(read_source(path), "lessons")
    assert str(error.value).startswith(f"solutions/00_first.py:{line}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_unreadable_sources(path: Path, first: str) -> None:
    path.write_bytes(first.encode().replace(b"Text of", b"Text \xff of"))
    with pytest.raises(UserError, match=r"solutions/00_first.py:12: is not UTF-8"):
        read_source(path)
    path.unlink()
    with pytest.raises(UserError, match=r"solutions/00_first.py:1: cannot be read"):
        read_source(path)


def test_prose_about_regions_magics_and_chance_are_no_errors(path: Path, first: str) -> None:
    text = first.replace("# Text of", "# The region of interest, and what an endregion is. Text of")
    text = text.replace(
        "print(add_one(1))", "# region of interest: above\n%matplotlib inline\nprint(add_one(1))\nawait x"
    )
    path.write_text(text.replace('print("hello, student")', "y = 1  # return result_of_adding"))
    built = notebook(read_source(path), "lessons")
    code = next(cell.source for cell in built.cells if cell.id == "function")
    assert "# region of interest: above\n%matplotlib inline" in code


@pytest.mark.parametrize(
    ("answer", "leaks"),
    [
        ("return x + one_more_than", True),  # 24 characters
        ("return x + one_more_tha", False),
        ("from collections import OrderedDict", False),
        ("import xml.etree.ElementTree", False),
        ("def inner_function(argument): return argument", False),
        ("# a comment that is long enough to tell", False),
    ],
)
def test_what_counts_as_a_leak(path: Path, first: str, answer: str, leaks: bool) -> None:
    text = first.replace("    return result_of_adding", f"    {answer}\n    return result_of_adding")
    path.write_text(text.replace("# Text of", f"# `{answer}` in the text of"))
    if leaks:
        with pytest.raises(UserError, match="leaked solution"):
            notebook(read_source(path), "lessons")
    else:
        notebook(read_source(path), "lessons")


PLAIN = st.sampled_from(["x = 1", "# a comment", "", "if x:\n    pass", "# region of interest, in words"])
ANSWER = st.from_regex(r"answer_[0-9]{6} = [a-z]{3,12}", fullmatch=True)
HINT = st.from_regex(r"# hint [0-9]{6}", fullmatch=True)
PART = st.one_of(
    PLAIN.map(lambda text: ("plain", [text])),
    st.tuples(st.just("solution"), st.lists(ANSWER, min_size=1, max_size=3)),
    st.tuples(st.just("hint"), st.lists(HINT, min_size=1, max_size=3)),
)


@given(st.lists(PART, min_size=1, max_size=8), st.sampled_from(["", "    ", "\t"]))
def test_regions_divide_any_cell(parts: list[tuple[str, list[str]]], indent: str) -> None:
    written, student, solution = [], [], []
    for kind, lines in parts:
        inner = [indent + line for line in lines]
        if kind == "plain":
            written += lines
            student += lines
            solution += lines
        else:
            written += [f"{indent}# region {kind}", *inner, f"{indent}# endregion"]
            student += inner if kind == "hint" else [f"{indent}# your code", f"{indent}..."]
            solution += inner if kind == "solution" else []
    cell = Cell("c", True, "\n".join(written), (), 1, 2)
    found = versions("f.py", cell)
    assert text_of(found.student) == "\n".join(student).strip("\n")
    assert text_of(found.solution) == "\n".join(solution).strip("\n")
    assert not re.search(r"answer_|# (region (solution|hint)|endregion)", text_of(found.student))
    numbered = dict(enumerate(cell.text.split("\n"), 2))
    assert all(numbered[number] == line for number, line in found.solution + found.answers)


@given(st.lists(st.sampled_from(["# region solution", "# region hint", "# endregion", "# words", "x = 1"]), max_size=7))
def test_markers_in_any_order_are_divided_or_refused(lines: list[str]) -> None:
    try:
        found = versions("f.py", Cell("c", True, "\n".join(lines), (), 1, 2))
    except UserError:
        return
    text = text_of(found.student) + text_of(found.solution)
    assert "region" not in text
    assert lines.count("# endregion") == lines.count("# region solution") + lines.count("# region hint")
