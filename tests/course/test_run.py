"""Running a lesson without a browser, in real kernels."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbclient import NotebookClient

from medsegedu.course.run import run
from medsegedu.errors import UserError

ROOT = Path(__file__).parents[2]
HEAD = '# /// lesson\n# title = "T"\n# minutes = 1\n# objectives = ["o"]\n# budget = { seconds = 1, memory_gb = 1 }\n# ///\n'


def lesson(course: Path, name: str, *cells: str) -> None:
    """Write a lesson of code cells that are called c0, c1, ..."""
    text = "".join(f'\n# %% id="c{n}"\n{cell}\n' for n, cell in enumerate(cells))
    (course / "solutions" / f"{name}.py").write_text(HEAD + text)


def test_a_lesson_runs_and_leaves_a_page_and_rows(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("first", root=course, out=Path("out"))
    (entry,) = result.lessons
    assert result.exit_code == 0
    assert (entry.lesson, entry.error) == ("00_first", None)
    assert entry.rows == ({"lesson": "00", "model": "adder", "dice": 0.5, "seconds": None},)
    assert entry.page == tmp_path / "out" / "00_first.html"
    assert 0 < entry.seconds < 60
    if sys.platform != "win32":
        assert entry.peak_mb is not None
        assert 20 < entry.peak_mb < 250  # the kernel's own, not that of this process, which has torch
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00_first.html", "ledger.json"]
    said = capsys.readouterr()
    assert "00_first: done in" in said.out
    assert "lesson  model  dice  seconds\n00      adder  0.5   -\n" in said.out
    assert "Begin here" in said.err  # the bar names the heading
    assert not (course / "lessons").exists()  # nothing is built


def test_the_page_needs_no_connection_and_hides_nothing(course: Path) -> None:
    lesson(
        course, "02_page", "print(6 * 7)",
        "from IPython.display import display\nfrom ipywidgets import Output\nscreen = Output()\n"
        "with screen:\n    print('inside a widget')\n"
        "view = {'application/vnd.jupyter.widget-view+json': {'version_major': 2, 'model_id': screen.model_id}}\n"
        "display(view | {'text/html': '<b>still picture</b>'}, raw=True)",
        "assert screen.outputs == ()  # what is sent back while a cell runs may make nbclient wait for ever",
    )  # fmt: skip
    (entry,) = run("02", root=course).lessons
    assert entry.error is None
    page = entry.page.read_text()
    assert "42" in page
    assert "<b>still picture</b>" in page
    assert "Lesson 02 - T" in page
    assert re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="?http', page) == []
    assert "import(" not in page
    assert "cdn" not in page
    source = course / "solutions" / "02_page.py"
    source.write_text(source.read_text() + '\n# %% [markdown] id="formula"\n# $x^2$\n')
    page = run("02", root=course).lessons[0].page.read_text()
    (script,) = re.findall(r"<script[^>]*http[^>]*>", page)
    assert "async" in script  # the page does not wait for it


def test_the_kernel_is_this_python_with_strict_mode_preset_and_absolute_places(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSEGEDU_DATA", "some/data")
    check = [
        "import os, sys",
        "assert os.environ['MEDSEGEDU_STRICT'] == 'right'",
        "assert os.environ['MEDSEGEDU_PRESET'] == 'smoke'",
        f"assert os.environ['MEDSEGEDU_RESULTS'] == {str(tmp_path / 'res')!r}",
        f"assert os.environ['MEDSEGEDU_DATA'] == {str(tmp_path / 'some' / 'data')!r}",
        f"assert sys.executable == {sys.executable!r}",
        "open('dropped.txt', 'w').close()",
    ]
    lesson(course, "02_check", "\n".join(check))
    monkeypatch.setenv("MEDSEGEDU_RESULTS", "res")
    assert run("02", preset="smoke", root=course).exit_code == 0
    assert not list(tmp_path.rglob("dropped.txt"))
    assert "MEDSEGEDU_STRICT" not in os.environ


def test_a_failing_cell_is_one_sentence(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lesson(course, "00_first", "print('got here')", "raise ValueError('first line\\nthe last line.')", "print('never')")
    result = run("all", root=course)
    (entry,) = result.lessons  # 01_second is not tried
    assert result.exit_code == 1
    assert entry.error == (
        f"00_first failed in the cell `c1`: ValueError: the last line. What ran until there is in {entry.page}."
    )
    page = entry.page.read_text()
    assert "got here" in page
    assert "ValueError" in page
    said = capsys.readouterr()
    assert entry.error in said.err
    assert "Traceback" not in said.err


def test_keep_going_runs_the_rest_even_after_a_dead_kernel(course: Path) -> None:
    lesson(course, "00_first", "import os\nos._exit(3)")
    result = run("all", root=course, keep_going=True)
    assert [(entry.lesson, bool(entry.error)) for entry in result.lessons] == [("00_first", True), ("01_second", False)]
    assert "the kernel died" in str(result.lessons[0].error)
    assert result.exit_code == 1


def test_only_new_rows_of_the_ledger_are_shown(course: Path, tmp_path: Path) -> None:
    write = "import json, os, pathlib\np = pathlib.Path(os.environ['MEDSEGEDU_RESULTS'], 'ledger.json')\n"
    lesson(course, "02_a", write + "p.write_text(json.dumps([{'lesson': '02', 'model': 'a'}]))")
    add = "p.write_text(json.dumps([*json.loads(p.read_text()), {'lesson': '03', 'model': 'b'}]))"
    lesson(course, "03_b", write + add)
    rows = [run(number, root=course, out=tmp_path).lessons[0].rows for number in ("02", "03")]
    assert rows == [({"lesson": "02", "model": "a"},), ({"lesson": "03", "model": "b"},)]


def test_wrong_wishes(course: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are 00_first, 01_second"):
        run("99", root=course)
    with pytest.raises(UserError, match="No preset 'fast'; there are smoke, quick, full"):
        run("00", preset="fast", root=course)
    lesson(course, "02_broken", "1 +")
    with pytest.raises(UserError, match=r"solutions/02_broken.py:9: "):  # before the others are run
        run("all", root=course, keep_going=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write in"):
        run("00", out=tmp_path / "file", root=course)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_leaves_no_kernel_behind(course: Path, tmp_path: Path, name: str) -> None:
    proof = tmp_path / "pid"
    lesson(
        course, "02_slow", "print('got here')",
        f"import os, time\nopen({str(proof)!r}, 'w').write(str(os.getpid()) + '.')\ntime.sleep(100)",
    )  # fmt: skip
    script = (
        "import signal, sys\nfrom pathlib import Path\nfrom medsegedu.course.run import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\ntry:\n"  # a background job ignores it
        f"    run('02', root=Path({str(course)!r}), out=Path({str(tmp_path)!r}))\n"
        "except KeyboardInterrupt:\n    sys.exit(130)"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not (proof.exists() and proof.read_text().endswith(".")):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(proof.read_text()[:-1]), 0)
    assert "got here" in (tmp_path / "02_slow.html").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="process ids of POSIX")
def test_an_interrupt_while_the_kernel_starts_leaves_none_behind(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def interrupted(client: NotebookClient) -> None:
        assert client.km is not None
        assert client.km.provisioner is not None
        started.append(client.km.provisioner.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(NotebookClient, "start_new_kernel_client", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("00", root=course)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)
