"""The student's folder: lessons arrive and are refreshed, and work is never overwritten."""

import json
from pathlib import Path

import pytest

from medsegedu.course import workspace
from medsegedu.course.workspace import MANIFEST, prepare
from medsegedu.errors import UserError

FIRST, SECOND = "00_a.ipynb", "01_b.ipynb"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    (folder / "images").mkdir(parents=True)
    (folder / FIRST).write_text("a1")
    (folder / SECOND).write_text("b1")
    (folder / "images" / "brain.png").write_bytes(b"\x89png")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / FIRST).write_text("old")
    return folder


def test_a_new_folder_gets_every_file_and_no_hidden_ones(shipped: Path, tmp_path: Path) -> None:
    work = prepare(tmp_path / "deep" / "mine", shipped)
    assert work.lessons == (FIRST, SECOND)
    assert work.new == (FIRST, SECOND, "images/brain.png")
    assert (work.folder / "images" / "brain.png").read_bytes() == b"\x89png"
    assert not (work.folder / ".ipynb_checkpoints").exists()
    assert work.sentences() == [f"Copied 3 files to {work.folder}"]


def test_a_second_start_does_nothing(shipped: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "mine", shipped)
    (tmp_path / "mine" / "notes.ipynb").write_text("my own")
    again = prepare(tmp_path / "mine", shipped)
    assert (again.new, again.refreshed, again.kept, again.sentences()) == ((), (), (), [])
    assert (tmp_path / "mine" / "notes.ipynb").read_text() == "my own"


def test_an_untouched_lesson_is_refreshed_and_a_changed_one_stays(shipped: Path, tmp_path: Path) -> None:
    mine = prepare(tmp_path / "mine", shipped).folder
    (mine / SECOND).write_text("my answers")
    for name, content in ((FIRST, "a2"), (SECOND, "b2")):
        (shipped / name).write_text(content)
    for _ in range(2):  # the sentence comes again with every start, the refresh only once
        work = prepare(mine, shipped)
        assert (mine / FIRST).read_text() == "a2"
        assert (mine / SECOND).read_text() == "my answers"
        assert work.kept == (SECOND,)
        assert any(SECOND in sentence and "stays" in sentence for sentence in work.sentences())
    assert work.refreshed == ()


def test_a_changed_lesson_without_news_is_not_mentioned(shipped: Path, tmp_path: Path) -> None:
    mine = prepare(tmp_path / "mine", shipped).folder
    (mine / FIRST).write_text("my answers")
    assert prepare(mine, shipped).sentences() == []
    assert (mine / FIRST).read_text() == "my answers"


def test_a_renamed_lesson_makes_place_for_the_new_version(shipped: Path, tmp_path: Path) -> None:
    mine = prepare(tmp_path / "mine", shipped).folder
    (mine / FIRST).rename(mine / "00_my_answers.ipynb")
    (shipped / FIRST).write_text("a2")
    assert prepare(mine, shipped).new == (FIRST,)
    assert (mine / "00_my_answers.ipynb").read_text() == "a1"


@pytest.mark.parametrize("manifest", [None, "{", "[]", "\udcff"])
def test_without_its_manifest_every_different_file_stays(shipped: Path, tmp_path: Path, manifest: str | None) -> None:
    mine = prepare(tmp_path / "mine", shipped).folder
    (mine / MANIFEST).unlink()
    if manifest:
        (mine / MANIFEST).write_bytes(manifest.encode(errors="surrogateescape"))
    (shipped / FIRST).write_text("a2")
    assert prepare(mine, shipped).kept == (FIRST,)
    assert (mine / FIRST).read_text() == "a1"
    assert set(json.loads((mine / MANIFEST).read_text())) == {SECOND, "images/brain.png"}


def test_a_folder_that_cannot_be_written_is_named_with_the_fix(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "mine"):
        with pytest.raises(UserError, match="--folder") as error:
            prepare(folder, shipped)
        assert str(folder) in str(error.value)


def test_a_course_without_lessons_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "__file__", str(tmp_path / "medsegedu" / "course" / "workspace.py"))
    with pytest.raises(UserError, match="medsegedu build"):
        prepare(tmp_path / "mine")


def test_an_installed_package_ships_its_own_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "__file__", str(tmp_path / "medsegedu" / "course" / "workspace.py"))
    packaged = tmp_path / "medsegedu" / "course" / "_lessons"
    packaged.mkdir(parents=True)
    (packaged / FIRST).write_text("a")
    assert workspace.shipped_folder() == packaged
    assert prepare(tmp_path / "mine").lessons == (FIRST,)
