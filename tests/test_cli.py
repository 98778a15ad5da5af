"""The command line: fast, helpful, and one sentence where something is wrong."""

import argparse
import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from medsegedu import cli
from medsegedu.errors import UserError


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and all of its commands' parsers."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from parsers(command)


ALL = {parser.prog: parser for parser in parsers(cli.parser())}


def usage_error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_every_command_is_there() -> None:
    names = {name.removeprefix("medsegedu").strip() for name in ALL}
    assert names == {"", "lab", "models", "run", "build", "lessons", "doctor", "claims", "claims list", "claims run"} | {
        "plan", "train", "predict", "evaluate",
        "data", "data list", "data get", "data where", "data verify", "data leaks",
        "data inspect",
    }  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_help_says_what_in_one_line_and_shows_examples_that_parse(name: str) -> None:
    parser = ALL[name]
    assert (parser.description or "").endswith(".")
    assert "\n" not in str(parser.description)
    examples = [line.strip() for line in (parser.epilog or "").split("\n") if line.startswith("  medsegedu")]
    assert examples
    for example in examples:
        assert example.startswith(name)
        assert cli.parser().parse_args(example.split()[1:]).command


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom medsegedu.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'IPython', 'jupytext', 'nilearn', 'ipywidgets'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_python_m_medsegedu_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "medsegedu", "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("medsegedu ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "COMMAND"),
        (("bake",), "choose from"),
        (("run", "all", "--preset", "big"), "smoke"),
        (("run",), "name one lesson"),
        (("run", "00", "--lesson", "01"), "name one lesson"),
        (("lab", "--port", "0"), "from 1 to 65535"),
        (("lab", "--port", "many"), "from 1 to 65535"),
        (("claims",), "COMMAND"),
        (("claims", "run", "--seeds", "0"), "above 0"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in usage_error(capsys, *arguments)


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (UserError("Do this."), "Do this.", 1),
        (KeyboardInterrupt(), "Interrupted; what was finished is kept.", 130),
        (OSError(errno.ENOSPC, "No space left on device", "a.json"), "The disk is full (a.json); free some space", 1),
        (PermissionError(errno.EACCES, "Permission denied", "b"), "Permission denied (b); MEDSEGEDU_DEBUG=1", 1),
        (
            ModuleNotFoundError("No module named 'jupytext'", name="jupytext"),
            "The package jupytext is not installed",
            1,
        ),
    ],
)
def test_errors_are_one_sentence(
    error: BaseException, said: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(cli, "_doctor", fail)
    assert cli.main(["doctor"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"medsegedu: {said}")
    assert err.count("\n") == 1
    monkeypatch.setenv("MEDSEGEDU_DEBUG", "1")
    with pytest.raises(type(error)):
        cli.main(["doctor"])


def test_own_broken_imports_are_not_blamed_on_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(options: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'medsegedu.nothing'", name="medsegedu.nothing")

    monkeypatch.setattr(cli, "_doctor", fail)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["doctor"])


def test_unknown_lesson_lists_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "99_nothing"]) == 1
    assert "99_nothing" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error() -> None:
    code = (
        "import sys; from medsegedu import cli\n"
        "cli._doctor = lambda options: print('row\\n' * 100_000) or 0\n"
        "sys.exit(cli.main(['doctor']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) in (0, 1)


def test_run_passes_on_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def run(lesson: str, **options: Any) -> SimpleNamespace:
        told.append((lesson, options))
        return SimpleNamespace(exit_code=1 if lesson == "bad" else 0)

    monkeypatch.setattr("medsegedu.course.run.run", run)
    assert cli.main(["run", "03", "--preset", "smoke", "--out", "there", "--keep-going"]) == 0
    assert cli.main(["run", "--lesson", "bad"]) == 1
    assert told == [
        ("03", {"preset": "smoke", "out": Path("there"), "keep_going": True}),
        ("bad", {"preset": None, "out": None, "keep_going": False}),
    ]


@pytest.mark.parametrize(("check", "clean", "code"), [(True, True, 0), (True, False, 1), (False, False, 0)])
def test_a_check_of_what_is_stale_fails(check: bool, clean: bool, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegedu.course.build.build", lambda root, check: SimpleNamespace(clean=clean))
    assert cli.main(["build", "--check"] if check else ["build"]) == code


def test_claims_are_listed_and_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"key": "03.skips", "claim": "Skips help.", "verdict": "holds", "effect": 0.0512, "low": 0.04, "high": 0.06}
    row |= {"unit": "Dice", "seeds": 5, "current": False}
    never = dict.fromkeys(row) | {"key": "03.depth", "claim": "Depth helps.", "verdict": "not measured", "seeds": 0}
    monkeypatch.setattr("medsegedu.claims.table", lambda: [row, never])
    assert cli.main(["claims", "list"]) == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()[1:]]
    cells = [[cell.strip() for cell in line if cell] for line in lines]
    assert cells[0] == ["03.skips", "holds", "0.0512 [0.04, 0.06] Dice (by older code)", "5", "Skips help."]
    assert [cell for cell in cells[1] if cell] == ["03.depth", "not measured", "0", "Depth helps."]

    told: list[tuple[Any, ...]] = []

    def run(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
        told.append((*arguments, options))
        return [row | {"seeds": [0, 1, 2]}]

    monkeypatch.setattr("medsegedu.claims.run", run)
    assert cli.main(["claims", "run", "03.skips", "--seeds", "3", "--processes", "2", "--fresh"]) == 0
    assert told == [(["03.skips"], 3, 2, {"fresh": True, "scheduler": None})]
    assert "0.0512 [0.04, 0.06] Dice  3 " in capsys.readouterr().out
