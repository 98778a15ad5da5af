"""A plan as a whole: what it is for real kinds of data, how it is kept, and what it refuses."""

import itertools
import json
import types
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_data import print_of, random_dataset

from medsegedu.data import Augment, Dataset, virtual_patients
from medsegedu.errors import UserError
from medsegedu.models import UNet
from medsegedu.plan import Plan, fingerprint, load_plan, make_plan, save_plan, steps_in
from medsegedu.runs import Settings


def test_hippocampus(real_hippocampus: Dataset) -> None:
    found = fingerprint(real_hippocampus)
    assert (found.cases, found.patients, found.dims) == (260, 170, 3)
    assert [s.median for s in found.size] == [35, 50, 36]
    plan = make_plan(found, memory_gb=1)
    assert plan["spacing"] == (1, 1, 1)
    assert plan["patch"] == (40, 56, 40)
    assert plan["depth"] == 3
    assert plan.warnings == ()


def test_nuclei(real_nuclei: Dataset) -> None:
    found = fingerprint(real_nuclei[:60])
    plan = make_plan(found)
    assert len(plan["patch"]) == 2
    assert found.drawn[0].objects > 600
    assert make_plan(found, minutes=1, speed=1e4)["patch"] < plan["patch"]


def test_slices_of_virtual_patients() -> None:
    data = virtual_patients(4, 1, slices=2)
    plan = make_plan(fingerprint(data))
    assert plan["spacing"] == (2, 2)
    assert [p - n for p, n in zip(plan["patch"], plan["size"], strict=True)] == [
        -n % 2 ** plan["depth"] for n in plan["size"]
    ]
    assert plan["loss"] == "dice+ce"


@pytest.mark.parametrize("dims", [2, 3])
def test_a_plan_becomes_settings(dims: int) -> None:
    data = random_dataset(0, 9, dims=dims)
    plan = make_plan(fingerprint(data), memory_gb=0.3)
    chosen = Settings.choose("folder", data, **plan.choices())
    for rule in plan.rules:
        if rule.name not in ("size", "memory", "intensities"):
            assert getattr(chosen, rule.name) == rule.value
        assert rule.why.endswith(".")
        assert "\n" not in rule.why
    with torch.device("meta"):
        logits = chosen.network()(torch.empty(chosen.batch, 2, *chosen.patch))
    assert logits.shape == (chosen.batch, 3, *chosen.patch)
    timed = Settings.choose("folder", data, **make_plan(fingerprint(data), minutes=3, speed=1e5).choices())
    assert timed.minutes == 3


def test_time_limits_a_step() -> None:
    found = print_of((100, 120, 90), (1, 1, 1))
    slow, fast = (make_plan(found, minutes=2, speed=speed) for speed in (1e5, 1e8))
    voxels = slow["batch"] * slow["patch"][0] * slow["patch"][1] * slow["patch"][2]
    assert voxels * 400 / 1e5 <= 120  # 400 steps in two minutes
    assert slow["patch"] < fast["patch"]
    with pytest.raises(UserError, match="time is too short for 400 steps"):
        make_plan(found, minutes=0.001, speed=1e4)


def test_what_cannot_be_planned_is_refused() -> None:
    found = print_of((40, 40, 40), (1, 1, 1))
    with pytest.raises(UserError, match="alike has 2 patients; at least 3"):
        make_plan(replace(found, patients=2))
    with pytest.raises(UserError, match=r"0.001 GB are given to a training step, and the smallest one takes 0.\d+"):
        make_plan(found, memory_gb=0.001)
    for name in ("memory_gb", "minutes"):
        for value in (0, -1, float("nan"), float("inf")):
            with pytest.raises(UserError, match=f"{name} is {value}; give a number above 0"):
                make_plan(found, **{name: value})
    with pytest.raises(UserError, match="The plan has no rule 'colour'; it has spacing, size"):
        make_plan(found)["colour"]


def test_it_warns_of_what_training_would_stumble_on() -> None:
    found = print_of((40, 40, 40), (1, 1, 1), classes=3)
    assert make_plan(found).warnings == ()
    absent, rare = (
        replace(found.drawn[0], cases=0, patients=0, objects=0),
        replace(found.drawn[1], patients=2, smallest=0.5),
    )
    said = make_plan(replace(found, drawn=(absent, rare), labelled=15)).warnings
    assert [sentence[:30] for sentence in said] == [
        "No case shows class 1, so no n", "Only 2 of 20 patients show cla", "5 of 20 cases have no label; t",
        "The smallest object measures 0",
    ]  # fmt: skip
    assert "A patch holds" in make_plan(print_of((200, 200, 200), (1, 1, 1)), memory_gb=0.1).warnings[0]
    assert "10 voxels along one axis" in make_plan(print_of((200, 200, 10), (1, 1, 1))).warnings[0]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 99), dims=st.sampled_from([2, 3]), minutes=st.none() | st.floats(1, 9))
