"""The figures of lesson 08 draw what they are given, and refuse a table that has other sizes than its names."""

import pytest
import torch

from medsegedu.data import CLASSES, Case
from medsegedu.errors import UserError
from medsegedu.show import lesson_08 as figures


def test_matrix_writes_each_number_in_its_field() -> None:
    picture = figures.matrix(
        [[0.11, 0.22, 0.33], [0.44, 0.55, 0.66]], ["a", "b"], ["x", "y", "z"], alt="Six numbers.", own=[(1, 2)]
    )
    (ax,) = picture.figure.axes
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "0.11", (1, 0): "0.22", (2, 0): "0.33", (0, 1): "0.44", (1, 1): "0.55", (2, 1): "0.66"}
    (frame,) = ax.patches
    assert (frame.get_x() + frame.get_width() / 2, frame.get_y() + frame.get_height() / 2) == pytest.approx((2, 1))
    assert picture.png()


def test_matrix_refuses_names_that_do_not_fit() -> None:
    with pytest.raises(UserError, match="2 row and 3 column"):
        figures.matrix([[0.1, 0.2]], ["a", "b"], ["x", "y", "z"], alt="Nothing.")


def test_clouds_draw_the_pixels_of_each_tissue_that_is_there() -> None:
    image, label = torch.rand(3, 20, 17), torch.zeros(20, 17, dtype=torch.int64)
    label[2:9, 3:14], label[11:13, 4:6] = 3, 4
    picture = figures.clouds(Case(image, label, (2.0, 2.0), "a", "a"), 1, 2, ("T1", "T2", "FLAIR"), CLASSES, most=50)
    main = picture.figure.axes[2]
    drawn = {cloud.get_label(): cloud.get_offsets() for cloud in main.collections}
    assert {name: len(points) for name, points in drawn.items()} == {"white matter": 50, "lesion": 4}
    lesion = image[1:, 11:13, 4:6].flatten(1).T  # (4, 2): T2 across, FLAIR up
    assert torch.allclose(torch.tensor(drawn["lesion"].tolist()), lesion, atol=1e-6)
    assert "T2 across and FLAIR up" in picture.alt
    assert picture.png()
