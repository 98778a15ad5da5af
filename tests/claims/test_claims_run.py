"""A run: parallel or not, stopped or killed, failing or not, it ends with the same numbers in whole files."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsegedu import claims
from medsegedu.errors import UserError
from medsegedu.files import results_folder

HERE = Path(__file__).parent
KEYS = ("key", "claim", "lesson", "verdict", "effect", "low", "high", "unit", "seeds")  # what the README's table reads
START = "import toy_claims; from medsegedu import claims; claims.run(['90.slow'], processes=2, progress=False)"


def work() -> list[Path]:
    return sorted((results_folder() / "claims" / "work").glob("90.slow*.json"))


def started(log: Path, tmp_path: Path) -> subprocess.Popen:  # type: ignore[type-arg]
    """A run in another process, given time to finish at least one seed."""
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "TOY_LOG": str(log)}
    (tmp_path / "start.py").write_text(f"if __name__ == '__main__':\n    {START}\n")
    running = subprocess.Popen(
        [sys.executable, tmp_path / "start.py"], env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not work() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.05)
    return running


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_stopped_run_goes_on_where_it_was(
    how: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    running = started(log, tmp_path)
    os.kill(running.pid, how)
    _, complaint = running.communicate(timeout=30)
    assert running.returncode == (-how if how == signal.SIGKILL else -signal.SIGINT), complaint
    kept = {json.loads(path.read_text())["seed"] for path in work()}
    assert 0 < len(kept) < 6
    lines = log.read_text().splitlines()
    deadline = time.monotonic() + 20
    while any(alive(int(line.split()[1])) for line in lines) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(int(line.split()[1])) for line in lines)  # no process is left behind

    monkeypatch.setenv("TOY_LOG", str(tmp_path / "second"))
    (found,) = claims.run("90.slow", processes=1, folder=tmp_path, progress=False)
    again = {int(line.split()[0]) for line in (tmp_path / "second").read_text().splitlines()}
    assert again == set(range(6)) - kept
    assert found["seeds"] == list(range(6))


def test_parallel_and_serial_give_the_same(tmp_path: Path) -> None:
    keys = ["90.helps", "90.faster"]
    serial = claims.run(keys, seeds=3, processes=1, folder=tmp_path / "serial", progress=False)
    parallel = claims.run(keys, seeds=3, processes=2, folder=tmp_path / "parallel", progress=False, fresh=True)
    for one, other in zip(serial, parallel, strict=True):
        assert [v["values"] for v in one["values"]] == [v["values"] for v in other["values"]]
        assert (one["effect"], one["verdict"]) == (other["effect"], other["verdict"])


def test_the_json_is_complete(tmp_path: Path) -> None:
    (found,) = claims.run(["90.helps"], seeds=[4, 2, 9], processes=1, folder=tmp_path, progress=False)
    written = json.loads((tmp_path / "90.helps.json").read_text())
    assert written == found == claims.result("90.helps", tmp_path)
    assert [written[key] is not None for key in KEYS] == [True] * len(KEYS)
    assert written["seeds"] == [2, 4, 9]
    assert written["verdict"] == "holds"
    assert written["effect"] == pytest.approx(sum(v["difference"] for v in written["values"]) / 3)
    assert set(written["values"][0]["values"]) == {"without", "with"}
    assert set(written["versions"]) == {"python", "torch", "numpy", "medsegedu"}
    assert set(written["machine"]) == {"cpu", "cores"}
    assert written["preset"] == "quick"
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".json" or p.name.startswith(".")] == ["90.helps.json"]
    row = next(row for row in claims.table(tmp_path) if row["key"] == "90.helps")
    assert row["seeds"] == 3
    assert row["current"]
    assert next(row for row in claims.table(tmp_path) if row["key"] == "90.slow")["verdict"] == "not measured"


def test_ratios_are_told_as_factors(tmp_path: Path) -> None:
    (found,) = claims.run(["90.faster"], seeds=2, processes=1, folder=tmp_path, progress=False)
    assert found["unit"] == "times"
    assert found["effect"] == pytest.approx(12**0.5)


def test_timings_run_alone_in_this_process_on_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    claims.run(["90.faster"], seeds=3, processes=2, folder=tmp_path, progress=False)
    assert (tmp_path / "log").read_text().splitlines() == [f"{os.getpid()} 1"] * 3


def test_a_seed_that_fails_is_told_and_the_others_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = claims.run(["90.fails"], seeds=3, processes=1, folder=tmp_path)
    assert "Claim 90.fails, seed 1 failed: RuntimeError: the network exploded" in capsys.readouterr().err
    assert found["seeds"] == [0, 2]
    assert found["failed"] == {"1": "RuntimeError: the network exploded"}


def test_a_claim_whose_seeds_all_fail_is_told_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_BROKEN", "1")
    with pytest.raises(UserError, match=r"claim 90\.fails has 0 seeds that worked .*exploded"):
        claims.run(["90.fails", "90.helps"], seeds=2, processes=1, folder=tmp_path, progress=False)
    assert [path.name for path in tmp_path.glob("*.json")] == ["90.helps.json"]


def test_another_preset_or_a_damaged_file_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (quick,) = claims.run(["90.sweep"], seeds=2, processes=1, folder=tmp_path, progress=False)
    assert quick["values"][0]["values"]["2"] == 0.9
    assert quick["verdict"] == "holds"
    monkeypatch.setenv("MEDSEGEDU_PRESET", "smoke")
    (smoke,) = claims.run(["90.sweep"], seeds=2, processes=1, folder=tmp_path, progress=False)
    assert smoke["values"][0]["values"]["2"] == 0.1
    for path in (results_folder() / "claims" / "work").glob("*smoke*"):
        path.write_text('{"seed": 0, "val')
    (mended,) = claims.run(["90.sweep"], seeds=2, processes=1, folder=tmp_path, progress=False)
    assert mended["effect"] == smoke["effect"]


def test_results_are_committed_only_from_a_real_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from medsegedu.claims.results import COMMITTED, default_folder

    assert default_folder("quick") == COMMITTED
    assert default_folder("smoke") == results_folder() / "claims"


def test_one_seed_is_not_enough() -> None:
    with pytest.raises(UserError, match="two or more seeds; seeds=1"):
        claims.run(["90.helps"], seeds=1)


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "90.helps.json").write_text("{")
    with pytest.raises(UserError, match=r"90\.helps\.json"):
        claims.result("90.helps", tmp_path)
    assert claims.result("90.slow", tmp_path) is None


def test_a_claim_of_a_notebook_runs_in_this_process_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims.get("90.helps").function, "__module__", "__main__")
    with pytest.raises(UserError, match="processes=1"):
        claims.run(["90.helps"], processes=2, folder=tmp_path)
    assert claims.run(["90.helps"], seeds=2, processes=1, folder=tmp_path, progress=False)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is not None, reason="dask.distributed is installed")
def test_a_scheduler_without_dask_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"medsegedu\[cluster\]"):
        claims.run(["90.helps"], seeds=2, scheduler="tcp://127.0.0.1:8786", folder=tmp_path, progress=False)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed")
def test_a_dask_cluster_gives_the_same(tmp_path: Path) -> None:
    from distributed import LocalCluster

    (here,) = claims.run(["90.helps"], seeds=3, processes=1, folder=tmp_path, progress=False)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        (there,) = claims.run(["90.helps"], seeds=3, folder=tmp_path, progress=False, fresh=True, scheduler=address)
    assert [v["values"] for v in here["values"]] == [v["values"] for v in there["values"]]
