"""Start JupyterLab on this computer, and stop it cleanly.

The server listens on 127.0.0.1 only, behind a fresh random token, and its own messages go to a log file, so that the
terminal shows one address, which works from the moment it is shown.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

from medsegedu.errors import UserError

FIRST_PORT = 8888
_PORTS_TRIED = 100
_START_SECONDS = 90.0  # a first start on a slow disk; usually 2 to 5 s
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    """A JupyterLab that answers."""

    port: int
    token: str
    process: subprocess.Popen[bytes]
    log: Path

    def address(self, notebook: str | None = None) -> str:
        """The URL of `notebook` (relative to the server's folder), or of JupyterLab itself."""
        page = f"/tree/{quote(notebook)}" if notebook else ""
        return f"http://127.0.0.1:{self.port}/lab{page}?token={self.token}"

    def wait(self) -> None:
        """Return when JupyterLab was shut down from its own menu.

        Raises:
            UserError: it ended with an error.
        """
        if self.process.wait() != 0:
            raise UserError(_ended(self.process, self.log))


@contextmanager
def jupyterlab(folder: Path, port: int | None = None) -> Iterator[Server]:
    """A JupyterLab of `folder` that is up inside the `with`, and gone after it, its kernels too.

    Args:
        port: exactly this port; by default the first free one from 8888 up.

    Raises:
        UserError: JupyterLab is not installed, the port is taken, or the server does not start.
    """
    if find_spec("jupyterlab") is None:
        raise UserError(f"JupyterLab is not installed; run `{sys.executable} -m pip install jupyterlab ipywidgets`.")
    port = _choose_port(port)
    token = secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--ServerApp.base_url=/", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # in a container
    # The token goes through the environment, because other users can read a command line.
    environment = os.environ | {"JUPYTER_TOKEN": token}
    environment.setdefault("MEDSEGEDU_RESULTS", str(folder / "results"))
    descriptor, log = tempfile.mkstemp(prefix="medsegedu-lab-", suffix=".log")
    # In a session of its own the server does not get the terminal's Ctrl-C, which it would answer with a question.
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, start_new_session=True
    )
    os.close(descriptor)
    server = Server(port, token, process, Path(log))
    keep_log = False
    try:
        _wait_until_up(server)
        yield server
    except UserError:
        keep_log = True  # its message names the log
        raise
    finally:
        _stop(process)
        if not keep_log:
            server.log.unlink(missing_ok=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, being asked to end (kill, a closed terminal) is the same as Ctrl-C, so that no server is left behind."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), signal.default_int_handler) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _choose_port(port: int | None) -> int:
    if port is None:
        for candidate in range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED):
            if _is_free(candidate):
                return candidate
        raise UserError(f"No free port from {FIRST_PORT} to {candidate}; name one: `medsegedu lab --port 9999`.")
    if not _is_free(port):
        raise UserError(f"Port {port} is in use or not allowed; leave out --port, and a free one is found.")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":  # the port of a server that just stopped is free; on Windows the option means more
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_up(server: Server) -> None:
    opener = build_opener(ProxyHandler({}))  # a proxy would not find this computer's own server
    status = f"http://127.0.0.1:{server.port}/api/status?token={server.token}"  # refuses a token that is not its own
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise UserError(_ended(server.process, server.log))
        try:
            with opener.open(status, timeout=5):
                return
        except OSError:  # URLError and HTTPError are OSErrors
            time.sleep(0.1)
    raise UserError(f"JupyterLab did not answer within {_START_SECONDS:.0f} s; its messages are in {server.log}.")


def _ended(process: subprocess.Popen[bytes], log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"JupyterLab ended with code {process.returncode}: {last.rstrip('.')}. All its messages are in {log}."


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()  # Jupyter ends its kernels, then itself
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
