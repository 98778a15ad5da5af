"""Notebooks as tests: nbval runs every cell of lessons/ (as a student finds it) and solutions/ (as it should end)."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# A lesson's stubs are all "not started", at the preset that does the least; a solution must be right, as students see it.
_VARIABLES = {
    "lessons": {"MEDSEGEDU_STRICT": "not started", "MEDSEGEDU_PRESET": "smoke"},
    "solutions": {"MEDSEGEDU_STRICT": "right", "MEDSEGEDU_PRESET": os.environ.get("MEDSEGEDU_PRESET", "quick")},
}
_NO_DESCRIPTION = ("", "An interactive figure.")  # none, and what `show.explore` says when nobody described its figure
_SCRATCH = pytest.StashKey[Path]()

# A shell that starts pytest in the background makes it and all its children deaf to Ctrl-C; some tests press it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """nbval starts a notebook's kernel when its first cell is set up, and the kernel takes over this environment."""
    if item.path.suffix != ".ipynb":
        return (yield)
    scratch = _scratch(item.config)
    variables = _VARIABLES[item.path.parent.name] | {
        "MEDSEGEDU_RESULTS": str(scratch / "results" / item.path.parent.name),
        "MEDSEGEDU_CACHE": str(scratch / "cache"),
        "MEDSEGEDU_OFFLINE": "1",
    }
    if data := os.environ.get("MEDSEGEDU_DATA"):
        variables["MEDSEGEDU_DATA"] = str(Path(data).absolute())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A cell whose figure has no alternative text fails, for those who can't see it."""
    result = yield
    for output in getattr(item, "test_outputs", None) or ():
        for alt in _descriptions(output):
            if alt.strip() in _NO_DESCRIPTION:
                pytest.fail("The cell shows a figure without a description; give it alt=.", pytrace=False)
    return result


def _descriptions(output: dict[str, Any]) -> list[str]:
    """The alternative text of every image in a cell's output; empty where it is missing."""
    data = output.get("data", {})
    html = "".join(data.get("text/html", ""))
    alts = [re.search(r'\balt="([^"]*)"', image) for image in re.findall(r"<img\b[^>]*>", html)]
    if "image/png" in data and not alts:
        return [output.get("metadata", {}).get("image/png", {}).get("alt", "")]
    return [alt[1] if alt else "" for alt in alts]


def _scratch(config: pytest.Config) -> Path:
    """One folder for all notebooks of a run, so that patients are made once."""
    if _SCRATCH not in config.stash:
        config.stash[_SCRATCH] = Path(tempfile.mkdtemp(prefix="medsegedu-notebooks-"))
        config.add_cleanup(lambda: shutil.rmtree(config.stash[_SCRATCH], ignore_errors=True))
    return config.stash[_SCRATCH]
