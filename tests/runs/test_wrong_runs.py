"""What can go wrong with a run: each gets one sentence, and nothing is lost."""

import json
import re
import shutil
from pathlib import Path

import pytest

from medsegedu.cli import main
from medsegedu.data import Dataset, read_image, virtual_patients
from medsegedu.errors import UserError
from medsegedu.runs import Run, Settings, evaluate_run, load_data, predict_files, train
from medsegedu.runs.run import divide


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--data", "nowhere", "--out", "x"], "There is no folder nowhere, nor public data of that name"),
        (
            ["train", "--data", "virtual", "--out", "x", "--model", "unit"],
            "There is no model 'unit'; choose from fcn, unet",
        ),
        (
            ["train", "--data", "virtual", "--out", "x", "--loss", "dyce"],
            "There is no loss 'dyce'; choose from dice[+]ce",
        ),
        (
            ["train", "--data", "virtual", "--out", "x", "--norm", "bach"],
            "There is no norm 'bach'; choose from batch, inst",
        ),
        (["train", "--data", "virtual", "--out", "x", "--rate", "-1"], "rate is -1.0; give a number above 0"),
        (["train", "--data", "virtual", "--out", "x", "--patch", "9", "9", "9"], "give 2 sizes of at least 1 voxel"),
        (["train", "--data", "virtual", "--out", "x", "--flips", "2"], "the axes are 0, 1"),
        (["train", "--data", "virtual", "--out", "x", "--spacing", "0"], "give positive sizes in mm"),
        (["predict", "--run", "nowhere", "scan.nii", "--out", "x"], "nowhere is no run: it has no settings.json"),
        (["evaluate", "--run", "nowhere"], "nowhere is no run"),
    ],
)
def test_wrong_calls_get_a_sentence(
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert re.search(sentence, error), error
    assert error.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_a_run_is_not_overwritten(run: Path, volumes: Path, tmp_path: Path) -> None:
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    data = Dataset(list(virtual_patients(3, 1, slices=1)), *(("background", "CSF", "grey matter", "white matter", "lesion"),
                   ("T1", "T2", "FLAIR")))  # fmt: skip
    with pytest.raises(UserError, match="holds a run with data"):
        train(Settings.choose("virtual", data, steps=40), data, run, progress=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files and no run"):
        train(Settings.choose("virtual", data, steps=40), data, tmp_path, progress=False)
    with pytest.raises(UserError, match=r"has 3 channels and 2 axes, but the run .* was trained on 1"):
        Run.load(run).segment(data[0])
    with pytest.raises(UserError, match="never saw a mirrored image"):
        Run.load(run).segment(read_image(volumes / "imagesTr" / "ball_000.nii.gz"), flips=True)
    with pytest.raises(UserError, match="The data have the classes background, CSF"):
        evaluate_run(Run.load(run), data, progress=False)
    assert before == {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}


def test_predict_leaves_no_image_out_in_silence(run: Path, volumes: Path, tmp_path: Path) -> None:
    shutil.copytree(volumes, tmp_path / "more")
    second = tmp_path / "more" / "labelsTr" / "ball_000_mask.nii.gz"
    shutil.copy(volumes / "labelsTr" / "ball_000.nii.gz", second)
    with pytest.raises(UserError, match="ball_000 has 2 masks"):
        predict_files(Run.load(run), [tmp_path / "more"], tmp_path / "o", progress=False)
    assert not (tmp_path / "o").exists()


def test_a_patient_in_two_parts_is_refused(run: Path, volumes: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    shutil.copytree(run, place)
    split = json.loads((place / "split.json").read_text())
    split["test"].append(split["train"][0])
    (place / "split.json").write_text(json.dumps(split))
    with pytest.raises(UserError, match=f"patient {split['train'][0]} is in two parts"):
        divide(Settings.read(place / "settings.json"), load_data(str(volumes)), place)


def test_a_broken_run_is_named(run: Path, tmp_path: Path) -> None:
    for name, content, sentence in (
        ("settings.json", b"{", "can't be read as settings"),
        ("weights.safetensors", b"xxxxxxxxxxxxxxxxxxxx", "can't be read; train the run again"),
    ):
        place = tmp_path / name
        shutil.copytree(run, place)
        (place / name).write_bytes(content)
        with pytest.raises(UserError, match=sentence):
            Run.load(place)
