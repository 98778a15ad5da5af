"""The figures of lesson 09 draw what they are given."""

import numpy as np
import pytest
import torch
from scipy import stats

from medsegedu.data import CLASSES
from medsegedu.errors import UserError
from medsegedu.show import lesson_09 as figures


def pairs(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(n)
    return torch.rand(n, 2, 5, 7), torch.randint(0, 5, (n, 5, 7))


def test_strip_puts_each_label_below_its_image() -> None:
    image, label = pairs(4)
    picture = figures.strip({"a": pairs(3), "b": (image, label)}, CLASSES, alt="Pairs.", channel=1, columns=3)
    axes = picture.figure.axes
    assert len(axes) == 12
    assert [axes[k].get_ylabel() for k in (0, 6)] == ["a", "b"]
    assert np.allclose(axes[8].images[0].get_array(), image[2, 1])
    drawn = np.asarray(axes[11].images[0].get_array())  # the colours of label 2
    same = label[2].numpy()
    assert len({tuple(c) for c in drawn[same == 3]}) == 1
    assert tuple(drawn[same == 3][0]) != tuple(drawn[same == 4][0])
    assert picture.png()


def test_strip_of_nothing() -> None:
    with pytest.raises(UserError, match="no rows"):
        figures.strip({}, CLASSES, alt="Nothing.")


def test_neighbours_tell_the_distance() -> None:
    picture = figures.neighbours(pairs(3)[0], pairs(3)[0] + 1, torch.tensor([0.1, 0.22, 0.5]), alt="Three.")
    assert [ax.get_title() for ax in picture.figure.axes[:3]] == ["0.10", "0.22", "0.50"]
    assert picture.png()


def test_batch_frames_what_is_made() -> None:
    picture = figures.batch(*pairs(6), 2, {0.0: 0.5, 1.0: 0.25, 0.5: 0.75}, 0.5, CLASSES)
    grid, chart = picture.figure.axes
    lines = [frame.get_linestyle() for frame in grid.patches]
    assert len(lines) == 6
    assert lines[:4] == ["-"] * 4
    assert "-" not in lines[4:]
    assert chart.lines[0].get_xydata().tolist() == [[0, 0.5], [50, 0.75], [100, 0.25]]
    assert chart.lines[1].get_xydata().tolist() == [[50, 0.75]]
    assert "2 of them made" in picture.alt
    assert picture.png()


def test_ratios_draw_means_and_t_intervals() -> None:
    values = [0.80, 0.84, 0.85]
    result = {"values": [{"values": {"0 %": v, "50 %": v - 0.1, "longer": v + 0.1}} for v in values]}
    picture = figures.ratios({2: result, 4: None}, ("0 %", "50 %", "longer"))
    (ax,) = picture.figure.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["2 patients"]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    (bars,) = ax.containers[0].lines[2]
    assert bars.get_segments()[0][:, 1] == pytest.approx([low, high])
    assert len(ax.lines[0].get_xydata()) == 2  # the line joins ratios only
    assert "50 % 0.730" in picture.alt
    assert picture.png()
    with pytest.raises(UserError, match="None of these"):
        figures.ratios({2: None}, ("0 %",))
