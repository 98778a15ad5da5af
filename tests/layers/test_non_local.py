"""The non-local block against loops over all pairs of pixels."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.layers import NonLocal


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def awake(channels: int, dims: int) -> NonLocal:
    """A block whose output convolution has left zero, as after some training."""
    layer = NonLocal(channels, dims=dims).double()
    torch.nn.init.normal_(layer.out.weight)
    torch.nn.init.normal_(layer.out.bias)  # type: ignore[arg-type]
    return layer


def test_count_at_64_channels() -> None:
    for dims in (2, 3):
        assert sum(p.numel() for p in NonLocal(64, dims=dims).parameters()) == 8_352


@given(st.lists(st.integers(1, 4), min_size=2, max_size=3), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_it_is_the_sum_over_all_pairs(size: list[int], channels: int) -> None:
    layer, x = awake(channels, len(size)), random(2, channels, *size)
    query, key, value = layer.theta(x), layer.phi(x), layer.g(x)
    pixels = list(itertools.product(*map(range, size)))
    output, weights = layer(x), layer.attention(x)
    assert output.shape == x.shape
    for n in range(2):
        for i, here in enumerate(pixels):
            scores = torch.stack(
                [(query[(n, slice(None), *here)] * key[(n, slice(None), *there)]).sum() for there in pixels]
            )
            share = scores.exp() / scores.exp().sum()
            gathered = sum(s * value[(n, slice(None), *there)] for s, there in zip(share, pixels, strict=True))
            expected = x[(n, slice(None), *here)] + layer.out.weight.flatten(1) @ gathered + layer.out.bias
            assert torch.allclose(weights[n, i], share, atol=1e-12)
            assert torch.allclose(output[(n, slice(None), *here)], expected, atol=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_it_starts_as_nothing_and_can_learn(dims: int) -> None:
    layer = NonLocal(6, dims=dims).double()
    x = random(2, 6, *(5, 3, 4)[:dims])
    assert torch.equal(layer(x), x)
    (layer(x) * random(*x.shape)).sum().backward()
    assert layer.out.weight.grad.any()  # type: ignore[union-attr]


def test_each_row_of_the_map_sums_to_one() -> None:
    weights = NonLocal(6).double().attention(10 * random(2, 6, 5, 7))
    assert weights.shape == (2, 35, 35)
    assert (weights >= 0).all()
    assert torch.allclose(weights.sum(-1), torch.ones(2, 35, dtype=torch.float64))
    assert not torch.allclose(weights.sum(-2), torch.ones(2, 35, dtype=torch.float64))  # the columns need not


def test_places_do_not_matter_only_contents() -> None:
    layer, x, order = awake(4, 2), random(1, 4, 5, 3), torch.randperm(15)
    shuffled = x.flatten(2)[..., order].unflatten(2, (5, 3))
    assert torch.allclose(layer(shuffled).flatten(2), layer(x).flatten(2)[..., order], atol=1e-12)
