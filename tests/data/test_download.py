"""A download ends with the whole file or with nothing of its name, whatever happens on the way."""

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsegedu.data import download as module
from medsegedu.data.download import NoConnection, download
from medsegedu.errors import UserError

PIECE = module._PIECE


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "there" / "archive.tar"


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_arrives_whole_and_is_not_fetched_twice(server, target: Path) -> None:
    for _ in range(2):
        assert download(server.url, server.checksum, target) == target
        assert target.read_bytes() == server.content
    assert names(target) == ["archive.tar"]
    assert server.starts == [0]


def test_a_cut_download_goes_on_where_it_stopped(server, target: Path) -> None:
    server.cuts = [40_000, 1, 30_000]
    download(server.url, server.checksum, target)
    assert target.read_bytes() == server.content
    assert server.starts == [0, 2 * PIECE, 2 * PIECE, 3 * PIECE]  # whole pieces are kept
    assert names(target) == ["archive.tar"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 50_000), max_size=4), ranges=st.booleans(), have=st.integers(0, 102_400))
def test_any_cuts_and_any_beginning_give_the_same_file(server, tmp_path: Path, cuts, ranges, have) -> None:
    target = tmp_path / "any" / "archive.tar"
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    target.with_name("archive.tar.part").write_bytes(server.content[:have])
    server.cuts, server.ranges = list(cuts), ranges
    for _ in range(6):  # a server that can't continue may cut until we give up; we may always try again
        try:
            download(server.url, server.checksum, target)
            break
        except NoConnection:
            assert "archive.tar" not in names(target)
    assert target.read_bytes() == server.content
    assert names(target) == ["archive.tar"]


def test_as_long_as_something_comes_it_goes_on(server, target: Path) -> None:
    server.cuts = [PIECE + 1] * 6  # more often than `TRIES`
    download(server.url, server.checksum, target)
    assert target.read_bytes() == server.content
    assert server.starts == [k * PIECE for k in range(7)]


def test_a_server_that_goes_away_leaves_the_part_and_says_so(server, target: Path) -> None:
    server.cuts, server.ranges = [40_000] * 20, False
    with pytest.raises(NoConnection, match=r"connection to 127\.0\.0\.1 was cut; try again\. 33 kB of it are here"):
        download(server.url, server.checksum, target)
    assert names(target) == ["archive.tar.part"]
    server.cuts, server.ranges = [], True
    download(server.url, server.checksum, target)
    assert server.starts[-1] == 2 * PIECE
    assert target.read_bytes() == server.content


def test_no_server_at_all(server, target: Path) -> None:
    server.stop()
    with pytest.raises(NoConnection, match=r"There is no connection to 127\.0\.0\.1; connect to the internet"):
        download(server.url, server.checksum, target)
    assert names(target) == []


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_refuses(server, target: Path, status: int) -> None:
    server.status = status
    with pytest.raises(NoConnection, match=f"does not give the file.*{status}"):
        download(server.url, server.checksum, target)
    assert names(target) == []


def test_another_file_than_the_known_one_is_thrown_away(server, target: Path) -> None:
    with pytest.raises(UserError, match=r"archive\.tar is another file than the course knows"):
        download(server.url, "sha256:" + "0" * 64, target)
    assert names(target) == []
    assert server.starts == [0]


@pytest.mark.parametrize("beginning", [b"of an older file" * 1000, b"longer" * 100_000])
def test_a_part_of_another_file_is_no_lasting_harm(server, target: Path, beginning: bytes) -> None:
    target.parent.mkdir()
    target.with_name("archive.tar.part").write_bytes(beginning)
    download(server.url, server.checksum, target)
    assert target.read_bytes() == server.content
    assert server.starts[-1] == 0


def test_a_whole_part_needs_nothing_more(server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("archive.tar.part").write_bytes(server.content)
    download(server.url, server.checksum, target)
    assert target.read_bytes() == server.content
    assert server.starts == []


def test_a_full_disk_is_given_back_what_was_written(server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_on_a_full_disk(path: Path, mode: str) -> Any:
        file = open(path, mode)  # noqa: SIM115

        class Full:
            def __enter__(self) -> "Full":
                return self

            def __exit__(self, *what: object) -> None:
                file.close()

            def write(self, piece: bytes) -> None:
                file.write(piece[:100])
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(module, "open", open_on_a_full_disk, raising=False)
    with pytest.raises(UserError, match=r"Cannot write .*archive\.tar \(No space left on device\); free some space"):
        download(server.url, server.checksum, target)
    assert names(target) == []


def test_a_folder_that_can_not_be_made(server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"Cannot write .*archive\.tar"):
        download(server.url, server.checksum, tmp_path / "file" / "archive.tar")
