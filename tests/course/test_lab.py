"""`medsegedu lab`: the address works when it is shown, and after Ctrl-C nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psutil
import pytest

from medsegedu import cli
from medsegedu.course import lab, workspace
from medsegedu.course.lab import Server, jupyterlab
from medsegedu.errors import UserError

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
# The real command, with other lessons than the course's.
COMMAND = (
    "import sys; from pathlib import Path; from medsegedu.course import workspace; from medsegedu import cli\n"
    "workspace.shipped_folder = lambda: Path(sys.argv[1])\n"
    "sys.exit(cli.main(sys.argv[2:]))"
)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "00 first.ipynb").write_text(json.dumps(NOTEBOOK))
    return folder


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS"):
        monkeypatch.setenv(f"{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the log goes, in a command started here
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # and in this process


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command_lines(processes: list[psutil.Process]) -> list[str]:
    """Of those still there: a server and a kernel also start commands that end at once, such as `uname`."""
    lines = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # gone, or ended and not yet waited for
            if process.is_running():  # and not another with its number
                lines.append(" ".join(process.cmdline()))
    return [line for line in lines if line]  # one that is just ending has none


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on Linux and macOS")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_whole_life_of_a_server(ending: signal.Signals, shipped: Path, tmp_path: Path) -> None:
    port = free_port()
    arguments = ["lab", "--no-browser", "--port", str(port), "--folder", str(tmp_path / "mine")]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(shipped), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    descendants: list[psutil.Process] = []
    try:
        address = next(line.strip() for line in process.stdout if "http://" in line)
        assert address.startswith(f"http://127.0.0.1:{port}/lab/tree/00%20first.ipynb?token=")
        with urlopen(address, timeout=30) as answer:  # works from the moment it is shown
            assert answer.status == 200
        api, token = f"http://127.0.0.1:{port}/api", urlsplit(address).query
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{api}/contents", timeout=30)
        with urlopen(f"{api}/contents?{token}", timeout=30) as answer:
            assert "00 first.ipynb" in [entry["name"] for entry in json.load(answer)["content"]]
        with urlopen(Request(f"{api}/kernels?{token}", data=b"{}", method="POST"), timeout=60) as answer:
            assert answer.status == 201
        descendants = psutil.Process(process.pid).children(recursive=True)
        lines = command_lines(descendants)
        assert any("jupyter" in line for line in lines)
        assert any("ipykernel" in line for line in lines)
        assert not any(token.removeprefix("token=") in line for line in lines)
        process.send_signal(ending)
        out, err = process.communicate(timeout=60)
        assert not command_lines(descendants)
    finally:  # if this test fails, it leaves nothing behind either
        for started in (process, *descendants):
            with suppress(psutil.NoSuchProcess):
                started.kill()
    assert (process.returncode, err) == (0, "")
    assert f"Your work is in {tmp_path / 'mine'}" in out
    assert not list(tmp_path.glob("*.log"))


def test_results_go_into_the_folder_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for told in (None, "elsewhere"):
        seen: dict[str, str] = {}

        def start(command: list[str], env: dict[str, str], seen: dict[str, str] = seen, **options: object) -> None:
            seen.update(env)
            raise UserError("seen")

        monkeypatch.setattr(subprocess, "Popen", start)
        monkeypatch.delenv("MEDSEGEDU_RESULTS", raising=False)
        if told:
            monkeypatch.setenv("MEDSEGEDU_RESULTS", told)
        with pytest.raises(UserError, match="seen"), jupyterlab(tmp_path):
            pass
        assert seen["MEDSEGEDU_RESULTS"] == (told or str(tmp_path / "results"))


def test_a_taken_port_is_named_and_without_port_another_is_found(
    taken_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=f"Port {taken_port} is in use"), jupyterlab(tmp_path, taken_port):
        pass
    monkeypatch.setattr(lab, "FIRST_PORT", taken_port)
    assert lab._choose_port(None) > taken_port


def test_no_jupyterlab_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="-m pip install jupyterlab ipywidgets"), jupyterlab(tmp_path):
        pass


def test_a_server_that_cannot_start_says_why_and_keeps_its_log(tmp_path: Path) -> None:
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir()
    (config / "jupyter_lab_config.py").write_text("raise RuntimeError('broken configuration')")
    (config / "jupyter_server_config.py").write_text("import os; os._exit(3)")
    with pytest.raises(UserError, match="JupyterLab ended with code") as error, jupyterlab(tmp_path):
        pass
    (log,) = tmp_path.glob("medsegedu-lab-*.log")
    assert str(log) in str(error.value)


def test_the_browser_opens_the_first_lesson(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Ended:
        returncode = 0

        def wait(self) -> int:
            return 0

    class Started:
        def __init__(self, folder: Path, port: int | None) -> None:
            self.server = Server(1234, "secret", Ended(), Path("log"))  # type: ignore[arg-type]

        def __enter__(self) -> Server:
            return self.server

        def __exit__(self, *error: object) -> None:
            pass

    opened: list[str] = []
    monkeypatch.setattr(workspace, "shipped_folder", lambda: shipped)
    monkeypatch.setattr(lab, "jupyterlab", Started)
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert cli.main(["lab", "--folder", str(tmp_path / "mine"), "--no-browser"]) == 0
    assert opened == []
    assert cli.main(["lab", "--folder", str(tmp_path / "mine")]) == 0
    assert opened == ["http://127.0.0.1:1234/lab/tree/00%20first.ipynb?token=secret"]
    assert opened[0] in capsys.readouterr().out
