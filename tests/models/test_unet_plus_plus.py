"""UNet++: the paper's counts, the wiring written out from its formula, every skip, every head, and exact pruning."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.models import UNet, UNetPlusPlus, receptive_field
from medsegedu.models.unet_plus_plus import Node


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def image_of(dims: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(2, 2, *(13, 19, 11)[:dims], dtype=dtype, generator=torch.Generator().manual_seed(1))


def coordinates(depth: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(depth + 1) for j in range(depth + 1 - i)]


def test_the_paper_s_counts() -> None:
    with torch.device("meta"):
        assert parameters(UNetPlusPlus.paper(1, 1)) == 9_041_601
        net = UNetPlusPlus.paper(1, 1, deep_supervision=True)
        assert parameters(net) == 9_041_700
        assert [parameters(net.prune(level)) for level in (1, 2, 3, 4)] == [100_961, 511_105, 2_204_961, 9_041_601]
        assert net(torch.empty(1, 1, 96, 96)).shape == (1, 1, 96, 96)


@pytest.mark.parametrize(("depth", "size"), [(1, (6, 10)), (3, (16, 24)), (2, (8, 4, 12))])
def test_the_wiring_is_the_paper_s_formula(depth: int, size: tuple[int, ...]) -> None:
    """Recursion on x(i, j) = H([x(i, 0) ... x(i, j - 1), U(x(i + 1, j - 1))]), with torch's own functions."""
    torch.manual_seed(0)
    dims = len(size)
    net = UNetPlusPlus(2, 3, width=2, depth=depth, dims=dims, norm=None, deep_supervision=True).double()
    image = torch.randn(2, 2, *size, dtype=torch.float64)
    convolve, pool = (F.conv2d, F.conv3d)[dims - 2], (F.max_pool2d, F.max_pool3d)[dims - 2]
    deconvolve = (F.conv_transpose2d, F.conv_transpose3d)[dims - 2]

    @cache
    def x(i: int, j: int) -> Tensor:
        weights = [p.detach() for p in net.node(i, j).parameters()]
        if (i, j) == (0, 0):
            joined = image
        elif j == 0:
            joined = pool(x(i - 1, 0), 2)
        else:
            up = deconvolve(x(i + 1, j - 1), weights.pop(0), weights.pop(0), stride=2)
            joined = torch.cat([x(i, k) for k in range(j)] + [up], dim=1)
        joined = convolve(joined, weights[0], weights[1], padding=1).clamp(min=0)
        return convolve(joined, weights[2], weights[3], padding=1).clamp(min=0)

    heads = net.heads(image)
    assert len(heads) == depth
    for j, (head, score) in enumerate(zip(heads, net.scores, strict=True), start=1):
        assert torch.allclose(head, convolve(x(0, j), *score.parameters()), atol=1e-12)
    assert torch.allclose(net(image), sum(heads) / depth, atol=1e-12)


def test_without_inner_nodes_it_is_a_unet() -> None:
    """A UNet++ of depth 1 has the layers of a U-Net of depth 1, in the same order."""
    torch.manual_seed(0)
    nested, plain = UNetPlusPlus(2, 3, width=3, depth=1).double().eval(), UNet(2, 3, width=3, depth=1).double().eval()
    plain.load_state_dict(dict(zip(plain.state_dict(), nested.state_dict().values(), strict=True)))
    assert torch.equal(nested(image_of(2)), plain(image_of(2)))


@pytest.mark.parametrize(("dims", "depth"), [(2, 3), (3, 2)])
def test_every_input_of_every_node_reaches_the_deepest_head(dims: int, depth: int) -> None:
    torch.manual_seed(0)
    net = UNetPlusPlus(2, 3, width=4, depth=depth, dims=dims, norm="instance").double().eval()
    image = image_of(dims)
    expected, seen = net(image), []

    def zeroing(which: int) -> Callable[..., Any]:
        def hook(_node: Node, inputs: tuple[list[Tensor], Tensor]) -> tuple[list[Tensor], Tensor]:
            all_inputs = [*inputs[0], inputs[1]]
            all_inputs[which] = torch.zeros_like(all_inputs[which])
            return all_inputs[:-1], all_inputs[-1]

        return hook

    for i, j in coordinates(depth):
        for which in range(j + 1 if j else 0):
            handle = net.node(i, j).register_forward_pre_hook(zeroing(which))
            changed = net(image)
            handle.remove()
            assert not torch.allclose(changed, expected, atol=1e-6), (i, j, which)
            seen.append(changed)
    for k, one in enumerate(seen):
        assert not any(torch.allclose(one, other, atol=1e-9) for other in seen[:k])
    assert torch.equal(net(image), expected)


