"""The commands `plan` and `train --plan`: from a folder to a run whose settings the data gave."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsegedu.cli import main
from medsegedu.errors import UserError
from medsegedu.plan import load_plan
from medsegedu.runs import Settings

CLOCK = """
import itertools, sys, types
from medsegedu.plan import timing
ticks = itertools.count()
timing.time = types.SimpleNamespace(perf_counter=lambda: 0.1 * next(ticks))  # whatever else the computer does
"""
TINY = ["--width", "4", "--patch", "16", "--depth", "1", "--batch", "2", "--quiet"]


@pytest.fixture(scope="module")
def plan_file(volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    assert main(["plan", str(volumes), "--memory", "0.1", "--out", str(path)]) == 0
    return path


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight steps take 0.1 s, and so does a look."""
    monkeypatch.setattr("medsegedu.plan.timing.time", None)  # to be put back
    exec(CLOCK, {})


def test_plan_prints_the_fingerprint_and_the_rules(
    plan_file: Path, volumes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(volumes), "--memory", "0.1"]) == 0
    printed = capsys.readouterr().out
    assert "6 of 6 patients" in printed
    assert "1.5 x 1 x 2" in printed
    plan = load_plan(plan_file)
    for rule in plan.rules:
        assert rule.text in printed
        assert rule.why in printed
    assert plan["spacing"] == (1.5, 1.0, 2.0)
    assert plan["size"] == (20, 28, 18)
    assert main(["plan", str(volumes), "--minutes", "2", "--out", str(plan_file.with_name("timed.json"))]) == 0
    assert "follows it" in capsys.readouterr().out
    assert load_plan(plan_file.with_name("timed.json"))["minutes"] == 2


def test_train_follows_a_plan_and_says_what_was_overridden(
    plan_file: Path, volumes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    command = ["train", "--data", str(volumes), "--out", str(place), "--plan", str(plan_file), "--steps", "5", *TINY]
    assert main(command) == 0
    printed = capsys.readouterr().out
    plan, settings = load_plan(plan_file), Settings.read(place / "settings.json")
    assert (settings.steps, settings.width, settings.patch) == (5, 4, (16, 16, 16))
    for name in ("spacing", "loss", "rate", "norm", "model", "augment"):
        assert getattr(settings, name) == plan[name]
    assert f"steps 5, as you said, in place of the plan's {plan['steps']}." in printed
    assert "width 4, as you said, in place of the plan's 16." in printed
    assert f"patch 16, as you said, in place of the plan's {' x '.join(map(str, plan['patch']))}." in printed
    assert "loss" not in printed  # the plan was followed there
    assert load_plan(place / "plan.json") == plan
    page = (place / "report.html").read_text()
    assert "How it was planned" in page
    assert "the median of 6 cases" in page
    assert main(command) == 0  # it is done, and evaluated again


def test_without_a_file_a_plan_is_made_and_kept(
    volumes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    command = ["train", "--data", str(volumes), "--out", str(place), "--plan", "--minutes", "0.05", *TINY]
    assert main(command) == 0
    settings = Settings.read(place / "settings.json")
    assert settings.minutes == 0.05
    assert settings.steps == len(json.loads((place / "history.json").read_text())["loss"])

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the plan and the steps were kept, and are not made again")

    monkeypatch.setattr("medsegedu.plan.make_plan", never)
    monkeypatch.setattr(sys.modules["medsegedu.runs.train"], "steps_in", never)
    assert main(command) == 0
    assert Settings.read(place / "settings.json") == settings
    capsys.readouterr()
    assert main([*command, "--minutes", "0.06"]) == 1
    assert "holds a run with minutes = 0.05, not 0.06" in capsys.readouterr().err


def test_minutes_need_no_plan_and_exclude_steps(
    volumes: Path, plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    assert main(["train", "--data", str(volumes), "--out", str(place), "--minutes", "0.05", *TINY]) == 0
    history = json.loads((place / "history.json").read_text())
    assert Settings.read(place / "settings.json").steps == len(history["loss"])
    assert 100 < len(history["loss"]) < 240  # 3 s, less the looks and what was timed, in steps of 12.5 ms
    assert not (place / "plan.json").exists()
    with pytest.raises(SystemExit):
        main(["train", "--data", str(volumes), "--out", str(place), "--minutes", "1", "--steps", "3"])
    assert "give --steps or --minutes" in capsys.readouterr().err


def test_a_killed_timed_run_goes_on_with_the_same_steps(volumes: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    launch = CLOCK + "from medsegedu.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", launch, "train", "--data", str(volumes), "--plan", "--minutes", "0.15", *TINY]
    command += ["--out", str(place)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 200
    while not (place / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (place / "checkpoint.pt").exists()
    assert not (place / "weights.safetensors").exists()
    before, plan = (place / "settings.json").read_text(), (place / "plan.json").read_text()
    subprocess.run(command, check=True, env=environment, timeout=300)
    assert (place / "settings.json").read_text() == before
    assert (place / "plan.json").read_text() == plan
    assert len(json.loads((place / "history.json").read_text())["loss"]) == json.loads(before)["steps"]


def test_several_processes_are_told_what_to_do(
    volumes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for options, sentence in (
        (["--plan"], "make it first with `medsegedu plan --out`"),
        (["--minutes", "1"], "give --steps in place of --minutes"),
    ):
        assert main(["train", "--data", str(volumes), "--out", str(tmp_path / "x"), *options, *TINY]) == 1
        assert sentence in capsys.readouterr().err
        assert not (tmp_path / "x").exists()


def test_wrong_plans_get_a_sentence(
    volumes: Path, plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "x")]
    few = tmp_path / "few"
    shutil.copytree(volumes, few, ignore=shutil.ignore_patterns("ball_00[2-5]*"))
    for arguments, sentence in (
        (["plan", "nowhere"], "There is no folder nowhere"),
        (["plan", str(few)], "few has 2 patients; at least 3"),
        (["plan", str(volumes), "--memory", "0"], "memory_gb is 0"),
        (["plan", str(volumes), "--memory", "0.001"], "give more --memory"),
        (["plan", str(volumes), "--minutes", "-1"], "minutes is -1"),
        (["train", "--data", str(volumes), "--plan", "none.json", *out], "There is no plan none.json"),
        (["train", "--data", str(volumes), "--minutes", "nan", *out], "minutes is nan"),
        (["train", "--data", str(volumes), "--minutes", "0.0001", *TINY, *out], "minutes are too short"),
        (["train", "--data", "virtual", "--plan", str(plan_file), *out], "made for 3D images, and these are 2D"),
    ):
        assert main(arguments) == 1
        error = capsys.readouterr().err
        assert sentence in error, error
        assert error.count("\n") == 1
        assert not (tmp_path / "x").exists()


def test_settings_of_older_runs_are_read(volumes: Path, run: Path, tmp_path: Path) -> None:
    content = json.loads((run / "settings.json").read_text())
    assert content.pop("minutes") is None
    (tmp_path / "settings.json").write_text(json.dumps(content))
    assert Settings.read(tmp_path / "settings.json") == Settings.read(run / "settings.json")
    content.pop("steps")
    (tmp_path / "settings.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="other entries"):
        Settings.read(tmp_path / "settings.json")
