"""The figures of lesson 10 draw what they are given: means with intervals, and pixels without a label."""

import numpy as np
import pytest
import torch
from scipy import stats

from medsegedu.data import CLASSES
from medsegedu.errors import UserError
from medsegedu.show import lesson_10 as figures


def test_curves_show_means_and_intervals_over_seeds() -> None:
    values = {"alone": {1: [0.5, 0.6, 0.8], 4: [0.7, 0.7, 0.7]}, "with others": {4: [0.8]}}
    picture = figures.label_curves(values, alt="Two methods.", at=4, ceiling=0.9)
    (ax,) = picture.figure.axes
    first, second = ax.containers
    assert first[0].get_ydata() == pytest.approx([1.9 / 3, 0.7])
    assert np.round(np.array(first[0].get_xdata(), dtype=float)).tolist() == [0, 1]
    assert np.round(np.array(second[0].get_xdata(), dtype=float)).tolist() == [1]
    low, high = stats.t.interval(0.95, 2, loc=1.9 / 3, scale=stats.sem([0.5, 0.6, 0.8]))
    (bar, flat) = first[2][0].get_segments()
    assert bar[:, 1].tolist() == pytest.approx([low, high])
    assert flat[:, 1].tolist() == pytest.approx([0.7, 0.7])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "4"]
    assert picture.png()


def test_a_rival_is_subtracted_seed_by_seed() -> None:
    values = {
        "plain": {1: [0.5, 0.6, 0.7], 4: [0.9, 0.8]},
        "new": {1: [0.6, 0.7, 0.8], 2: [0.7], 4: [0.8, 0.9]},
        "newer": {4: [0.95, 0.8]},
    }
    (ax,) = figures.label_curves(values, alt="Gains.", rival="plain").figure.axes
    first, second = ax.containers
    assert first[0].get_ydata() == pytest.approx([0.1, 0.0])  # with 2 labelled there is no rival
    assert second[0].get_ydata() == pytest.approx([0.025])
    bar, flat = first[2][0].get_segments()
    assert bar[:, 1].tolist() == pytest.approx([0.1, 0.1])  # however far the seeds themselves lie apart
    half = stats.t.ppf(0.975, 1) * stats.sem([-0.1, 0.1])
    assert flat[:, 1].tolist() == pytest.approx([-half, half])
    (all_of_them,) = figures.label_curves(values, alt="Curves.").figure.axes
    assert first[0].get_color() == all_of_them.containers[1][0].get_color()
    with pytest.raises(UserError, match="'plane' is not among the methods; it is one of plain, new, newer"):
        figures.label_curves(values, alt="Gains.", rival="plane")


def test_maps_hatch_what_is_not_known() -> None:
    label = torch.zeros(9, 7, dtype=torch.int64)
    label[2:5, 1:4], label[6:] = 3, -1
    picture = figures.maps([label, label.clamp(min=0)], ["a", "b"], CLASSES, alt="Two maps.")
    first, second = picture.figure.axes
    drawn = first.images[0].get_array()
    assert drawn[7, 0].tolist() == [1, 1, 1]
    assert drawn[3, 2].tolist() != drawn[0, 0].tolist()
    hatched = [
        any("////" in (c.hatches or []) for c in ax.collections if hasattr(c, "hatches")) for ax in (first, second)
    ]
    assert hatched == [True, False]
    names = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert names == [*CLASSES[1:], "not sure: ignored"]
    assert picture.png()


def test_nothing_to_draw_is_named() -> None:
    with pytest.raises(UserError, match="no values"):
        figures.label_curves({}, alt="Nothing.")
    with pytest.raises(UserError, match="1 label maps and 2 titles"):
        figures.maps([torch.zeros(3, 3, dtype=torch.int64)], ["a", "b"], CLASSES, alt="Nothing.")
