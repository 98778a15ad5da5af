"""From a folder of files to labels that lie on them: the commands `train`, `predict` and `evaluate`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from skimage import io
from written import series

from medsegedu.cli import main
from medsegedu.data import Grid, read_image
from medsegedu.errors import UserError
from medsegedu.metrics import dice
from medsegedu.runs import Run

SMALL = ["--steps", "40", "--batch", "4", "--width", "8", "--depth", "2", "--patch", "16", "--quiet"]


def test_a_run_keeps_all_that_makes_it(run: Path, volumes: Path) -> None:
    names = {p.name for p in run.iterdir()} - {"events"}
    assert names == {"settings.json", "split.json", "checkpoint.pt", "weights.safetensors", "history.json",
                     "evaluation.json", "report.html"}  # fmt: skip
    split = json.loads((run / "split.json").read_text())
    assert sorted(p for part in split.values() for p in part) == [f"ball_{i:03d}" for i in range(6)]
    page = (run / "report.html").read_text()
    for words in ("How good it is", "The worst: ball_", "alt=", "dice+ce", "no part in training"):
        assert words in page
    assert "http" not in page.replace("http://www.w3.org", "")  # it needs no connection
    found = json.loads((run / "evaluation.json").read_text())
    assert set(found["patients"]) == set(split["test"])
    assert found["mean"]["class 1"]["dice"]["mean"] > 0.8


def test_a_prediction_overlays_its_image(run: Path, volumes: Path, tmp_path: Path) -> None:
    image = volumes / "imagesTr" / "ball_002.nii.gz"
    assert main(["predict", "--run", str(run), str(image), "--out", str(tmp_path), "--quiet"]) == 0
    drawn, found = nibabel.load(volumes / "labelsTr" / image.name), nibabel.load(tmp_path / image.name)
    assert np.array_equal(found.affine, nibabel.load(image).affine)
    assert found.get_data_dtype() == np.uint8
    assert dice(np.asarray(found.dataobj) == 1, np.asarray(drawn.dataobj) == 1) > 0.8
    turned = nibabel.load(image).as_reoriented(nibabel.orientations.axcodes2ornt("RSA"))  # the same patient, other axes
    nibabel.save(turned, tmp_path / "turned.nii.gz")
    assert (
        main(["predict", "--run", str(run), str(tmp_path / "turned.nii.gz"), "--out", str(tmp_path / "t"), "--quiet"])
        == 0
    )
    again = nibabel.as_closest_canonical(nibabel.load(tmp_path / "t" / "turned.nii.gz"))
    assert np.array_equal(again.dataobj, nibabel.as_closest_canonical(found).dataobj)


def test_folders_go_in_too(run: Path, volumes: Path, tmp_path: Path) -> None:
    assert main(["predict", "--run", str(run), str(volumes), "--out", str(tmp_path), "--quiet"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".gz") == [f"ball_{i:03d}.nii.gz" for i in range(6)]


def test_a_dicom_series_goes_in_and_a_nifti_lies_on_it(run: Path, tmp_path: Path) -> None:
    folder = series(tmp_path / "dicom", np.random.default_rng(0).integers(400, 700, (20, 26, 24)).astype(np.int16))
    assert main(["predict", "--run", str(run), str(folder), "--out", str(tmp_path / "o"), "--quiet"]) == 0
    (path,) = (tmp_path / "o").iterdir()
    case = read_image(folder)
    found = nibabel.load(path)
    assert path.name == "dicom.nii.gz"
    assert found.shape == tuple(case.image.shape[1:])
    assert np.allclose(found.affine, case.affine, atol=1e-4)


def test_evaluate_prints_what_training_found(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "evaluation.json").read_text()
    assert main(["evaluate", "--run", str(run), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "class 1 dice" in printed
    assert (run / "evaluation.json").read_text() == before


def test_pictures_in_pictures_out(tmp_path: Path) -> None:
    random, root = np.random.default_rng(1), tmp_path / "cells"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for i in range(5):
        mask = np.zeros((40, 52), np.uint8)
        y, x = random.integers(4, 24, 2)
        mask[y : y + 12, x : x + 12] = 255
        image = np.clip(mask // 2 + random.normal(40, 10, mask.shape), 0, 255).astype(np.uint8)
        io.imsave(root / "images" / f"c{i}.png", image, check_contrast=False)
        io.imsave(root / "masks" / f"c{i}.png", mask, check_contrast=False)
    place = tmp_path / "run"
    assert main(["train", "--data", str(root), "--out", str(place), "--flips", "0", "1", *SMALL]) == 0
    image = root / "images" / "c1.png"
    assert main(["predict", "--run", str(place), str(image), "--out", str(tmp_path / "o"), "--flips", "--quiet"]) == 0
    found = io.imread(tmp_path / "o" / "c1.png")
    assert set(np.unique(found)) == {0, 1}
    assert dice(found == 1, io.imread(root / "masks" / "c1.png") > 0) > 0.8


def test_a_killed_run_goes_on_to_the_same_weights(volumes: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "medsegedu", "train", "--data", str(volumes), *SMALL, "--out"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([*command, str(whole)], check=True, env=environment, timeout=300)
    process = subprocess.Popen([*command, str(killed)], env=environment)
    deadline = time.monotonic() + 240
    while not (killed / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (killed / "checkpoint.pt").exists()
    assert not (killed / "weights.safetensors").exists()
    with pytest.raises(UserError, match="still in training"):
        Run.load(killed)
    subprocess.run([*command, str(killed)], check=True, env=environment, timeout=300)
    name = "weights.safetensors"
    assert (whole / name).read_bytes() == (killed / name).read_bytes()


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch was built without torch.distributed")
def test_torchrun_trains_the_same_run(volumes: Path, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "medsegedu",
    ]
    command = ["train", "--data", str(volumes), "--norm", "instance", *SMALL, "--out"]
    subprocess.run([*launcher, *command, str(tmp_path / "two")], check=True, env=environment, timeout=300)
    subprocess.run([sys.executable, "-m", "medsegedu", *command, str(tmp_path / "one")], check=True, env=environment)
    one, two = (json.loads((tmp_path / name / "history.json").read_text()) for name in ("one", "two"))
    assert two["loss"][0] == pytest.approx(one["loss"][0], rel=1e-2)  # bfloat16, whose sums depend on their order
    assert two["loss"][-1] < 0.6 * two["loss"][0]
    assert (tmp_path / "one" / "split.json").read_bytes() == (tmp_path / "two" / "split.json").read_bytes()
    assert {p.name for p in (tmp_path / "one").iterdir()} == {p.name for p in (tmp_path / "two").iterdir()}


def test_events_for_tensorboard(run: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "events"))
    events.Reload()
    history = json.loads((run / "history.json").read_text())
    assert [e.value for e in events.Scalars("loss")] == pytest.approx(history["loss"], rel=1e-5)
    assert [[e.step, e.value] for e in events.Scalars("validation Dice")] == [
        [step, pytest.approx(value, rel=1e-5)] for step, value in history["validation"]
    ]


def test_the_grid_of_the_network_is_left_again(run: Path, volumes: Path) -> None:
    case = read_image(volumes / "imagesTr" / "ball_000.nii.gz")
    label = Run.load(run).segment(case)
    assert tuple(label.shape) == Grid.of(case).shape
    assert label.dtype == torch.int64
