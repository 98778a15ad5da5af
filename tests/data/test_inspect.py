"""Every problem of a folder at once, by name; the table, the page and the command."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from laid_out import grey, label, mask, pictures, random
from written import AFFINE, nifti, png, volume

from medsegedu import cli
from medsegedu.data.folder import folder
from medsegedu.data.inspect import inspect_folder
from medsegedu.errors import UserError

PROBLEMS = {
    "a mask without an image": (
        {"masks/z.png": mask()},
        r"z\.png is a mask without an image; add the image z, or remove",
    ),
    "two masks": ({"masks/a_seg.png": mask()}, r"a has 2 masks, .*a\.png and .*a_seg\.png; keep one"),
    "two images": ({"images/a.tif": grey()}, r"a\.png and .*a\.tif have one name and different endings"),
    "another size": ({"masks/b.png": mask()[:5]}, r"b\.png does not lie on .*the sizes differ, 8 x 9 and 5 x 9"),
    "in colour": ({"masks/b.png": np.stack([mask(), mask(), mask()], 2)}, r"b\.png is in colour"),
    "smoothed": ({"masks/b.png": grey()}, "different values up to"),
    "transparent": ({"images/b.png": np.zeros((8, 9, 4), np.uint8) + mask()[..., None]}, r"b\.png: .* are transparent"),
    "channels": (
        {"images/b.png": random.integers(0, 256, (8, 9, 3)).astype(np.uint8)},
        "b has 3 channels|Case b has 3",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_problem_is_named_by_folder_and_by_inspect(tmp_path: Path, name: str) -> None:
    extra, why = PROBLEMS[name]
    good = {f"{kind}/{n}.png": mask() for kind in ("images", "masks") for n in "abc"}
    pictures(tmp_path, good | extra)
    with pytest.raises(UserError, match=why):
        folder(tmp_path)
    report = inspect_folder(tmp_path)
    assert any(re.search(why, problem) for problem in report.problems), report.problems
    assert len(report.problems) == 1


def test_problems_of_volumes_do_not_stop_the_report(tmp_path: Path) -> None:
    image, drawn = tmp_path / "images", tmp_path / "masks"
    broken = {
        "place": (AFFINE + np.outer([1, 0, 0, 0], [0, 0, 0, 4]), label(), "different places"),
        "spacing": (AFFINE * [2, 1, 1, 1], label(), "differ in spacing"),
        "turned": (AFFINE @ np.diag([1, -1, 1, 1]), label(), "differ in orientation, LAS and LPS"),
        "soft": (AFFINE, label() * 0.5, "not whole numbers"),
        "negative": (AFFINE, -label().astype(np.int16), "number the classes from 0"),
    }
    for name, (affine, array, _) in broken.items():
        nifti(image / f"{name}.nii.gz")
        nifti(drawn / f"{name}.nii.gz", array, affine)
    nifti(image / "cut.nii.gz").write_bytes(nifti(image / "cut.nii.gz").read_bytes()[:200])
    nifti(image / "four.nii.gz", volume((5, 6, 7, 2)))
    nifti(image / "nan.nii.gz", np.full((5, 6, 7), np.nan))
    nifti(image / "fine.nii.gz")
    nifti(drawn / "fine.nii.gz", label())
    report = inspect_folder(tmp_path)
    found = {row.id: " ".join(row.problems) for row in report.rows}
    whys = {name: why for name, (_, _, why) in broken.items()} | {
        "cut": "can't be read",
        "four": "4 dimensions",
        "nan": "NaN",
    }
    for name, why in whys.items():
        assert why in found[name]
        assert name in found[name]
    assert found["fine"] == ""
    assert len(report.problems) == len(whys)
    with pytest.raises(UserError, match=r"problems?: `medsegedu data inspect|All problems: `medsegedu data inspect"):
        folder(tmp_path)


def test_the_report_counts_what_is_there(tmp_path: Path) -> None:
    drawn = label((5, 6, 7), (0, 3))
    for name in ("a", "b<script>"):
        nifti(tmp_path / "images" / f"{name}.nii.gz")
    nifti(tmp_path / "masks" / "a.nii.gz", drawn)
    report = inspect_folder(tmp_path)
    row = report.rows[0]
    assert (row.size, row.spacing, row.axes, row.contrasts) == ((5, 6, 7), (1.5, 2.0, 3.0), "LAS", ("image",))
    assert row.counts == {0: int((drawn == 0).sum()), 3: int((drawn == 3).sum())}
    assert row.foreground == pytest.approx((drawn > 0).mean())
    assert report.rows[1].counts == {}
    text = report.text()
    for part in (
        "2 images of 2 patients, 1 with a mask",
        "0, 3 are mapped to 0 to 1",
        "5 x 6 x 7 (2)",
        "no mask",
        "no problems",
    ):
        assert part in text
    page = report.save(tmp_path / "page.html").read_text()
    assert page.count("<figure>") == 2
    assert 'alt="a, slice' in page
    assert "<script>" not in page
    assert "b&lt;script&gt;" in page


def test_folders_with_nothing_in_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no folder"):
        folder(tmp_path / "gone")
    (tmp_path / "notes.txt").write_text("no images")
    with pytest.raises(UserError, match="holds no image that can be read; put images and masks"):
        folder(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(UserError, match="holds no image"):
        inspect_folder(tmp_path)


def test_the_command_prints_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(tmp_path, {f"{kind}/{n}.png": mask() for kind in ("images", "masks") for n in "ab"})
    assert cli.main(["data", "inspect", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 0
    assert "0, 255 are mapped to 0 to 1" in capsys.readouterr().out
    assert "<figure>" in (tmp_path / "page.html").read_text()
    png(tmp_path / "masks" / "z.png", mask())
    assert cli.main(["data", "inspect", str(tmp_path)]) == 1
    assert list(Path(os.environ["MEDSEGEDU_RESULTS"]).glob("inspect-*.html"))
