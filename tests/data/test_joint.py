"""A pair joined and parted is what it was; what lies beyond the intensities of training is cut off."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.data import Case, Dataset
from medsegedu.data.joint import Joint
from medsegedu.errors import UserError


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(2, 5), st.lists(st.integers(1, 6), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_there_and_back(seed: int, channels: int, classes: int, size: list[int]) -> None:
    random = torch.Generator().manual_seed(seed)
    image = 5 * torch.rand(2, channels, *size, generator=random, dtype=torch.float64) - 2  # -2 to 3
    label = torch.randint(0, classes, (2, *size), generator=random)
    joint = Joint(-2.0, 3.0, classes)
    pair = joint.join(image, label)
    assert pair.shape == (2, channels + classes, *size)
    assert pair.dtype == image.dtype
    assert pair.min() >= -1
    assert pair.max() <= 1
    back, same = joint.part(pair)
    assert torch.allclose(back, image)
    assert torch.equal(same, label)
    mask = pair[:, channels:]
    assert torch.equal((mask == 1).long(), joint.mask(label))
    assert set(mask.unique().tolist()) <= {-1.0, 1.0}


def test_the_range_is_that_of_all_training_images() -> None:
    values = torch.tensor([[[0.5, -3.0]]]), torch.tensor([[[7.0, 1.0]]])
    cases = [Case(v, torch.zeros(1, 2).long(), (1.0, 1.0), str(k), str(k)) for k, v in enumerate(values)]
    joint = Joint.of(Dataset(cases, ("background", "a", "b"), ("T1",)))
    assert joint == Joint(-3.0, 7.0, 3)
    pair = joint.join(torch.tensor([[[[-3.0, 2.0, 7.0, 70.0, -30.0]]]]), torch.zeros(1, 1, 5).long())
    assert pair[0, 0, 0].tolist() == pytest.approx([-1, 0, 1, 1, -1])


def test_a_range_without_length() -> None:
    with pytest.raises(UserError, match="high must be"):
        Joint(1.0, 1.0, 2)
