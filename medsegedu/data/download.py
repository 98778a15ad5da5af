"""Fetch one file from the web: with a progress bar, from where the last attempt stopped, and whole and checked or not at all."""

import errno
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medsegedu.data.catalogue import size_text
from medsegedu.errors import UserError

TRIES = 4  # in a row, of a connection that is cut
_WAIT = 1.0  # seconds before the second try, twice as many before the third, ...
_PIECE = 1 << 14  # bytes at once; of a piece that is cut nothing is kept
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of the file


class NoConnection(UserError):
    """The server could not be reached, or went away before the file was whole."""


def download(url: str, checksum: str, target: Path) -> Path:
    """The file at `url`, saved as `target`; a file there with the right checksum is left as it is.

    While it comes it is called `target`.part. That file stays when the connection is cut, and the next call asks the server
    for the rest. Its checksum decides in the end, so that a wrong rest is thrown away too.

    Args:
        checksum: as pooch writes it, "sha256:..." or "md5:...".

    Raises:
        NoConnection: the server can't be reached, refuses, or the connection is cut again and again.
        UserError: the file is another than the known one, or can't be written.
    """
    import pooch  # slow to import, and rarely needed

    pooch.get_logger().setLevel("WARNING")  # the progress bar says it
    part = target.with_name(f"{target.name}.part")

    def retrieve() -> Path:
        return Path(pooch.retrieve(url, checksum, target.name, target.parent, downloader=_Fetcher(part)))

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        continued = part.exists()
        try:
            return retrieve()
        except ValueError as error:
            if isinstance(error, UserError) or not continued:
                raise
            return retrieve()  # it had the beginning of an older file, which pooch threw away
    except UserError:
        raise
    except ValueError as error:
        raise UserError(
            f"{url} is another file than the course knows (its checksum differs), and was thrown away; try again later, and "
            f"tell the course's authors if it stays so."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
        raise UserError(
            f"Cannot write {target} ({error.strerror or error}); free some space or set MEDSEGEDU_CACHE to another folder."
        ) from error


class _Fetcher:
    """What pooch calls to fill a file of its own; the bytes are gathered in `part`, which outlives a failure."""

    def __init__(self, part: Path) -> None:
        self.part = part

    def __call__(self, url: str, output_file: str, pooch: Any = None) -> None:
        import requests

        start, tries = _size(self.part), 0
        while True:
            before = _size(self.part)
            try:
                _continue(url, self.part)
                break
            except requests.HTTPError as error:
                raise NoConnection(f"{_host(url)} does not give the file ({error}); try again later.") from None
            except requests.RequestException as error:
                tries = 1 if _size(self.part) > before else tries + 1
                never_there = _size(self.part) == start and not isinstance(
                    error, requests.exceptions.ChunkedEncodingError
                )
                if never_there or tries == TRIES:
                    raise NoConnection(_cut(url, self.part, never_there)) from None  # theirs fills pages
                time.sleep(_WAIT * 2 ** (tries - 1))
        self.part.replace(output_file)


def _continue(url: str, part: Path) -> None:
    """Append to `part` what is missing from it, or write it anew where the server can't continue.

    Raises:
        requests.RequestException: whatever goes wrong between here and the server.
    """
    import requests
    from tqdm.auto import tqdm

    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, timeout=_TIMEOUT, headers=headers) as answer:
        extent = answer.headers.get(
            "Content-Range", ""
        )  # "bytes 5-9/10", or "bytes */10" if there is nothing after `have`
        if answer.status_code == 416:
            if extent.rpartition("/")[2] == str(have):
                return
            part.unlink()  # longer than the file: of another one
            return _continue(url, part)
        answer.raise_for_status()
        if not (answer.status_code == 206 and extent.startswith(f"bytes {have}-")):
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        name = part.name.removesuffix(".part")
        # disable=None: no bar where nobody looks, as in a log file; a notebook shows it
        bar = tqdm(desc=name, total=total, initial=have, unit="B", unit_scale=True, disable=None)
        with bar, open(part, "ab" if have else "wb") as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)
                bar.update(len(piece))
    if total is not None and _size(part) < total:
        raise requests.exceptions.ChunkedEncodingError(f"{_size(part)} of {total} bytes came")


def _cut(url: str, part: Path, never_there: bool) -> str:
    here = f" {size_text(_size(part))} of it are here, and the download goes on from there." if _size(part) else ""
    if never_there:
        return f"There is no connection to {_host(url)}; connect to the internet and try again.{here}"
    return f"The connection to {_host(url)} was cut; try again.{here}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
