"""Lesson 04's figures: what the landscape says is what the losses say, and intervals are those of patients."""

import numpy as np
import pytest

from medsegedu.metrics import hausdorff95
from medsegedu.show import lesson_04 as figures


@pytest.mark.parametrize("along", ["shift", "size"])
@pytest.mark.parametrize("loss", list(figures.LOSSES))
def test_landscape_draws_every_loss_and_reads_one_off(along: str, loss: str) -> None:
    picture = figures.landscape(6, 1.0, 24, along, loss)
    axes = picture.figure.axes[1]
    names = [line.get_label() for line in axes.lines if not str(line.get_label()).startswith("_")]
    assert names == list(figures.LOSSES)
    assert loss in picture.alt


def test_a_claim_in_its_place_is_the_cheapest_of_all_shifts_and_sizes() -> None:
    for loss in figures.LOSSES:
        aside, nothing = figures._along(loss, "shift", 10, 1.0)
        assert aside.argmin() == 0
        assert aside[0] < nothing
        wider, _ = figures._along(loss, "size", 10, 0.0)
        assert figures.AXES["size"][wider.argmin()] == pytest.approx(1, abs=0.26)
        assert wider[0] == pytest.approx(nothing, rel=1e-4)  # a claim of no size is a claim of nothing


def test_cross_entropy_prefers_silence_to_a_claim_beside_the_lesion_and_dice_does_not_care() -> None:
    entropy, silent = figures._along("cross-entropy", "shift", 6, 1.0)
    assert entropy[-1] > 1.3 * silent
    dice, nothing = figures._along("Dice", "shift", 6, 1.0)
    assert dice[-1] == pytest.approx(nothing, abs=0.01)


def test_recall_is_the_part_found_and_its_interval_is_of_patients() -> None:
    patients, found = np.repeat(["a", "b", "c", "d"], 5), np.repeat([True, True, False, False], 5)
    everyone = np.ones(20, bool)
    middle, low, high = figures._ratio(patients, found, everyone)
    assert middle == 0.5
    assert (low, high) == (0.0, 1.0)  # four patients, each all or nothing: drawn anew, all may be alike
    alone = figures._ratio(np.arange(20), found, everyone)
    assert 0.2 < alone[1] < 0.4 < 0.6 < alone[2] < 0.8
    assert figures._ratio(patients, found, patients == "a") == (1.0, 1.0, 1.0)
    assert np.isnan(figures._ratio(patients, found, np.zeros(20, bool))).all()


def test_recall_groups_by_diameter() -> None:
    rows = [("a", 2.0, True), ("a", 4.0, False), ("b", 4.9, True), ("b", 5.0, True)]
    picture = figures.recall({"one": rows}, [0, 3, 5, np.inf])
    assert "one 1.00, 0.50, 1.00" in picture.alt
    ticks = [label.get_text() for label in picture.figure.axes[0].get_xticklabels()]
    assert ticks == ["0 to 3 mm\n(1)", "3 to 5 mm\n(2)", "5 mm and more\n(1)"]


def test_distances_draws_each_outline_pixel_with_its_distance() -> None:
    label, prediction = np.zeros((2, 12, 9), bool)
    label[2:7, 1:6], prediction[4:11, 2:8] = True, True
    picture = figures.distances(prediction, label, (2.0, 0.5))
    dots = picture.figure.axes[0].collections
    assert [len(each.get_offsets()) for each in dots] == [2 * 7 + 2 * 6 - 4, 16]
    worst = max(float(np.max(each.get_array())) for each in dots)
    assert worst >= hausdorff95(prediction, label, (2.0, 0.5)) > 0
    assert f"at most {worst:.1f} mm" in picture.alt


def test_luck_shows_each_loss_of_the_lesson_three_times_and_once_more() -> None:
    picture = figures.luck(dict.fromkeys(figures.RUNS, (0.5, 0.25)))
    for axes, yours in zip(picture.figure.axes, (0.5, 0.25), strict=True):
        dots, stars = axes.collections[::2], axes.collections[1::2]
        assert [len(each.get_offsets()) for each in dots] == [3] * 8
        assert [float(each.get_offsets()[0, 0]) for each in stars] == [yours] * 8
    assert "Dice, as it stands 0.91, 0.00, 0.00" in picture.alt
