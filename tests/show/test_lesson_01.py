"""The figures of lesson 01 say in words what they draw."""

import numpy as np
import pytest
import torch
from torch import nn

from medsegedu.data import CLASSES, Case, Dataset
from medsegedu.layers import receptive_field
from medsegedu.show import lesson_01 as figures


@pytest.fixture
def dataset() -> Dataset:
    image, label = torch.rand(2, 21, 17), torch.zeros(21, 17, dtype=torch.int64)
    label[4:9, 5:8] = 4
    return Dataset([Case(image, label, (2.0, 2.0), "a", "a")], CLASSES, ("T1", "FLAIR"))


def test_window_tells_the_answer_and_the_truth(dataset: Dataset) -> None:
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(2 * 25, 5))
    nn.init.zeros_(classifier[1].weight)
    classifier[1].bias.data = torch.tensor([0.0, 9.0, 0.0, 0.0, 0.0])
    alt = figures.window(dataset[0], 5, 6, 5, classifier, dataset=dataset, contrast="FLAIR").alt
    assert "answer: CSF, truth: lesion" in alt
    corner = figures.window(dataset[0], 0, 16, 7, dataset=dataset, contrast="T1")
    assert "truth: background" in corner.alt
    assert "answer" not in corner.alt
    assert corner.png()


@pytest.mark.parametrize(("size", "step", "both"), [(9, 1, 72), (5, 2, 15), (3, 4, 0)])
def test_shared_counts_the_pixels_of_both_windows(size: int, step: int, both: int) -> None:
    picture = figures.shared(size, step)
    assert f"{both} already" in picture.alt
    assert picture.png()


def test_draws_counts_each_class(dataset: Dataset) -> None:
    picture = figures.draws(dataset[0], {"two": np.array([[5, 6], [0, 0]])}, dataset=dataset, contrast="T1")
    assert "background 1" in picture.alt
    assert "lesion 1" in picture.alt
    assert picture.png()


def test_found_and_right_tells_both_numbers() -> None:
    picture = figures.found_and_right({"one way": (0.25, 0.75)})
    assert "one way: 0.25 found, 0.75 right" in picture.alt
    assert picture.png()


@pytest.mark.parametrize("layers", [[(3, 1, 1), (2, 2, 1), (3, 1, 1)], [(4, 1, 1), (3, 3, 1), (2, 1, 3)]])
def test_pyramid_depends_on_the_receptive_field(layers: list[tuple[int, int, int]]) -> None:
    net = nn.Sequential(*(nn.Conv2d(1, 1, k, stride=s, dilation=d) for k, s, d in layers))
    picture = figures.pyramid(layers)
    assert f"spans {receptive_field(net)} pixels" in picture.alt
    assert picture.png()
