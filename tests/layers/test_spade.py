"""SPADE against its formula: normalise without parameters, then scale and shift by what the mask says."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.layers import SPADE


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def masks(classes: int, *shape: int) -> Tensor:
    """One-hot: (N, classes, *spatial), boolean."""
    return F.one_hot(torch.randint(0, classes, shape), classes).movedim(-1, 1).bool()


@given(
    st.integers(2, 3).flatmap(lambda dims: st.tuples(*[st.lists(st.integers(1, 6), min_size=dims, max_size=dims)] * 2))
)
@settings(max_examples=40, deadline=None)
def test_it_is_the_formula_on_the_nearest_mask(sizes: tuple[list[int], list[int]]) -> None:
    size, mask_size = sizes
    dims = len(size)
    layer, x, mask = SPADE(4, 3, hidden=5, dims=dims).double(), random(3, 4, *size), masks(3, 3, *mask_size)
    resized = torch.zeros(3, 3, *size, dtype=torch.float64)
    for place in itertools.product(*map(range, size)):
        source = tuple(p * m // s for p, m, s in zip(place, mask_size, size, strict=True))
        resized[(..., *place)] = mask[(..., *source)].double()
    convolve = (F.conv2d, F.conv3d)[dims - 2]
    hidden = convolve(resized, layer.shared[0].weight, layer.shared[0].bias, padding=1).clamp(min=0)  # type: ignore[arg-type]
    gamma = convolve(hidden, layer.gamma.weight, layer.gamma.bias, padding=1)
    beta = convolve(hidden, layer.beta.weight, layer.beta.bias, padding=1)
    axes = (0, *range(2, dims + 2))
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    expected = (x - mean) / (variance + 1e-5).sqrt() * (1 + gamma) + beta
    assert torch.allclose(layer(x, mask), expected, atol=1e-10)


def test_the_normalisation_has_no_parameters() -> None:
    layer = SPADE(6, 3, hidden=5)
    assert list(layer.norm.parameters()) == []
    assert sum(p.numel() for p in layer.parameters()) == (9 * 3 + 1) * 5 + 2 * (9 * 5 + 1) * 6


def test_a_flat_map_keeps_the_mask() -> None:
    """The paper's reason: a batch normalisation would turn any uniform region into the same value."""
    layer = SPADE(4, 3).double()
    flat = torch.full((1, 4, 9, 9), 7.0, dtype=torch.float64)
    one, other = torch.zeros(2, 1, 3, 9, 9, dtype=torch.float64)
    one[:, 1], other[:, 2] = 1, 1
    assert not torch.allclose(layer(flat, one), layer(flat, other), atol=1e-3)


@pytest.mark.parametrize("dims", [2, 3])
def test_gradcheck(dims: int) -> None:
    layer = SPADE(2, 2, hidden=3, dims=dims).double()
    x, mask = random(2, 2, *(3, 2, 2)[:dims]).requires_grad_(), masks(2, 2, *(5, 3, 2)[:dims])
    parameters = list(layer.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: layer(x, mask), (x, *parameters))


@pytest.mark.parametrize("dims", [2, 3])
def test_devices_dtypes_and_export(dims: int) -> None:
    layer, x, mask = SPADE(4, 3, dims=dims).eval(), torch.rand(2, 4, *(6, 5, 4)[:dims]), masks(3, 2, *(9, 5, 7)[:dims])
    expected = layer(x, mask)
    half = layer.bfloat16()(x.bfloat16(), mask)
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.float(), expected, atol=0.1, rtol=0.1)
    layer.float()
    exported = torch.export.export(layer, (x, mask)).module()
    assert torch.allclose(exported(x, mask), layer(x, mask), atol=1e-6)
    assert layer.to("meta")(x.to("meta"), mask.to("meta")).is_meta
