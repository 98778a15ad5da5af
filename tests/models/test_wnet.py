"""W-Net: eighteen modules, wiring written out, a reconstruction that sees nothing but the segments."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.losses import soft_ncut_loss
from medsegedu.models import WNet


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def module_size(ins: int, out: int, *, separable: bool, taps: int = 9) -> int:
    """Parameters of two convolutions with bias, each with a normalisation's two."""
    pairs = ((ins, out), (out, out))
    weights = sum(taps * c + c * d if separable else taps * c * d for c, d in pairs)
    return weights + 2 * (out + 2 * out)


def test_the_paper_s_modules() -> None:
    """46 convolutional layers in 18 modules; the first and last module of either U regular, the others separable."""
    with torch.device("meta"):
        net = WNet.paper(3, 64)
        assert net(torch.empty(1, 3, 224, 224)).shape == (1, 64, 224, 224)
        assert net.reconstruct(torch.empty(1, 64, 224, 224)).shape == (1, 3, 224, 224)
    layers = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert sum(m.groups == 1 for m in layers) == 46  # a depthwise and its 1x1 convolution are one layer
    assert sum(m.groups > 1 for m in layers) == 14 * 2
    down, up = [64, 128, 256, 512, 1024], [1024, 512, 256, 128, 64]
    for half, ins, out in ((net.segmenter, 3, 64), (net.reconstructor, 64, 3)):
        expected = module_size(ins, 64, separable=False) + module_size(128, 64, separable=False) + 64 * out + out
        expected += sum(module_size(a, b, separable=True) for a, b in itertools.pairwise(down))
        expected += sum(module_size(2 * b, b, separable=True) for b in up[1:-1])
        expected += sum(4 * a * b + b for a, b in itertools.pairwise(up))
        assert parameters(half) == expected
    assert parameters(net) == 12_288_195


def written_module(block: nn.Sequential, x: Tensor) -> Tensor:
    """Convolution (separable: each channel alone, then a mix), ReLU, batch normalisation; twice."""
    convolutions = [m for m in block if isinstance(m, nn.Conv2d)]
    norms = [m for m in block if isinstance(m, nn.BatchNorm2d)]
    for k, norm in enumerate(norms):
        if len(convolutions) == 4:
            alone, mix = convolutions[2 * k : 2 * k + 2]
            x = torch.cat([F.conv2d(x[:, [c]], alone.weight[[c]], padding=1) for c in range(x.shape[1])], dim=1)
            x = torch.einsum("dc,nchw->ndhw", mix.weight[:, :, 0, 0], x) + mix.bias[:, None, None]
        else:
            x = F.conv2d(x, convolutions[k].weight, convolutions[k].bias, padding=1)
        x = norm(x.clamp(min=0))
    return x


def written_half(half: nn.Module, image: Tensor) -> Tensor:
    a = written_module(half.first, image)
    b = written_module(half.down[0], F.max_pool2d(a, 2))
    x = written_module(half.down[1], F.max_pool2d(b, 2))
    x = written_module(half.up[0], torch.cat([b, half.enlarge[0](x)], dim=1))
    x = written_module(half.up[1], torch.cat([a, half.enlarge[1](x)], dim=1))
    return half.head(x)


def test_forward_follows_the_figure() -> None:
    torch.manual_seed(0)
    net = WNet(2, 4, width=3, depth=2).double().eval()
    for buffer in net.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    image = torch.randn(2, 2, 12, 8, dtype=torch.float64)
    logits = net(image)
    assert torch.allclose(logits, written_half(net.segmenter, image), atol=1e-10)
    assert torch.allclose(
        net.reconstruct(logits),
        written_half(net.reconstructor, logits.exp() / logits.exp().sum(1, keepdim=True)),
        atol=1e-10,
    )
    assert len([m for m in net.segmenter.up[1] if isinstance(m, nn.Conv2d)]) == 2  # the last module is regular
    assert len([m for m in net.segmenter.up[0] if isinstance(m, nn.Conv2d)]) == 4


def test_the_reconstruction_sees_only_the_segments() -> None:
    torch.manual_seed(0)
    net = WNet(1, 3, width=4, depth=1).eval()
    logits = net(torch.rand(1, 1, 9, 7))
    assert torch.allclose(net.reconstruct(logits), net.reconstruct(logits + 5), atol=1e-5)  # the softmax is the same
    assert not torch.allclose(net.reconstruct(logits), net.reconstruct(logits.flip(1)))


@pytest.mark.parametrize("dims", [2, 3])
def test_both_losses_reach_every_parameter_and_fall(dims: int) -> None:
    torch.manual_seed(0)
    net = WNet(1, 2, width=4, depth=2, dims=dims)
    image = torch.zeros(1, 1, *(14, 11, 9)[:dims])
    image[:, :, 4:10, 3:8] = 1
    image = (image + 0.05 * torch.randn_like(image)).detach()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-2)
    losses = []
    for step in range(60):
        logits = net(image)
        cut, error = soft_ncut_loss(logits, image, radius=3), F.mse_loss(net.reconstruct(logits), image)
        optimizer.zero_grad()
        (cut + error).backward()
        if step == 0:
            assert [key for key, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []
        optimizer.step()
        losses.append((float(cut.detach()), float(error.detach())))
    assert losses[-1][0] < 0.3 * losses[0][0]
    assert losses[-1][1] < 0.3 * losses[0][1]


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        WNet(1, 2, depth=0)
    with pytest.raises(UserError, match="has 1 channels, but this network was made for 2"):
        WNet(2, 2)(torch.rand(1, 1, 32, 32))
