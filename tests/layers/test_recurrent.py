"""Recurrent convolution: the equations written out, weights shared by all steps, steps that see farther."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.layers import RecurrentConv


def written_out(layer: RecurrentConv, x: Tensor) -> Tensor:
    """z_t = w_f * x + w_r * h_(t-1), with torch's functions and the layer's weights; batch statistics by hand."""
    convolve = (F.conv2d, F.conv3d)[x.ndim - 4]
    w, b = layer.input.weight, layer.input.bias
    recurrent = w if layer.state is None else layer.state.weight
    axes = (0, *range(2, x.ndim))

    def squash(z: Tensor) -> Tensor:
        if b is None:  # with batch normalisation
            z = (z - z.mean(axes, keepdim=True)) / (z.var(axes, keepdim=True, unbiased=False) + 1e-5).sqrt()
        return z.clamp(min=0)

    h = squash(convolve(x, w, b, padding=1))
    for _ in range(layer.steps):
        h = squash(convolve(x, w, b, padding=1) + convolve(h, recurrent, None, padding=1))
    return h


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(0, 3),
    kernels=st.sampled_from([1, 2]),
    norm=st.sampled_from([None, "batch"]),
    size=st.lists(st.integers(1, 6), min_size=2, max_size=3),
)
def test_it_follows_the_equations(steps: int, kernels: int, norm: str | None, size: list[int]) -> None:
    torch.manual_seed(steps)
    layer = RecurrentConv(3, steps=steps, kernels=kernels, norm=norm, dims=len(size)).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    assert torch.allclose(layer(x), written_out(layer, x), atol=1e-9)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("kernels", [1, 2])
def test_steps_change_what_is_seen_and_no_parameter(kernels: int, dims: int) -> None:
    torch.manual_seed(0)
    layers = [RecurrentConv(4, steps=steps, kernels=kernels, dims=dims, norm=None) for steps in range(4)]
    for layer in layers[1:]:
        layer.load_state_dict(layers[0].state_dict())  # the same names and shapes
    assert {sum(p.numel() for p in layer.parameters()) for layer in layers} == {kernels * 4 * 4 * 3**dims + 4}
    x = torch.rand(1, 4, *[15] * dims)
    outputs = [layer(x) for layer in layers]
    assert all((a - b).abs().max() > 1e-3 for a, b in itertools.pairwise(outputs))

    centre = (0, slice(None), *[7] * dims)
    for steps, layer in enumerate(layers):  # weights and values above 0: no ReLU hides a pixel
        for p in layer.parameters():
            p.data.abs_()
        image = x.clone().requires_grad_()
        layer(image)[centre].sum().backward()
        row = image.grad.abs().sum(1)[0].flatten(1).sum(1)  # along the first axis
        assert int((row > 0).sum()) == 3 + 2 * steps


def test_the_state_matters_only_through_its_kernel() -> None:
    torch.manual_seed(0)
    layer, x = RecurrentConv(3, steps=2, kernels=2, norm=None), torch.randn(2, 3, 7, 6)
    fed_back = layer(x)
    torch.nn.init.zeros_(layer.state.weight)
    assert torch.equal(layer(x), F.relu(layer.input(x)))
    assert (fed_back - layer(x)).abs().max() > 1e-2


@pytest.mark.parametrize("kernels", [1, 2])
def test_gradcheck(kernels: int) -> None:
    torch.manual_seed(1)
    layer = RecurrentConv(2, kernels=kernels, norm="batch").double()
    assert torch.autograd.gradcheck(layer, torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True))


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match="kernels is 3; choose 2"):
        RecurrentConv(4, kernels=3)
    with pytest.raises(UserError, match="steps is -1; choose 0"):
        RecurrentConv(4, steps=-1)
    with pytest.raises(UserError, match="dims is 1"):
        RecurrentConv(4, dims=1)
