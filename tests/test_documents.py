"""README, CONTRIBUTING, CITATION and the rest say what is so: links lead somewhere, commands exist, numbers agree."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from medsegedu import cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def marked(name: str) -> str:
    """The one command between two markers of README.md."""
    text = (ROOT / "README.md").read_text()
    found = re.findall(rf"<!-- {name} -->\n```sh\n(.+)\n```\n<!-- /{name} -->", text)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text())
    assert targets
    for target in targets:
        if not target.startswith(("https://", "#")):
            assert (ROOT / target.split("#")[0]).exists(), f"{name} links to {target}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    """Every `medsegedu ...` in backticks parses; capital letters stand for something that the reader puts in."""
    commands = re.findall(r"`(?:\.venv/bin/)?medsegedu ([a-z][^`]*)`", (ROOT / name).read_text())
    assert commands
    for command in commands:
        cli.parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_pictures_have_a_text_for_those_who_cannot_see_them(name: str) -> None:
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", (ROOT / name).read_text()):
        assert len(text) > 3, target


def test_the_two_commands_stay_in_their_environment_and_use_what_is_declared() -> None:
    for name in ("start-command", "test-command"):
        command = marked(name)
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        extra = re.search(r'-e "\.\[(\w+)\]"', command)
        assert extra
        assert extra[1] in PROJECT["optional-dependencies"]
    assert "-c tests/constraints.txt" in marked("test-command")
    assert PROJECT["scripts"]["medsegedu"] == "medsegedu.cli:main"


def test_ci_runs_the_test_command(tmp_path: Path) -> None:
    """`.ci/run` in a copy of the project whose command only says what it was: the exit code and last line are its own."""
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "run"
    script.write_bytes((ROOT / ".ci" / "run").read_bytes())
    said = "1 failed, 2 passed in 3.00s"
    readme = (ROOT / "README.md").read_text()
    assert readme.count(marked("test-command")) == 1
    fake = f"echo .venv ${{MEDSEGEDU_DATA-unset}}; echo '{said}'; exit 7"
    (tmp_path / "README.md").write_text(readme.replace(marked("test-command"), fake))
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    (tmp_path / "bin").mkdir()  # a chromium, so that none is installed
    (tmp_path / "bin" / "chromium").touch(mode=0o755)
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    done = subprocess.run(["bash", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[-1]) == (7, said), done.stderr
    assert re.match(rf"{tmp_path}/\S+/venv unset$", lines[0])  # a folder of its own
    assert not list(tmp_path.glob("tmp*"))  # which is gone


def test_scripts_can_be_run() -> None:
    for name in (".ci/run", "binder/postBuild", "binder/start"):
        assert os.access(ROOT / name, os.X_OK), name
        assert (ROOT / name).read_text().startswith("#!")


def test_binder_installs_the_course_from_the_root() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert lines == ["--extra-index-url https://download.pytorch.org/whl/cpu", "-e .[lab]"]
    assert (ROOT / "binder" / "runtime.txt").read_text().strip() == "python-3.11"


def test_nothing_is_pinned_but_torch_in_the_test_constraints() -> None:
    constraints = (ROOT / "tests" / "constraints.txt").read_text().splitlines()
    assert [line for line in constraints if line and not line.startswith("#")] == ["torch==2.13.0"]
    every = [*PROJECT["dependencies"], *(line for lines in PROJECT["optional-dependencies"].values() for line in lines)]
    held_back = ["ipykernel>=6.29,<7"]  # pyproject.toml says why
    assert [line for line in every if "==" in line or "<" in line] == held_back


def test_citation_agrees_with_the_project() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "message", "authors", "type"} <= set(citation)
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_both_licences_are_whole() -> None:
    assert "Copyright (c) 2026 The medsegedu authors" in (ROOT / "LICENSE").read_text()
    lessons = (ROOT / "LICENSE-lessons").read_text()
    assert lessons.startswith("Attribution 4.0 International\n")
    assert [f"Section {n} -- " in lessons for n in range(1, 10)] == [True] * 8 + [False]
    assert set(PROJECT["license-files"]) == {"LICENSE", "LICENSE-lessons"}
