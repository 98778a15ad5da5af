"""Flips against the sum written out, and together with windows and prediction."""

import itertools
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.inference import average_flips, logits, predict, probabilities, sliding_window
from medsegedu.layers import conv
from medsegedu.models import UNet


def network(dims: int) -> nn.Module:
    torch.manual_seed(0)
    return conv(dims)(2, 3, 3, padding=1)


def written_out(model: nn.Module, image: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Index by index: flipping twice is doing nothing."""
    total, ways = torch.zeros(3, *image.shape[1:]), list(itertools.product((False, True), repeat=len(axes)))
    for way in ways:
        index = [torch.arange(n) for n in image.shape[1:]]
        for axis, turned in zip(axes, way, strict=True):
            index[axis] = index[axis].flipud() if turned else index[axis]
        place = (slice(None), *torch.meshgrid(*index, indexing="ij"))
        total += torch.softmax(model(image[place][None])[0], 0)[place]
    return total / len(ways)


@given(st.integers(2, 3).flatmap(lambda d: st.tuples(st.lists(st.integers(1, 7), min_size=d, max_size=d),
    st.lists(st.integers(0, d - 1), unique=True))))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_by_indices(case: tuple[list[int], list[int]]) -> None:
    size, axes = case
    model, image = network(len(size)), torch.randn(2, *size)
    found = average_flips(partial(logits, model), image, axes)
    assert torch.allclose(found, written_out(model, image, tuple(axes)), atol=1e-6)
    assert torch.allclose(found.sum(0), torch.ones(size), atol=1e-5)
    assert torch.equal(probabilities(model, image, flips=axes), found)


def test_a_mirrored_image_gives_the_mirrored_answer() -> None:
    model, image = UNet(1, 3, width=4, depth=2).eval(), torch.rand(1, 19, 30)
    straight = probabilities(model, image, flips=(1,))
    assert torch.allclose(probabilities(model, image.flip(2), flips=(1,)).flip(2), straight, atol=1e-5)
    assert not torch.allclose(probabilities(model, image.flip(2)).flip(2), probabilities(model, image), atol=1e-3)


def test_with_windows_and_prediction() -> None:
    model, image = network(2), torch.randn(2, 30, 21)
    windows = sliding_window(model, image, patch=8)
    assert torch.equal(predict(model, image, patch=8), windows.argmax(0))
    assert torch.allclose(probabilities(model, image, patch=8), windows.softmax(0))
    both = (windows.softmax(0) + sliding_window(model, image.flip(1), patch=8).softmax(0).flip(1)) / 2
    assert torch.allclose(probabilities(model, image, patch=8, flips=(0,)), both, atol=1e-6)
    assert torch.equal(predict(model, image, patch=8, flips=(0,)), both.argmax(0))
    assert torch.allclose(probabilities(model, image), logits(model, image).softmax(0))
    assert predict(model, image, patch=8, flips=(0, 1)).shape == image.shape[1:]


def test_axes_are_checked() -> None:
    model, image = network(2), torch.rand(2, 8, 9)
    for axes in ((2,), (-1,), (0, 0)):
        with pytest.raises(UserError, match=r"choose among \(0, 1\)"):
            predict(model, image, flips=axes)
