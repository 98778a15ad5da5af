"""The figure of lesson 11 draws the patch at its size and within the image, and a level for each halving."""

import pytest
from matplotlib.patches import Rectangle

from medsegedu.data import Case
from medsegedu.show import lesson_11 as figures


def frames(ax: object) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]  # type: ignore[attr-defined]


def test_volume(volume: Case) -> None:
    picture = figures.planned(volume, (12, 16, 8), 2, 3, width=8)
    axial, coronal, funnel = picture.figure.axes
    for ax, (wide, high), (columns, rows) in ((axial, (12, 16), (24, 30)), (coronal, (12, 8), (24, 20))):
        drawn = frames(ax)
        assert len(drawn) == 3
        for frame in drawn:
            assert (frame.get_width(), frame.get_height()) == (wide, high)
            assert -0.5 <= frame.get_x() <= columns - 0.5 - wide
            assert -0.5 <= frame.get_y() <= rows - 0.5 - high
    written = [text.get_text() for text in funnel.texts]
    assert written == ["12 x 16 x 8\n8 channels", "6 x 8 x 4\n16 channels", "3 x 4 x 2\n32 channels"]
    assert "12 x 16 x 8" in picture.alt
    assert picture.png()


def test_patch_that_is_larger_than_the_picture(flat: Case) -> None:
    picture = figures.planned(flat, (64, 24), 3, 1, width=16)
    ax, funnel = picture.figure.axes
    (frame,) = frames(ax)
    assert (frame.get_width(), frame.get_height()) == (24, 64)
    assert frame.get_y() + frame.get_height() / 2 == pytest.approx(40 / 2 - 0.5)
    assert len(funnel.texts) == 4
    assert picture.png()
