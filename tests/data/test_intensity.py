"""The window: the same for arrays and tensors, for whole numbers and fractions, and never in place. The z-score: of any unit."""

import numpy as np
import pytest
import torch

from medsegedu.data import window, zscore
from medsegedu.errors import UserError


def test_black_middle_and_white() -> None:
    hounsfield = np.array([-1000, -160, 40, 240, 3000], dtype=np.int16)
    assert window(hounsfield, 40, 400).tolist() == [0, 0, 0.5, 1, 1]


def test_arrays_and_tensors_agree_and_stay_as_they_were() -> None:
    image = torch.randn(3, 5, 7)
    before = image.clone()
    shown = window(image, 0.2, 1.5)
    np.testing.assert_allclose(shown.numpy(), window(image.numpy(), 0.2, 1.5), rtol=1e-6)
    assert torch.equal(image, before)
    assert 0 <= float(shown.min()) < float(shown.max()) <= 1


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="width is 0"):
        window(np.zeros(3), 1.0, 0)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e6])
def test_zscore_has_mean_0_and_deviation_1_in_any_unit(unit: float) -> None:
    image = unit * (3 + torch.randn(2, 5, 7, 9, dtype=torch.float64))
    done = zscore(image)
    assert torch.allclose(done.mean((1, 2, 3)), torch.zeros(2).double(), atol=1e-9)
    assert torch.allclose(done.std((1, 2, 3)), torch.ones(2).double())


@pytest.mark.parametrize("value", [0.0, 0.1, 7.7, -1400.7, 123456.7])
@pytest.mark.parametrize("channels", [1, 3])
def test_zscore_of_a_constant_channel_is_0_though_its_mean_is_rounded(value: float, channels: int) -> None:
    image = torch.full((channels, 96, 80), value)
    assert not zscore(image).any()
    if channels > 1:
        image[1] = torch.randn(96, 80)
        assert not zscore(image)[[0, 2]].any()
        assert zscore(image)[1].std() == pytest.approx(1, rel=1e-5)