def test_a_file_gives_the_plan_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dims: int, minutes: float
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    plan = make_plan(fingerprint(random_dataset(seed, 6, dims=dims)), memory_gb=0.2, minutes=minutes, speed=1e7)
    assert load_plan(save_plan(plan, path)) == plan


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return save_plan(make_plan(print_of((40, 40, 40), (1, 1, 1))), tmp_path / "plan.json")


def test_a_value_changed_by_hand_is_taken(stored: Path) -> None:
    content = json.loads(stored.read_text())
    (patch,) = [rule for rule in content["rules"] if rule["name"] == "patch"]
    patch["value"] = [16, 24, 16]
    stored.write_text(json.dumps(content))
    assert load_plan(stored)["patch"] == (16, 24, 16)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("patch", "large", "patch is 'large', not whole numbers"),
        ("patch", [16, 24.5, 16], r"patch is \(16, 24.5, 16\), not whole numbers"),
        ("batch", True, "batch is True, not whole numbers"),
        ("loss", 3, "loss is 3, not a word"),
        ("augment", 1, "augment is 1, not true or false"),
        ("spacing", 1.5, "spacing is 1.5, not numbers"),
    ],
)
def test_a_wrong_value_is_named(stored: Path, name: str, value: object, sentence: str) -> None:
    content = json.loads(stored.read_text())
    for rule in content["rules"]:
        rule["value"] = value if rule["name"] == name else rule["value"]
    stored.write_text(json.dumps(content))
    with pytest.raises(UserError, match=sentence):
        load_plan(stored)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "can't be read as a plan"),
        (b"\xff\xfe", "can't be read as a plan"),
        (b"[1, 2]", "does not say that it is a medsegedu plan"),
        (b'{"kind": "medsegedu plan"}', "it has no 'rules'"),
        (b'{"kind": "medsegedu plan", "rules": 3}', "can't be read as a plan"),
        (b'{"kind": "medsegedu plan", "rules": [{"name": "hue", "value": 1, "why": ""}]}', "'hue' is no rule"),
        (b'{"kind": "medsegedu plan", "rules": [{"nam": 1}]}', "can't be read as a plan"),
        (b'{"kind": "medsegedu plan", "rules": [], "fingerprint": [], "warnings": []}', "can't be read as a plan"),
    ],
)
def test_other_files_are_no_plans(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        load_plan(tmp_path / "x.json")


def test_no_file_and_a_folder_are_no_plans(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no plan"):
        load_plan(tmp_path / "none.json")
    with pytest.raises(UserError, match="can't be read"):
        load_plan(tmp_path)


def test_tables_show_it() -> None:
    plan = replace(make_plan(print_of((40, 40, 40), (1, 1, 1))), warnings=("Mind <this>.",))
    assert isinstance(plan, Plan)
    assert ["patch", "40", "x", "40", "x", "40"] in [line.split()[:6] for line in str(plan).splitlines()]
    assert "Note: Mind <this>." in str(plan)
    assert ">40 x 40 x 40</td>" in plan._repr_html_()
    assert "Mind &lt;this&gt;." in plan._repr_html_()


def test_steps_for_the_minutes_take_the_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    clock = types.SimpleNamespace(perf_counter=lambda: 0.25 * next(ticks))
    monkeypatch.setattr("medsegedu.plan.timing.time", clock)
    data = virtual_patients(4, 1, slices=2)
    torch.manual_seed(7)
    model = UNet(3, 5, width=8, depth=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    options = {"batch": 2, "patch": (32, 32), "rate": 1e-3, "augment": Augment()}
    timing = steps_in(0.2, model, data, data[:3], **options)
    assert timing.step_seconds == 0.25 / 8
    assert timing.look_seconds == 0.25 * 3  # one of three cases was looked at
    spent = clock.perf_counter() - 0.25
    assert timing.looks == 2  # of five asked for: a third would take more than a fifth of the time
    assert 0 <= 12 - (timing.steps * timing.step_seconds + 2 * timing.look_seconds + spent) < timing.step_seconds
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    with pytest.raises(UserError, match=r"0\.001 minutes are too short for 10 steps: one takes"):
        steps_in(0.001, model, data, data[:3], **options)
