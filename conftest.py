"""Notebooks as tests: nbval runs every cell of lessons/ (as a student finds it) and solutions/ (as it should end)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# A lesson's stubs are all "not started", at the preset that does the least; a solution must be right, as students see it.
_VARIABLES = {
    "lessons": {"MEDSEGEDU_STRICT": "not started", "MEDSEGEDU_PRESET": "smoke"},
    "solutions": {"MEDSEGEDU_STRICT": "right", "MEDSEGEDU_PRESET": os.environ.get("MEDSEGEDU_PRESET", "quick")},
}
_SCRATCH = pytest.StashKey[Path]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """nbval starts a notebook's kernel when its first cell is set up, and the kernel takes over this environment."""
    if item.path.suffix != ".ipynb":
        return (yield)
    scratch = _scratch(item.config)
    variables = _VARIABLES[item.path.parent.name] | {
        "MEDSEGEDU_RESULTS": str(scratch / "results" / item.path.parent.name),
        "MEDSEGEDU_CACHE": str(scratch / "cache"),
    }
    if data := os.environ.get("MEDSEGEDU_DATA"):
        variables["MEDSEGEDU_DATA"] = str(Path(data).absolute())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return (yield)


def _scratch(config: pytest.Config) -> Path:
    """One folder for all notebooks of a run, so that patients are made once."""
    if _SCRATCH not in config.stash:
        config.stash[_SCRATCH] = Path(tempfile.mkdtemp(prefix="medsegedu-notebooks-"))
        config.add_cleanup(lambda: shutil.rmtree(config.stash[_SCRATCH], ignore_errors=True))
    return config.stash[_SCRATCH]
