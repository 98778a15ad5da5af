"""Every test has its own results folder; made patients are kept for one run."""

from pathlib import Path

import pytest
import torch

from medsegedu.data import NotHere, hippocampus, nuclei
from medsegedu.data.case import Dataset


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("MEDSEGEDU_OFFLINE", "1")  # no test asks the network for what is not here
    for name in ("MEDSEGEDU_STRICT", "MEDSEGEDU_PRESET"):
        monkeypatch.delenv(name, raising=False)
    torch.manual_seed(0)


def _real(load, **options) -> Dataset:  # type: ignore[no-untyped-def]
    try:
        return load(**options)
    except NotHere as reason:
        pytest.skip(str(reason))


@pytest.fixture
def real_hippocampus() -> Dataset:
    return _real(hippocampus)


@pytest.fixture
def real_nuclei() -> Dataset:
    return _real(nuclei)
