"""Attention gates: MONAI's block with the same weights, the paper's coarse gate written out in NumPy, maps that are used."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.networks.nets.attentionunet import AttentionBlock
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.layers import Attention, AttentionGate, GridAttentionGate


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dims", [2, 3])
def test_it_is_monai_s_block(dims: int, training: bool) -> None:
    torch.manual_seed(dims)
    gate = AttentionGate(5, 7, 3, dims=dims, bias=True).double()
    oracle = AttentionBlock(dims, f_int=3, f_g=7, f_l=5).double()
    for ours, theirs in ((gate.theta, oracle.W_x), (gate.phi, oracle.W_g), (gate.psi, oracle.psi)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.data = b.data = torch.randn_like(a)
        for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
            a.copy_(b.copy_(torch.rand(a.shape) + 1))
    gate.train(training), oracle.train(training)
    skip = torch.randn(2, 5, *(4, 3, 6)[:dims], dtype=torch.float64)
    signal = torch.randn(2, 7, *(4, 3, 6)[:dims], dtype=torch.float64)
    assert torch.equal(gate(skip, signal), oracle(g=signal, x=skip))


def resized(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Linear along each axis in turn; a pixel's value belongs to its centre."""
    for axis, length in enumerate(size, start=2):
        old = x.shape[axis]
        centres = (np.arange(length) + 0.5) * old / length - 0.5
        x = np.apply_along_axis(lambda line, c=centres: np.interp(c, np.arange(len(line)), line), axis, x)
    return x


def paper_s_map(gate: GridAttentionGate, skip: Tensor, signal: Tensor) -> np.ndarray:
    """sigmoid(psi(relu(theta(skip) + phi(signal)))) in NumPy: theta sees one block of 2x2(x2) pixels at a time."""
    theta, phi, psi = gate.theta[0], gate.phi[0], gate.psi[0]
    x, g = skip.numpy(), signal.numpy()
    dims = x.ndim - 2
    coarse = tuple(n // 2 for n in x.shape[2:])
    seen = np.zeros((len(x), theta.out_channels, *coarse))
    for corner in np.ndindex(*(2,) * dims):
        part = x[(slice(None), slice(None), *(slice(c, 2 * n, 2) for c, n in zip(corner, coarse, strict=True)))]
        weight = theta.weight.detach().numpy()[(slice(None), slice(None), *corner)]
        seen += np.einsum("dc,nc...->nd...", weight, part)
    weight, bias = (p.detach().numpy() for p in (phi.weight, phi.bias))
    sought = np.einsum("dc,nc...->nd...", weight.reshape(weight.shape[:2]), g) + bias.reshape(-1, *[1] * dims)
    both = np.maximum(seen + resized(sought, coarse), 0)
    score = np.einsum("c,nc...->n...", psi.weight.detach().numpy().ravel(), both)[:, None] + psi.bias.item()
    return resized(1 / (1 + np.exp(-score)), x.shape[2:])


@settings(max_examples=25, deadline=None)
@given(
    size=st.lists(st.integers(2, 7), min_size=2, max_size=3),
    coarse=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_the_paper_s_gate_written_out(size: list[int], coarse: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    dims = len(size)
    gate = GridAttentionGate(3, 4, 5, dims=dims).double()
    skip = torch.randn(2, 3, *size, dtype=torch.float64)
    signal = torch.randn(2, 4, *coarse[:dims], dtype=torch.float64)
    expected = paper_s_map(gate, skip, signal)
    assert np.allclose(gate.attention(skip, signal).detach().numpy(), expected, atol=1e-9)
    assert torch.allclose(gate(skip, signal), gate.mix(skip * torch.from_numpy(expected)), atol=1e-9)


@pytest.mark.parametrize("kind", [AttentionGate, GridAttentionGate])
def test_the_map_is_what_dims_the_skip(kind: type[AttentionGate]) -> None:
    torch.manual_seed(0)
    gate = kind(4, 6, 2, dims=2)
    assert isinstance(gate, Attention)
    after = gate.mix if isinstance(gate, GridAttentionGate) else torch.nn.Identity()
    skip, signal = torch.randn(2, 4, 9, 7), torch.randn(2, 6, 5, 4)
    factor = gate.attention(skip, signal)
    assert factor.shape == (2, 1, 9, 7)
    assert 0 < factor.min() < factor.max() < 1
    assert torch.equal(gate(skip, signal), after(skip * factor))
    assert not torch.allclose(gate(skip, signal), gate(skip, signal.flip(2)))  # the decoder has a say
    assert not torch.allclose(gate.attention(skip.flip(2), signal), factor)  # and so has the skip
    torch.nn.init.zeros_(gate.psi[0].weight)
    assert gate.attention(skip, signal).std() < 1e-6  # nothing to tell pixels apart


def test_counts() -> None:
    def count(gate: AttentionGate) -> int:
        return sum(p.numel() for p in gate.parameters())

    assert count(AttentionGate(64, 64, 32, bias=True)) == 2 * (64 * 32 + 32 + 64) + (32 + 1 + 2)
    assert count(AttentionGate(64, 64, 32)) == 2 * (64 * 32 + 64) + (32 + 2)
    assert count(GridAttentionGate(32, 64, 32, bias=True)) == 11_425  # theta 8,192, phi 2,080, psi 33, mix 1,120
    assert count(AttentionGate(8, 8, 4, norm=None)) == 8 * 4 + (8 * 4 + 4) + (4 + 1)


@pytest.mark.parametrize("kind", [AttentionGate, GridAttentionGate])
def test_gradcheck(kind: type[AttentionGate]) -> None:
    torch.manual_seed(3)
    gate = kind(2, 3, 2, dims=2).double()
    skip = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    signal = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gate, (skip, signal))


def test_a_skip_too_small_is_named() -> None:
    with pytest.raises(UserError, match="a gate of stride 2 needs at least 2 pixels"):
        GridAttentionGate(2, 2, 2, dims=2)(torch.rand(1, 2, 1, 4), torch.rand(1, 2, 1, 2))
    with pytest.raises(UserError, match="dims is 4"):
        AttentionGate(2, 2, 2, dims=4)
