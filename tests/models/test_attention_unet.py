"""Attention U-Net: counts of paper and public form, wiring written out, a U-Net when every gate is open."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.models import AttentionUNet, GridAttentionUNet, UNet


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_counts() -> None:
    with torch.device("meta"):
        assert [parameters(AttentionUNet.paper(1, 4, gates=gates)) for gates in (0, 1, 2)] == [
            5_888_004,  # the 5.88M of the paper
            6_214_151,
            6_473_322,
        ]
        assert parameters(AttentionUNet.paper()) == 6_473_322
        assert parameters(AttentionUNet.paper(3, 1, dims=2)) == 34_878_573
        assert AttentionUNet.paper()(torch.empty(1, 1, 40, 33, 32)).shape == (1, 4, 40, 33, 32)


def test_with_open_gates_it_is_a_unet() -> None:
    torch.manual_seed(0)
    net, unet = AttentionUNet(2, 3, width=4, depth=3).double(), UNet(2, 3, width=4, depth=3).double()
    state = net.state_dict()
    ours = [key for key in state if ".gate." not in key]
    for key, value in zip(ours, unet.state_dict().values(), strict=True):
        state[key].copy_(value)
    image = torch.rand(2, 2, 19, 26, dtype=torch.float64)
    gated = net(image)
    for up in net.up:
        nn.init.zeros_(up.gate.psi[1].weight), nn.init.constant_(up.gate.psi[1].bias, 60)  # sigmoid(60) = 1
    assert torch.allclose(net(image), unet(image), atol=1e-10)
    assert (gated - net(image)).abs().max() > 1e-2


@pytest.mark.parametrize("enlarge", ["up-conv", "resize"])
def test_forward_follows_the_public_form(enlarge: str) -> None:
    torch.manual_seed(0)
    net = AttentionUNet(1, 2, width=4, depth=2, enlarge=enlarge).double()
    image = torch.randn(2, 1, 12, 16, dtype=torch.float64)
    a = net.down[0](image)
    b = net.down[1](F.max_pool2d(a, 2))
    x = net.down[2](F.max_pool2d(b, 2))
    for step, skip in zip(net.up, (b, a), strict=True):
        up = step.enlarge(x)
        assert up.shape == skip.shape
        gate = step.gate
        factor = torch.sigmoid(gate.psi(F.relu(gate.theta(skip) + gate.phi(up))))
        x = step.block(torch.cat([factor * skip, up], dim=1))
    assert torch.allclose(net(image), net.head(x), atol=1e-10)


@pytest.mark.parametrize("gates", [0, 1, 2])
@pytest.mark.parametrize("dims", [2, 3])
def test_forward_follows_the_paper_s_code(dims: int, gates: int) -> None:
    """Levels 2 to 4 gated by the next coarser map; class scores of each level, enlarged and mixed."""
    torch.manual_seed(0)
    net = GridAttentionUNet(1, 2, width=2, depth=3, dims=dims, gates=gates).double()
    image = torch.randn(2, 1, *(16, 24, 8)[:dims], dtype=torch.float64)
    pool = (F.max_pool2d, F.max_pool3d)[dims - 2]

    def enlarge(x: Tensor, factor: int) -> Tensor:
        return F.interpolate(x, scale_factor=factor, mode=("bilinear", "trilinear")[dims - 2])

    conv1 = net.down[0](image)
    conv2 = net.down[1](pool(conv1, 2))
    conv3 = net.down[2](pool(conv2, 2))
    centre = net.down[3](pool(conv3, 2))
    if gates:
        conv3 = net.gates[0](conv3, net.signal(centre))
    up3 = net.up[0](torch.cat([conv3, enlarge(centre, 2)], dim=1))
    if gates:
        conv2 = net.gates[1](conv2, up3)
    up2 = net.up[1](torch.cat([conv2, enlarge(up3, 2)], dim=1))
    up1 = net.up[2](torch.cat([conv1, enlarge(up2, 2)], dim=1))
    scores = [enlarge(net.scores[0](up3), 4), enlarge(net.scores[1](up2), 2), net.scores[2](up1)]
    assert torch.allclose(net(image), net.head(torch.cat(scores, dim=1)), atol=1e-10)
    assert len(net.gates) == (2 if gates else 0)


@pytest.mark.parametrize("dims", [2, 3])
def test_attention_maps(dims: int) -> None:
    torch.manual_seed(0)
    net, image = AttentionUNet(1, 2, width=4, depth=2, dims=dims), torch.rand(2, 1, *(9, 12, 8)[:dims])
    maps = net.attention_maps(image)
    assert list(maps) == ["up.0.gate", "up.1.gate"]
    assert [tuple(m.shape) for m in maps.values()] == [(2, 1, *(6, 6, 4)[:dims]), (2, 1, *(12, 12, 8)[:dims])]
    assert all(0 < m.min() < m.max() < 1 for m in maps.values())
    grid = AttentionUNet.paper(1, 2) if dims == 3 else GridAttentionUNet(1, 2, width=2, depth=2, dims=2, gates=2)
    size = (32, 16, 16) if dims == 3 else (9, 12)
    expected = 6 if dims == 3 else 2
    names = list(grid.attention_maps(torch.rand(1, 1, *size)))
    assert len(names) == expected
    assert names[:2] == ["gates.0.gates.0", "gates.0.gates.1"]
    assert GridAttentionUNet(1, 2, width=2, depth=2, gates=0).attention_maps(torch.rand(1, 1, 8, 8, 8)) == {}


@pytest.mark.parametrize("build", [AttentionUNet, GridAttentionUNet])
def test_every_gate_matters(build: type[nn.Module]) -> None:
    torch.manual_seed(0)
    net = build(1, 2, width=4, depth=3, dims=2).eval()
    image = torch.rand(1, 1, 25, 18)
    whole = net(image)
    psis = [module.psi[0] for module in net.modules() if hasattr(module, "psi")]
    assert len(psis) == (3 if build is AttentionUNet else 2)
    for psi in psis:
        kept = psi.weight.data.clone()
        psi.weight.data.mul_(-5)
        assert (net(image) - whole).abs().max() > 1e-4
        psi.weight.data.copy_(kept)
    assert torch.equal(net(image), whole)


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        AttentionUNet(1, 2, depth=0)
    with pytest.raises(UserError, match="enlarge is 'bilinear'; choose 'up-conv' or 'resize'"):
        AttentionUNet(1, 2, enlarge="bilinear")
    with pytest.raises(UserError, match="gates -1"):
        GridAttentionUNet(1, 2, gates=-1)
