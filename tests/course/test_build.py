"""Building: the same bytes everywhere, all or nothing, and no file that nobody is told about."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from medsegedu.course.build import build, repository_of
from medsegedu.course.catalogue import find_lessons, find_root, lessons
from medsegedu.course.generated import Repository, colab_cell
from medsegedu.errors import UserError

NOTEBOOKS = (
    "lessons/00_first.ipynb",
    "solutions/00_first.ipynb",
    "lessons/01_second.ipynb",
    "solutions/01_second.ipynb",
)


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def sources(path: Path) -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(path, nbformat.NO_CONVERT).cells}


def test_two_notebooks_a_lesson_and_then_nothing_to_do(course: Path) -> None:
    report = build(course)
    assert set(report.written) == {*NOTEBOOKS, "README.md"}
    built = files(course)
    again = build(course)
    assert again.clean
    assert set(again.unchanged) == {*NOTEBOOKS, "README.md"}
    assert build(course, check=True).clean
    assert files(course) == built
    for name in NOTEBOOKS:
        assert built[name].endswith(b"}\n")
        assert b"\r" not in built[name]
        notebook = nbformat.reads(built[name].decode(), nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.kernelspec.name == "python3"
        ids = [cell.id for cell in notebook.cells]
        assert ids[:2] == ["title", "colab-setup"]
        assert len(set(ids)) == len(ids)
        for cell in notebook.cells:
            assert "id" not in cell.metadata
            assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)


def test_each_reader_gets_their_version(course: Path) -> None:
    build(course)
    student, teacher = (sources(course / kind / "00_first.ipynb") for kind in ("lessons", "solutions"))
    assert "    # How much is one more?\n    # your code\n    ...\n\nprint(add_one(1))" in student["function"]
    assert "    result_of_adding = x + 1000 - 999\n    return result_of_adding\n\nprint" in teacher["function"]
    assert "How much" not in teacher["function"]
    assert not any("result_of_adding" in text or "region" in text for text in student.values())
    assert ("for-students" in student, "for-students" in teacher) == (True, False)
    assert ("for-teachers" in student, "for-teachers" in teacher) == (False, True)
    cells = {cell.id: cell for cell in nbformat.read(course / "solutions" / "00_first.ipynb", 4).cells}
    assert cells["for-teachers"].metadata == {"tags": ["hide-input", "explorer"], "jupyter": {"source_hidden": True}}


def test_the_title_says_what_the_lesson_is(course: Path) -> None:
    build(course)
    first, second = (sources(course / "lessons" / f"{name}.ipynb") for name in ("00_first", "01_second"))
    assert first["title"].startswith("# Lesson 00 - First: one | two\n")
    assert "**5 minutes.**" in first["title"]
    assert "- Add one\n- Print it" in first["title"]
    assert "section 1.2 of the survey" in first["title"]
    assert "about 2 s in 0.5 GB" in first["title"]
    assert "https://colab.research.google.com/github/org/repo/blob/main/lessons/00_first.ipynb" in first["title"]
    assert "https://mybinder.org/v2/gh/org/repo/main?urlpath=lab/tree/lessons/00_first.ipynb" in first["title"]
    assert "CC-BY-4.0" in first["title"]
    assert "After lesson [00 - First: one | two](00_first.ipynb)" in second["title"]
    assert "**Next:** lesson [01 - Second](01_second.ipynb)" in first["footer"]
    assert "**Before:** lesson [00 - First: one | two](00_first.ipynb)" in second["footer"]


def test_every_run_writes_the_same_bytes(course: Path, tmp_path: Path) -> None:
    digests = set()
    for seed, folder in (("0", "a"), ("1", "b b")):
        root = tmp_path / folder
        root.mkdir()
        for name, content in files(course).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(content)
        script = (
            "import sys; from pathlib import Path; from medsegedu.course.build import build; build(Path(sys.argv[1]))"
        )
        path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path, "TZ": f"UTC+{seed}", "LC_ALL": "C"}
        subprocess.run([sys.executable, "-c", script, str(root)], check=True, env=environment)
        digests.add(hashlib.sha256(repr(sorted(files(root).items())).encode()).hexdigest())
    assert len(digests) == 1


def test_check_names_what_is_stale_missing_or_orphaned_and_writes_nothing(course: Path) -> None:
    build(course)
    source = course / "solutions" / "00_first.py"
    source.write_text(source.read_text().replace("print(add_one(1))", "print(add_one(2))"))
    (course / "lessons" / "01_second.ipynb").unlink()
    (course / "solutions" / "09_gone.ipynb").write_text("{}")
    readme = course / "README.md"
    readme.write_text(readme.read_text().replace("| 7 |", "| 8 |"))
    before = files(course)
    report = build(course, check=True)
    assert files(course) == before
    assert set(report.stale) == {"lessons/00_first.ipynb", "solutions/00_first.ipynb", "README.md"}
    assert report.missing == ("lessons/01_second.ipynb",)
    assert report.orphaned == ("solutions/09_gone.ipynb",)
    assert not report.clean
    for name in (*report.stale, *report.missing, *report.orphaned):
        assert name in str(report)
    assert set(build(course).written) == {*report.stale, *report.missing}
    assert (course / "solutions" / "09_gone.ipynb").exists()


def test_an_edited_notebook_is_stale_and_windows_line_ends_are_not(course: Path) -> None:
    build(course)
    target = course / NOTEBOOKS[0]
    target.write_bytes(target.read_bytes().replace(b"\n", b"\r\n"))
    assert build(course, check=True).clean
    target.write_bytes(target.read_bytes().replace(b"Begin here", b"Begin there"))
    assert build(course, check=True).stale == (NOTEBOOKS[0],)


def test_a_broken_source_stops_the_build_before_anything_is_written(course: Path) -> None:
    for name in ("00_first.py", "01_second.py"):
        path = course / "solutions" / name
        path.write_text(path.read_text().replace("# endregion", ""))
    before = files(course)
    with pytest.raises(UserError) as error:
        build(course)
    assert files(course) == before
    assert [line.split(":")[0] for line in str(error.value).split("\n")] == [
        "solutions/00_first.py",
        "solutions/01_second.py",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [("02_Third.py", "is named like"), ("00_again.py", "has this number too"), ("helper.py", "named like")],
)
def test_a_source_has_a_lessons_name(course: Path, name: str, words: str) -> None:
    (course / "solutions" / name).write_text("")
    with pytest.raises(UserError, match=words):
        build(course)


def test_a_prerequisite_is_an_earlier_lesson(course: Path) -> None:
    path = course / "solutions" / "01_second.py"
    path.write_text(path.read_text().replace("00_first", "05_later"))
    with pytest.raises(UserError, match=r"solutions/01_second.py:1: the prerequisite `05_later`"):
        build(course)
    assert build(course, only=["second"]).written == NOTEBOOKS[2:]


def test_only_some_lessons(course: Path) -> None:
    (course / "solutions" / "00_first.py").write_text("broken")
    report = build(course, only=["1"])
    assert report.written == NOTEBOOKS[2:]
    assert not (course / "lessons" / "00_first.ipynb").exists()


def test_the_repository_has_one_address(course: Path) -> None:
    assert repository_of(course) == Repository("https://github.com/org/repo")
    project = course / "pyproject.toml"
    project.write_text(project.read_text().replace("github.com", "example.org"))
    with pytest.raises(UserError, match=r"https://github.com/ORG/REPO"):
        build(course)
    project.write_text('[project]\nname = "medsegedu"\n')
    with pytest.raises(UserError, match="Repository"):
        build(course)


class Shell:
    """What IPython gives a cell: it notes the magics."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def run_line_magic(self, name: str, line: str, **_: Any) -> None:
        self.lines.append(f"{name} {line}")


