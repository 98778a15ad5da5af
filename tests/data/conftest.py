"""No test of the data goes to the web; downloads come from a server on this computer."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Server:
    """Serves `content` at `url`, and can be made to behave as badly as the web does.

    Attributes:
        cuts: after how many bytes each coming answer is cut off, one number an answer.
        ranges: whether it can begin in the middle of the file.
        status: what it answers instead of the file, if not 200.
        starts: where the answers so far began.
    """

    def __init__(self) -> None:
        self.content = bytes(range(256)) * 400
        self.cuts: list[int] = []
        self.ranges, self.status = True, 200
        self.starts: list[int] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}/archive.tar"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def checksum(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "") if server.ranges else ""
                start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
                size = len(server.content)
                if server.status != 200 or start >= size:
                    self.send_response(416 if server.status == 200 else server.status)
                    self.send_header("Content-Range", f"bytes */{size}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                server.starts.append(start)
                self.send_response(206 if asked else 200)
                if asked:
                    self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
                self.send_header("Content-Length", str(size - start))
                self.end_headers()
                self.wfile.write(server.content[start:][: server.cuts.pop(0) if server.cuts else None])

            def log_message(self, *what: object) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def never_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_OFFLINE", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("medsegedu.data.download._WAIT", 0.0)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no data folder, and permission to download."""
    for name in ("MEDSEGEDU_DATA", "MEDSEGEDU_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
