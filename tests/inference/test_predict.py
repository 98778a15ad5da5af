"""Prediction keeps size and device, and says what it needs."""

import pytest
import torch
from torch import nn

from medsegedu.errors import UserError
from medsegedu.inference import logits, predict
from medsegedu.models import UNet


def test_it_is_the_network_s_own_answer_in_evaluation_mode() -> None:
    model = UNet(2, 3, width=4, depth=2).train()
    model(torch.rand(4, 2, 16, 16))  # move the running averages away from their start
    image = torch.rand(2, 19, 27)
    expected = model.eval()(image[None])[0]
    assert torch.allclose(logits(model.train(), image), expected, atol=1e-6)
    assert torch.equal(predict(model, image), expected.argmax(0))
    assert predict(model, image).dtype == torch.int64


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(UserError, match=r"not \(1, 2, 8, 8, 8\)"):
        predict(nn.Conv2d(2, 3, 1), torch.rand(1, 2, 8, 8, 8))
    with pytest.raises(UserError, match=r"returns \(6, 7\) for an image of \(8, 9\)"):
        predict(nn.Conv2d(2, 3, 3), torch.rand(2, 8, 9))