@pytest.mark.parametrize("colab", [False, True])
def test_the_colab_cell_installs_on_colab_only(monkeypatch: pytest.MonkeyPatch, colab: bool) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    shell = Shell()
    if colab:
        monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    code = TransformerManager().transform_cell(colab_cell(Repository("https://github.com/org/repo"))["source"])
    exec(compile(code, "cell", "exec"), {"get_ipython": lambda: shell})
    installed = [
        'pip install -q --no-deps "medsegedu @ git+https://github.com/org/repo@main"',
        "pip install -q nilearn pooch pydicom",
    ]
    assert shell.lines == (installed if colab else [])


def test_lessons_are_listed_and_found(course: Path) -> None:
    assert [(info.number, info.name, info.title, info.minutes) for info in lessons(course)] == [
        ("00", "00_first", "First: one | two", 5), ("01", "01_second", "Second", 7),
    ]  # fmt: skip
    for wanted in ("1", "01", "01_second", "second"):
        assert [path.stem for path in find_lessons(wanted, course)] == ["01_second"]
    assert len(find_lessons("all", course)) == 2
    with pytest.raises(UserError, match="No lesson '7'; there are 00_first, 01_second, and all"):
        find_lessons("7", course)


def test_the_checkout_is_found_from_inside_it(course: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(course / "solutions")
    assert find_root() == course
    monkeypatch.chdir(tmp_path)
    assert find_root() == Path(__file__).parents[2]
    monkeypatch.setattr("medsegedu.course.catalogue.__file__", str(tmp_path / "site" / "medsegedu" / "course" / "x.py"))
    with pytest.raises(UserError, match="not inside a checkout"):
        find_root()
    monkeypatch.setattr("medsegedu.course.catalogue.PACKAGED", course / "solutions")  # as where a wheel was installed
    assert [info.name for info in lessons()] == ["00_first", "01_second"]