def test_a_node_s_gradients() -> None:
    torch.manual_seed(0)
    node = Node(2, 2, norm="instance").double()
    left, right, below = (
        torch.randn(1, c, s, s, dtype=torch.float64, requires_grad=True) for c, s in ((2, 4), (2, 4), (4, 2))
    )
    assert node([left, right], below).shape == (1, 2, 4, 4)
    assert torch.autograd.gradcheck(lambda a, b, c: node([a, b], c), (left, right, below))


def test_a_head_teaches_exactly_the_network_of_its_depth() -> None:
    torch.manual_seed(0)
    net = UNetPlusPlus(2, 3, width=4, depth=3, norm="group", deep_supervision=True).double()
    for level, head in enumerate(net.heads(image_of(2)), start=1):
        net.zero_grad(set_to_none=True)
        (head * torch.randn_like(head)).sum().backward(retain_graph=True)
        for i, j in coordinates(3):
            taught = [p.grad is not None and bool(p.grad.any()) for p in net.node(i, j).parameters()]
            assert all(taught) if i + j <= level else not any(taught), (level, i, j)
        assert [k for k, score in enumerate(net.scores, start=1) if score.weight.grad is not None] == [level]


@pytest.mark.parametrize("norm", ["batch", "instance", None])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_pruned_network_gives_exactly_its_head(dims: int, norm: Any) -> None:
    torch.manual_seed(0)
    depth = 5 - dims
    net = UNetPlusPlus(2, 3, width=2, depth=depth, dims=dims, norm=norm, deep_supervision=True)
    net(image_of(dims, torch.float32))  # moves the running averages
    net.eval()
    image = image_of(dims, torch.float32)  # of a size that 2**depth does not divide
    heads = net.heads(image)
    before = [p.clone() for p in net.parameters()]
    for level, head in enumerate(heads, start=1):
        pruned = net.prune(level)
        assert not pruned.training
        assert torch.equal(pruned(image), head)
        assert len(pruned.heads(image)) == 1
        fresh = UNetPlusPlus(2, 3, width=2, depth=level, dims=dims, norm=norm)
        fresh.load_state_dict(pruned.state_dict())  # strict: these weights and no others
        whole = torch.rand(1, 2, *[2 ** (depth + 1)] * dims)
        assert torch.equal(fresh.eval()(whole), pruned(whole))
        for p in pruned.parameters():
            p.data.zero_()
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))


def test_only_a_head_can_be_pruned_to() -> None:
    net = UNetPlusPlus(2, 3, width=2, depth=3)
    assert torch.equal(net.eval().prune(3)(image_of(2, torch.float32)), net(image_of(2, torch.float32)))
    with pytest.raises(UserError, match=r"level is 2, but .* head at 3 only; build it with deep_supervision=True"):
        net.prune(2)
    deep = UNetPlusPlus(2, 3, width=2, depth=3, deep_supervision=True)
    for level in (0, 4, -1):
        with pytest.raises(UserError, match=r"head at 1, 2, 3 only"):
            deep.prune(level)
    with pytest.raises(UserError, match="head at 2 only"):
        deep.prune(2).prune(1)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=3), st.integers(1, 3), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_size_returns_itself(size: list[int], depth: int, deep: bool) -> None:
    size = [min(length, 10) for length in size] if len(size) == 3 else size
    net = UNetPlusPlus(1, 2, width=1, depth=depth, dims=len(size), deep_supervision=deep).eval()
    heads = net.heads(torch.rand(1, 1, *size))
    assert [head.shape for head in heads] == [(1, 2, *size)] * (depth if deep else 1)
    assert net(torch.rand(1, 1, *size)).shape == (1, 2, *size)


def test_an_odd_size_is_its_padded_image_cut_back() -> None:
    torch.manual_seed(0)
    net = UNetPlusPlus(2, 3, width=2, depth=3, deep_supervision=True).double().eval()
    image = image_of(2)
    padded = F.pad(image, (0, 5, 0, 3), mode="replicate")  # 16 x 24
    for head, larger in zip(net.heads(image), net.heads(padded), strict=True):
        assert torch.equal(head, larger[..., :13, :19])


def test_errors_name_the_fix() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        UNetPlusPlus(1, 2, depth=0)
    with pytest.raises(UserError, match=r"8 x 5 shrinks to one pixel after 3 poolings.*at least 9"):
        UNetPlusPlus(1, 2, width=1, depth=3)(torch.rand(1, 1, 8, 5))


def test_a_nested_network_sees_as_far_as_its_deepest_u_net() -> None:
    net = UNetPlusPlus(1, 1, width=1, depth=3, deep_supervision=True)
    for level in (1, 2, 3):
        assert receptive_field(net.prune(level)) == receptive_field(UNet(1, 1, width=1, depth=level))
