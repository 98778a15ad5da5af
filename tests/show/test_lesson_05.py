"""Lesson 05's figures: which nodes a level colours, and what the alternative texts say."""

import pytest
import torch
from matplotlib.patches import Circle

from medsegedu.data import Case
from medsegedu.show import Picture
from medsegedu.show import lesson_05 as figures


def coloured(picture: Picture) -> int:
    """How many nodes are filled: a node that is not needed is white."""
    circles = [patch for patch in picture.figure.axes[0].patches if isinstance(patch, Circle)]
    return sum(circle.get_facecolor()[:3] != (1.0, 1.0, 1.0) for circle in circles)


@pytest.mark.parametrize(("level", "depth", "nodes"), [(1, 4, 3), (2, 4, 6), (4, 4, 15), (None, 3, 10), (1, 1, 3)])
def test_triangle_colours_what_the_head_needs(level: int | None, depth: int, nodes: int) -> None:
    picture = figures.triangle(level, depth)
    assert coloured(picture) == nodes
    assert f"needs the {nodes} nodes" in picture.alt


def test_a_plain_u_has_two_sides() -> None:
    assert coloured(figures.triangle(plain=True)) == 9


def test_level_counts_the_wrong_pixels() -> None:
    label = torch.zeros(20, 30, dtype=torch.long)
    label[5:9, 4:12] = 1
    found = label.clone()
    found[5, 4:7] = 0
    case = Case(torch.rand(2, 20, 30), label, (2.0, 1.5), "someone", "slice")
    picture = figures.level(case, found, 1, ["12 parameters"], ("background", "lesion"), depth=2)
    assert "3 wrong pixels" in picture.alt
    assert "12 parameters" in picture.alt


def test_costs_join_the_family() -> None:
    rows = {"L1": (0.8, 1e3, 0.1, 2.0), "L2": (0.9, 1e4, 0.3, 4.0), "U-Net": (0.91, 2e4, 0.2, 3.0)}
    picture = figures.costs(rows, ["L1", "L2"])
    for column, ax in enumerate(picture.figure.axes):
        family = ax.lines[0].get_xydata()
        scale = 1e-3 if column == 0 else 1
        assert family[:, 0].tolist() == pytest.approx([rows[name][column + 1] * scale for name in ("L1", "L2")])
        assert family[:, 1].tolist() == [0.8, 0.9]
    assert "U-Net 0.910 with 20,000 parameters" in picture.alt
