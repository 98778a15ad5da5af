"""Criss-cross attention against dense attention of which everything but the cross is masked out."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medsegedu.errors import UserError
from medsegedu.layers import CrissCross, NonLocal


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def awake(channels: int, recurrences: int, dims: int) -> CrissCross:
    """A layer whose scale has left zero, as after some training."""
    layer = CrissCross(channels, recurrences, dims=dims).double()
    layer.gamma.data.fill_(0.7)
    return layer


def dense_weights(layer: CrissCross, x: Tensor) -> Tensor:
    """(N, P, P): every pair's score, -inf where two pixels differ along more than one axis, softmax."""
    places = torch.tensor(list(itertools.product(*map(range, x.shape[2:]))))  # (P, dims)
    off_the_cross = (places[:, None] != places[None]).sum(-1) > 1  # (P, P)
    scores = torch.einsum("ncp,ncq->npq", layer.query(x).flatten(2), layer.key(x).flatten(2))
    return scores.masked_fill(off_the_cross, -torch.inf).softmax(-1)


def dense(layer: CrissCross, x: Tensor) -> Tensor:
    for _ in range(layer.recurrences):
        gathered = torch.einsum("npq,ncq->ncp", dense_weights(layer, x), layer.value(x).flatten(2))
        x = x + layer.gamma * gathered.reshape(x.shape)
    return x


def test_count_at_64_channels() -> None:
    for dims, recurrences in itertools.product((2, 3), (1, 2, 3)):
        assert sum(p.numel() for p in CrissCross(64, recurrences, dims=dims).parameters()) == 5_201


@given(st.lists(st.integers(1, 6), min_size=2, max_size=3), st.integers(1, 3), st.integers(1, 17))
@settings(max_examples=60, deadline=None)
def test_it_is_dense_attention_masked_to_the_cross(size: list[int], recurrences: int, channels: int) -> None:
    layer, x = awake(channels, recurrences, len(size)), random(2, channels, *size)
    assert torch.allclose(layer(x), dense(layer, x), atol=1e-12)


@pytest.mark.parametrize("size", [(4, 7), (3, 5, 2)])
def test_the_map_holds_each_line_in_order_and_the_pixel_once(size: tuple[int, ...]) -> None:
    layer, x = CrissCross(8, dims=len(size)).double(), 3 * random(2, 8, *size)
    weights, expected = layer.attention(x), dense_weights(layer, x).reshape(2, *size, *size)
    assert weights.shape == (2, *size, sum(size))
    assert torch.allclose(weights.sum(-1), torch.ones(2, *size, dtype=torch.float64))
    for here in itertools.product(*map(range, size)):
        lines = weights[(slice(None), *here)].split(list(size), -1)
        for axis, line in enumerate(lines):
            for there in range(size[axis]):
                place = (*here[:axis], there, *here[axis + 1 :])
                counted_before = axis > 0 and place == here
                want = torch.zeros(2) if counted_before else expected[(slice(None), *here, *place)]
                assert torch.allclose(line[:, there], want.double(), atol=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
def test_it_starts_as_nothing_and_can_learn(dims: int) -> None:
    layer, x = CrissCross(8, dims=dims).double(), random(2, 8, *(5, 3, 4)[:dims])
    assert torch.equal(layer(x), x)
    (layer(x) * random(*x.shape)).sum().backward()
    assert layer.gamma.grad.any()  # type: ignore[union-attr]


@pytest.mark.parametrize(("size", "recurrences", "reached"), [
    ((6, 9), 1, 6 + 9 - 1), ((6, 9), 2, 6 * 9), ((3, 4, 5), 1, 3 + 4 + 5 - 2),
    ((3, 4, 5), 2, 12 + 15 + 20 - 3 - 4 - 5 + 1), ((3, 4, 5), 3, 60),
])  # fmt: skip
def test_one_pixel_reaches_its_cross_and_with_recurrences_all(
    size: tuple[int, ...], recurrences: int, reached: int
) -> None:
    layer, x = awake(8, recurrences, len(size)), random(1, 8, *size)
    changed = x.clone()
    changed[(0, slice(None), *[1] * len(size))] += 1
    assert int((layer(x) - layer(changed)).abs().amax(1).gt(0).sum()) == reached


class Largest(TorchDispatchMode):
    """The entries of the largest tensor that any operation returns."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        self.entries = max([self.entries, *(leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor))])
        return result


@pytest.mark.parametrize("size", [(24, 20), (12, 8, 10)])
def test_nothing_as_large_as_all_pairs_is_made_forward_or_backward(size: tuple[int, ...]) -> None:
    pixels = torch.Size(size).numel()
    x = torch.rand(1, 8, *size, requires_grad=True)
    with Largest() as largest:
        layer = CrissCross(8, dims=len(size))
        layer(x).sum().backward()
    assert largest.entries == pixels * sum(size)  # the weights
    with Largest() as largest:
        NonLocal(8, dims=len(size))(x).sum().backward()
    assert largest.entries == pixels**2  # so that the yardstick is known to see it


def test_recurrences_are_checked() -> None:
    with pytest.raises(UserError, match="recurrences is 0"):
        CrissCross(8, 0)
