"""Every figure is a Picture with a description, is not blank, and tells things apart without colour."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image

from medsegedu import show
from medsegedu.data import CLASSES, Case
from medsegedu.errors import UserError
from medsegedu.show.picture import LARGEST
from medsegedu.show.planes import centre_of_largest, plane_spacing, take

CONTRASTS = ("T1", "T2", "FLAIR")


def result(**changes: Any) -> dict[str, Any]:
    made = {
        "sentence": "Skips help.", "arms": ["no skips", "skips"], "compared": ["no skips", "skips"], "scale": "linear",
        "unit": "Dice", "measured_in": "Dice", "verdict": "holds", "effect": 0.1, "low": 0.05, "high": 0.15, "level": 0.95,
        "at_least": 0.02, "at_most": None, "seeds": [0, 1],
        "values": [{"values": {"no skips": 0.7, "skips": 0.7 + d}, "difference": d} for d in (0.08, 0.12)],
    }  # fmt: skip
    return made | changes


RATIO = result(scale="log", unit="times", effect=1.14, low=1.1, high=1.2, at_least=1.05)
SAME = result(at_least=None, at_most=0.2, compared=None)
CHARTS: dict[str, Callable[[], show.Picture]] = {
    "gallery": lambda: show.gallery(
        [np.eye(9), np.random.rand(5, 7, 3), torch.rand(4, 4)], ["a", "b", "c"], 2, alt="A."
    ),
    "curves": lambda: show.curves(
        {"train": [3, 2, 1], "validation": ([0, 2], [3, 1.5])}, "step", "loss", True, alt="A."
    ),
    "bars": lambda: show.bars({"Otsu": 0.2, "U-Net": 0.9}, "Dice", alt="A."),
    "log bars": lambda: show.bars({"Otsu": 2, "U-Net": 9000}, "FLOPs", alt="A.", log=True, digits=0),
    "intervals": lambda: show.intervals([("Otsu", 0.2, 0.1, 0.3)], "Dice", alt="A.", reference=0),
    "paired": lambda: show.paired({"a": [0.1, 0.2, 0.4], "b": [0.2, 0.3, 0.3]}, "Dice", alt="A."),
    "paired, all alike": lambda: show.paired({"a": [1, 1], "b": [2, 2]}, "Dice", alt="A."),
    "claim": lambda: show.claim(result(), {"no skips": 0.6, "skips": 0.75}),
    "claim of a ratio": lambda: show.claim(RATIO, {"no skips": 0.6, "skips": 0.75}),
    "claim of sameness": lambda: show.claim(SAME, {"no skips": 0.6, "skips": 0.75}, this_difference=0.1),
}


def check(picture: show.Picture) -> None:
    assert isinstance(picture, show.Picture)
    pixels = np.asarray(Image.open(io.BytesIO(picture.png())).convert("L"))
    assert pixels.std() > 5
    assert (pixels < 250).mean() > 0.01
    data, metadata = picture._repr_mimebundle_()
    assert f'alt="{picture.alt}"' in data["text/html"]
    assert metadata["image/png"]["alt"] == picture.alt
    assert picture.alt in data["text/plain"]
    assert picture.alt.endswith(".")
    assert len(picture.png()) < LARGEST
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_a_picture(name: str) -> None:
    check(CHARTS[name]())


def test_a_case_is_a_picture(case: Case) -> None:
    check(show.case(case, contrasts=CONTRASTS, classes=CLASSES))
    check(show.case(replace(case, label=None)))
    check(show.compare(case, {"shifted": torch.roll(case.label, 1, 0), "empty": torch.zeros_like(case.label)}, 4))  # type: ignore[arg-type]


def test_the_planes_of_a_volume_share_their_greys() -> None:
    image = torch.rand(2, 9, 11, 7)
    image[0, :, :, 5:] += 40  # bright slices, which only some planes cut
    made = show.case(Case(image, torch.ones(9, 11, 7, dtype=torch.int64), (1.0, 1.0, 2.0), "a", "a"))
    for number, axes in enumerate(made.figure.axes):
        channel = (0, 1, 0)[number % 3]  # the last column is the first channel again, under its label
        assert axes.images[0].get_clim() == pytest.approx(np.percentile(image[channel], (0.5, 99.5)))


def test_an_overlay_draws_into_axes_or_makes_a_picture(flat: Case) -> None:
    made = show.overlay(flat.image[0], flat.label, classes=CLASSES, spacing=flat.spacing)
    assert isinstance(made, show.Picture)
    check(made)
    figure, axes = show.canvas(1, 2)
    assert show.overlay(flat.image[0], flat.label, ax=axes[1]) is axes[1]
    assert len(axes[1].collections) == 4
    assert not axes[0].collections
    assert figure is axes[1].figure


def test_classes_and_errors_differ_without_colour(flat: Case) -> None:
    styles = [show.class_style(index, CLASSES) for index in range(1, 5)]
    assert len({str(style.line) for style in styles}) == 4
    others = [show.class_style(index, ["background", "a", "b", "c", "d"]) for index in range(1, 5)]
    assert len({str(style.line) for style in others}) == 4
    legend = show.compare(flat, {"x": flat.label}, 4).figure.legends[0]
    assert len({patch.get_hatch() for patch in legend.get_patches()}) == 3
    assert [text.get_text() for text in legend.get_texts()] == ["hit", "missed", "false alarm"]


def test_titles_name_contrasts_and_dice(volume: Case) -> None:
    titles = [ax.get_title() for ax in show.case(volume, contrasts=CONTRASTS).figure.axes]
    assert titles[:4] == [*CONTRASTS, "label"]
    label = volume.label
    assert label is not None
    made = show.compare(volume, {"same": label, "none": label * 0}, 4, class_name="lesion")
    assert [ax.get_title() for ax in made.figure.axes] == ["truth: lesion\n", "same\nDice 1.00", "none\nDice 0.00"]
    assert not made.figure.axes[0].patches  # no frame where the whole image is shown


def test_a_frame_that_is_enlarged_says_so() -> None:
    label = torch.zeros(70, 60, dtype=torch.int64)
    label[30:33, 20:22] = 1
    case = Case(torch.randn(1, 70, 60), label, (1.0, 1.0), "p", "p")
    part, whole = (show.compare(case, {"same": label}, 1, class_name="lesion", zoom=zoom) for zoom in (True, False))
    assert [len(made.figure.axes[0].patches) for made in (part, whole)] == [1, 0]  # the frame
    titles = [made.figure.axes[0].get_title() for made in (part, whole)]
    assert titles == ["truth: lesion\ndashed: enlarged", "truth: lesion\n"]


def test_planes_are_upright_and_keep_their_spacing() -> None:
    volume = np.zeros((2, 3, 4))
    volume[1, 2, 0], volume[0, 0, 3] = 1, 2  # right front bottom, left back top
    assert take(volume, "axial", 0).tolist() == [[0, 1], [0, 0], [0, 0]]  # the front is up, x runs to the right
    assert take(volume, "coronal", 0)[0].tolist() == [2, 0]  # the top is up
    assert take(volume[None], "sagittal", 0).shape == (1, 4, 3)
    assert plane_spacing((1, 2, 3), "axial") == (2, 1)
    assert plane_spacing((1, 2, 3), "coronal") == (3, 1)
    assert plane_spacing((1, 2, 3), "sagittal") == (3, 2)
    assert plane_spacing((1, 2), None) == (1, 2)


def test_the_largest_piece_is_found_even_if_it_is_a_ring() -> None:
    mask = np.ones((9, 9), dtype=bool)
    mask[2:7, 2:7] = False
    found = centre_of_largest(mask)
    assert found is not None
    assert mask[found]
    assert centre_of_largest(mask & False) is None


def test_a_scale_bar_has_the_length_that_it_names(flat: Case) -> None:
    ax = show.case(flat).figure.axes[0]
    (start, end), mm = ax.lines[0].get_xdata(), float(ax.texts[0].get_text().split()[0])
    assert (end - start) * 2.0 == pytest.approx(mm)
    assert 0.1 < mm / (32 * 2.0) < 0.4


def test_the_style_does_not_leak() -> None:
    before = dict(pyplot.rcParams)
    show.bars({"a": 1.0}, "x", alt="A.")
    assert dict(pyplot.rcParams) == before


def test_save(tmp_path: Path) -> None:
    picture = show.bars({"a": 1.0}, "x", alt="A.")
    assert picture.save(tmp_path / "a.png").read_bytes() == picture.png()
    assert b"<svg" in picture.save(tmp_path / "a.svg").read_bytes()
    with pytest.raises(UserError, match=r"a\.txt"):
        picture.save(tmp_path / "a.txt")


def test_alt_is_escaped() -> None:
    assert 'alt="1 &lt; 2 &quot;so&quot;"' in show.bars({"a": 1.0}, "x", alt='1 < 2 "so"')._repr_html_()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda c: show.bars({"a": 1}, "x", alt=" "), "description"),
        (lambda c: show.gallery([], alt="A."), "no images"),
        (lambda c: show.gallery([np.eye(2)], ["a", "b"], alt="A."), "1 images and 2 titles"),
        (lambda c: show.case(c, contrasts=("T1",)), "There are 3 contrasts but 1 names"),
        (lambda c: show.case(replace(c, label=c.label), classes=("background",)), "There are 5 classes but 1 names"),
        (lambda c: show.case(c, window=(0, 0)), "width is 0"),
        (lambda c: show.overlay(c.image, c.label), "one plane of each"),
        (lambda c: show.compare(replace(c, label=None), {}, 1), "has no label"),
        (lambda c: show.compare(c, {"U-Net": c.label[1:]}, 1), "prediction 'U-Net'"),
        (lambda c: show.intervals([("a", 1.0, 2.0, 3.0)], "x", alt="A."), "Row 'a'"),
        (lambda c: show.paired({"a": [1.0, 2.0]}, "x", alt="A."), "two arms"),
        (lambda c: show.curves({}, "x", "y", alt="A."), "no series"),
    ],
)
def test_mistakes_are_told_in_a_sentence(flat: Case, wrong: Callable[[Case], Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        wrong(flat)


def test_a_shown_figure_gives_its_memory_back_and_can_still_be_saved_as_png(tmp_path: Path) -> None:
    picture = show.bars({"a": 1.0}, "size", alt="One bar.")
    data, _ = picture._repr_mimebundle_()
    assert picture.figure.axes == []
    assert picture._repr_mimebundle_()[0] == data
    assert picture.save(tmp_path / "bar.png").read_bytes() == picture.png()
    with pytest.raises(UserError, match="was shown already and kept as PNG"):
        picture.save(tmp_path / "bar.svg")


@pytest.mark.parametrize(
    "arms", [("2, none", "2, half", "4, none", "4, half"), ("2 patients", "2, half", "4, none", "4, half")]
)
def test_lines_of_a_claim_stay_within_a_group(arms: tuple[str, ...]) -> None:
    values = [{"values": dict(zip(arms, row, strict=True)), "difference": 0.1} for row in ((1, 2, 3, 4), (5, 7, 6, 8))]
    picture = show.claim(result(arms=list(arms), compared=None, values=values))
    drawn = picture.figure.axes[0].lines[1].get_xydata()
    assert drawn[~np.isnan(drawn[:, 1])].tolist() == [[0, 5], [1, 7], [2, 6], [3, 8]]
    assert int(np.isnan(drawn[:, 1]).sum()) == (1 if arms[0] == "2, none" else 0)
