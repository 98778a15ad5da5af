"""`medsegedu doctor` finds what is wrong, and nothing where all is well."""

import errno
import sys
import tempfile
from collections import namedtuple
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from medsegedu import cli
from medsegedu.course import doctor, machine
from medsegedu.course.doctor import OK, OPTIONAL, PROBLEM, Row

GB = 10**9
Usage = namedtuple("Usage", "total used free")


def test_this_computer_can_run_the_course(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("The course can run here.\n")
    asked = [line.split()[0] for line in out.split("\n\n")[0].split("\n") if not line.startswith(" ")]
    assert asked[:7] == ["Python", "medsegedu", "torch", "device", "bf16", "memory", "disk"]
    assert asked[7:10] == ["anatomy", "hippocampus", "nuclei"]
    assert asked[10:] == ["jupyterlab", "ipywidgets", "results", "cache", "network"]


def test_a_problem_is_exit_code_1_and_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: Usage(GB, GB, 0.2 * GB))
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "disk         problem   0.2 GB free" in out
    assert "-> free 1 GB, or set MEDSEGEDU_CACHE" in out
    assert out.endswith("The course can't run yet: see disk.\n")


def test_optional_rows_do_not_stop_the_course() -> None:
    assert doctor.healthy([Row("a", "here"), Row("b", "not here", OPTIONAL, "do this")])
    assert not doctor.healthy([Row("a", "here"), Row("b", "not here", PROBLEM, "do this")])


def test_every_row_that_is_not_ok_says_what_to_do() -> None:
    assert all(row.todo for row in doctor.examine() if row.state != OK)


def test_nothing_is_written_and_no_folder_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_RESULTS", str(tmp_path / "a" / "results"))
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "b" / "cache"))
    doctor.examine()
    assert list(tmp_path.iterdir()) == []


def test_missing_and_too_old_packages_are_named_with_their_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretend(name: str) -> str:
        if name == "pooch":
            raise PackageNotFoundError(name)
        return "0.1" if name == "nibabel" else version(name)

    monkeypatch.setattr(doctor, "version", pretend)
    row = doctor._packages()
    assert row.state == PROBLEM
    assert '"nibabel>=5.2" "pooch>=1.8"' in row.todo


def test_broken_torch_is_a_problem_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (row,) = doctor._torch()
    assert row.state == PROBLEM
    assert "can't be imported" in row.found


@pytest.mark.parametrize(
    ("total", "free", "state"), [(8, 4, OK), (8, 1, PROBLEM), (1, None, PROBLEM), (None, None, OPTIONAL)]
)
def test_memory(total: float | None, free: float | None, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_gb", lambda: (total, free))
    assert doctor._memory().state == state


@pytest.mark.parametrize(
    ("limit", "used", "total", "free"),
    [
        (None, None, 16, 10),  # no container
        ("max", 3 * GB, 16, 10),  # a container without a limit
        (2 * GB, GB // 2, 2, 1.5),  # Binder
        (2 * GB, 3 * GB, 2, 0),
        (64 * GB, GB, 16, 10),  # a limit above the machine's memory
        (12 * GB, 1 * GB, 12, 10),  # room in the container, less on the machine
    ],
)
@pytest.mark.parametrize("names", list(machine._LIMITS.items()))
def test_a_container_limits_memory(
    limit: object,
    used: object,
    total: float,
    free: float,
    names: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "_physical", lambda: 16 * GB)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {10 * GB // 1024} kB\n")
    for name, value in zip(names, (limit, used), strict=True):
        if value is not None:
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")
    assert machine.memory_gb(tmp_path) == (pytest.approx(total), pytest.approx(free, abs=1e-5))


def test_a_system_that_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(machine.os, "sysconf")
    assert machine.memory_gb(tmp_path) == (None, None)


def test_real_data_are_found_where_lessons_find_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEGEDU_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MEDSEGEDU_DATA", str(tmp_path / "data"))
    row = doctor._real("hippocampus")
    assert (row.state, row.found) == (OPTIONAL, "not here")
    assert "Task04_Hippocampus.tar" in row.todo
    (tmp_path / "data" / "hippocampus" / "imagesTr").mkdir(parents=True)
    assert doctor._real("hippocampus") == Row("hippocampus", str(tmp_path / "data" / "hippocampus"))
    (tmp_path / "cache" / "nuclei").mkdir(parents=True)
    (tmp_path / "cache" / "nuclei" / "index.csv").touch()
    assert doctor._real("nuclei") == Row("nuclei", str(tmp_path / "cache" / "nuclei"))


def test_anatomy_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsegedu.data.anatomy.anatomy_folder", lambda: tmp_path)
    row = doctor._anatomy()
    assert row.state == PROBLEM
    assert row.found.startswith("0 of 3 maps")


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(dir: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    row = doctor._writable("results", tmp_path / "new" / "results", "MEDSEGEDU_RESULTS")
    assert (row.state, row.todo) == (PROBLEM, "set MEDSEGEDU_RESULTS to a folder that you can write")
    assert str(tmp_path) in row.found
