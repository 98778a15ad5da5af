"""The 3D U-Net: the paper's count and sizes, its wiring written out, channels that double before the pool."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.models import UNet, UNet3D, receptive_field

from .nan_probe import seen_pixels


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_the_paper_s_network() -> None:
    with torch.device("meta"):
        net = UNet.paper(3, 3, dims=3)
        assert isinstance(net, UNet3D)
        assert parameters(net) == parameters(UNet3D.paper()) == 19_069_955
        assert net(torch.empty(1, 3, 132, 132, 116)).shape == (1, 3, 44, 44, 28)
        assert net.output_size((132, 132, 116)) == (44, 44, 28)
        shapes = [(m.in_channels, m.out_channels) for m in net.modules() if isinstance(m, nn.Conv3d)]
        enlarging = [(m.in_channels, m.out_channels) for m in net.modules() if isinstance(m, nn.ConvTranspose3d)]
    down = [(3, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512)]
    up = [(768, 256), (256, 256), (384, 128), (128, 128), (192, 64), (64, 64), (64, 3)]
    assert shapes == down + up  # the paper's figure, from left to right
    assert enlarging == [(512, 512), (256, 256), (128, 128)]


@pytest.mark.parametrize(("dims", "size"), [(2, (44, 48)), (3, (44, 44, 48))])
def test_forward_follows_the_figure(dims: int, size: tuple[int, ...]) -> None:
    """Valid convolutions, normalisation by the batch without gain, deconvolution without bias; with torch's own functions."""
    torch.manual_seed(0)
    net = UNet3D(2, 3, width=4, depth=2, dims=dims, padding="valid").double()
    image = torch.randn(1, 2, *size, dtype=torch.float64)
    weights = [p.detach() for p in net.parameters()]
    convolve, pool = (F.conv2d, F.conv3d)[dims - 2], (F.max_pool2d, F.max_pool3d)[dims - 2]
    deconvolve = (F.conv_transpose2d, F.conv_transpose3d)[dims - 2]

    def block(x: Tensor) -> Tensor:
        for _ in range(2):
            x = convolve(x, weights.pop(0), weights.pop(0))
            axes = (0, *range(2, dims + 2))
            x = (x - x.mean(axes, keepdim=True)) / (x.var(axes, unbiased=False, keepdim=True) + 1e-5).sqrt()
            x = x.clamp(min=0)
        return x

    def up(x: Tensor, skip: Tensor, margin: int) -> Tensor:
        x = deconvolve(x, weights.pop(0), stride=2)
        inside = skip[(slice(None), slice(None), *[slice(margin, -margin)] * dims)]
        return block(torch.cat([inside, x], dim=1))

    a = block(image)  # 40 x 44
    b = block(pool(a, 2))  # 16 x 18
    c = block(pool(b, 2))  # 4 x 5
    x = up(up(c, b, 4), a, 16)  # 4 x 6, then 4 x 8
    assert torch.allclose(net(image), convolve(x, *weights), atol=1e-9)


def test_default_and_options() -> None:
    net = UNet3D(1, 2)
    assert (net.dims, net.depth, net.padding) == (3, 3, "same")
    assert sum(isinstance(m, nn.BatchNorm3d) for m in net.modules()) == 14
    assert not any(
        "bias" in name or "weight" in name
        for m in net.modules()
        if isinstance(m, nn.BatchNorm3d)
        for name, _ in m.named_parameters()
    )
    with torch.device("meta"):
        assert UNet3D.paper(1, 2, dims=2)(torch.empty(1, 1, 132, 116)).shape == (1, 2, 44, 28)
        assert UNet.paper(1, 2, dims=2).depth == 4


@pytest.mark.parametrize(("padding", "size"), [("same", 12), ("valid", 44)])
def test_every_skip_reaches_the_output_and_can_be_switched_off(padding: str, size: int) -> None:
    torch.manual_seed(0)
    net = UNet3D(1, 2, width=2, depth=2, dims=2, padding=padding).double().eval()  # type: ignore[arg-type]
    image, outputs = torch.rand(1, 1, size, size, dtype=torch.float64), {}
    for skips in itertools.product((True, False), repeat=2):
        net.skips = skips
        outputs[skips] = net(image)
    for one, other in itertools.combinations(outputs, 2):
        assert not torch.allclose(outputs[one], outputs[other]), (one, other)


@given(st.lists(st.integers(1, 10), min_size=3, max_size=3), st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_any_size_returns_itself(size: list[int], depth: int) -> None:
    net = UNet3D(1, 2, width=2, depth=depth).eval()
    assert net(torch.rand(1, 1, *size)).shape == (1, 2, *size)


def test_receptive_field_is_what_a_perturbation_shows() -> None:
    net = UNet3D(1, 1, width=2, depth=2, dims=2)
    assert seen_pixels(net, 1, 80).sum(1).max() == receptive_field(net) == receptive_field(UNet(1, 1, width=1, depth=2))


def test_errors_name_the_fix() -> None:
    for width in (3, 0):
        with pytest.raises(UserError, match=f"width is {width}; choose an even number"):
            UNet3D(1, 2, width=width)
    with pytest.raises(
        UserError, match="do not fit through a valid U-Net of depth 3; the nearest that fit are 124 and 132"
    ):
        UNet3D(1, 2, width=2, padding="valid")(torch.rand(1, 1, 130, 132, 132))
    with pytest.raises(UserError, match=r"8 x 8 x 8 shrinks to one pixel after 3 poolings"):
        UNet3D(1, 2, width=2)(torch.rand(1, 1, 8, 8, 8))
