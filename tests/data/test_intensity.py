"""The window: the same for arrays and tensors, for whole numbers and fractions, and never in place."""

import numpy as np
import pytest
import torch

from medsegedu.data import window
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
