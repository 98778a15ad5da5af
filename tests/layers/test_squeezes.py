"""SE, CBAM and scSE against MONAI, against values recorded from torchvision and SMP, and against the papers' formulas."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.networks.blocks import ChannelSELayer
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import CBAM, SCSE, SqueezeExcitation

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "layers.json").read_text(encoding="utf-8"))


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def wave(shape: tuple[int, ...], phase: float) -> Tensor:
    """The formula of tests/golden/make_layers.py."""
    places = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * places + phase).reshape(shape)


def fill(layer: nn.Module) -> nn.Module:
    for phase, parameter in enumerate(layer.parameters()):
        parameter.data = wave(tuple(parameter.shape), phase)
    return layer


def golden(name: str) -> tuple[Tensor, Tensor]:
    shape = tuple(GOLDEN[name]["shape"])
    return wave(shape, 0.5), torch.tensor(GOLDEN[name]["output"], dtype=torch.float64).reshape(shape)


@pytest.mark.parametrize(("layer", "count"), [(SqueezeExcitation, 580), (CBAM, 680), (SCSE, 645)])
def test_counts_at_64_channels(layer: type[nn.Module], count: int) -> None:
    assert sum(p.numel() for p in layer(64).parameters()) == count
    assert sum(p.numel() for p in layer(64, dims=3).parameters()) == count + (2 * (343 - 49) if layer is CBAM else 0)


def test_cbam_without_the_biases_of_its_mlp_has_612() -> None:
    layer = CBAM(64)
    biases = [p.numel() for name, p in layer.mlp.named_parameters() if name.endswith("bias")]
    assert sum(p.numel() for p in layer.parameters()) - sum(biases) == 612


@given(st.integers(1, 9), st.integers(1, 4), st.lists(st.integers(1, 5), min_size=2, max_size=3))
@settings(max_examples=40, deadline=None)
def test_se_is_monai_s(times: int, reduction: int, size: list[int]) -> None:
    channels = times * reduction
    ours = SqueezeExcitation(channels, reduction, dims=len(size)).double()
    theirs = ChannelSELayer(len(size), channels, r=reduction).double()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    x = random(2, channels, *size)
    assert torch.allclose(ours(x), theirs(x), rtol=1e-12, atol=1e-14)


def test_se_is_torchvision_s() -> None:
    x, expected = golden("torchvision SqueezeExcitation(8, 2)")
    assert torch.allclose(fill(SqueezeExcitation(8, 4))(x), expected, atol=1e-12)


def test_the_two_factors_of_scse_are_smp_s() -> None:
    """SMP adds what each factor leaves of the image; ours takes the larger factor."""
    x, expected = golden("segmentation-models-pytorch SCSEModule(8, 4)")
    layer = fill(SCSE(8, 4))
    channels, pixels = layer.channel.attention(x), layer.pixel(x).sigmoid()
    assert torch.allclose(x * channels + x * pixels, expected, atol=1e-12)
    assert torch.equal(layer.attention(x), channels.maximum(pixels))


@pytest.mark.parametrize("dims", [2, 3])
def test_behind_a_relu_scse_is_the_authors_maximum_of_the_scaled_maps(dims: int) -> None:
    layer = SCSE(8, 4, dims=dims).double()
    x = random(2, 8, *(5, 3, 4)[:dims])
    channels, pixels = layer.channel(x.relu()), x.relu() * layer.pixel(x.relu()).sigmoid()
    assert torch.equal(layer(x.relu()), channels.maximum(pixels))
    assert (channels > pixels).any()
    assert (channels < pixels).any()


@pytest.mark.parametrize("dims", [2, 3])
def test_cbam_step_by_step(dims: int) -> None:
    """The paper's formulas in NumPy, except for the convolution."""
    size = (9, 4, 8)[:dims]
    layer = CBAM(6, 2, dims=dims).double().eval()
    layer.norm.running_mean.fill_(0.3)
    layer.norm.running_var.fill_(2.5)
    layer.norm.weight.data.fill_(1.7)
    x = random(2, 6, *size)
    first, second = (
        (layer.mlp[i].weight.detach().numpy(), layer.mlp[i].bias.detach().numpy())  # type: ignore[union-attr]
        for i in (0, 2)
    )
    scaled = np.empty(x.shape)
    for n, image in enumerate(x.numpy()):
        flat = image.reshape(6, -1)
        answers = [
            second[0] @ np.maximum(first[0] @ pooled + first[1], 0) + second[1]
            for pooled in (flat.mean(1), flat.max(1))
        ]
        channels = 1 / (1 + np.exp(-(answers[0] + answers[1])))
        scaled[n] = image * channels.reshape(-1, *[1] * dims)
    pooled = torch.tensor(np.stack([scaled.max(1), scaled.mean(1)], 1))
    score = (F.conv2d, F.conv3d)[dims - 2](pooled, layer.window.weight, padding=3).detach().numpy()
    pixels = 1 / (1 + np.exp(-(1.7 * (score - 0.3) / np.sqrt(2.5 + 1e-5) + 0)))
    assert np.allclose(layer(x).detach().numpy(), scaled * pixels, atol=1e-12)


@pytest.mark.parametrize("layer", [SqueezeExcitation, CBAM, SCSE])
@pytest.mark.parametrize("dims", [2, 3])
def test_the_map_is_the_factor_that_was_multiplied(layer: type[nn.Module], dims: int) -> None:
    net = layer(6, 2, dims=dims).double().eval()
    x = random(2, 6, *(5, 7, 3)[:dims])
    factor = net.attention(x)  # type: ignore[operator]
    assert torch.allclose(net(x) / x, factor.expand_as(x), atol=1e-12)
    assert ((factor > 0) & (factor < 1)).all()
    assert factor.std() > 1e-3  # it tells channels or pixels apart


def test_se_sees_channels_and_not_places() -> None:
    layer = SqueezeExcitation(4, 2).double()
    x = random(1, 4, 5, 7)
    shuffled = x.flatten(2)[..., torch.randperm(35)].unflatten(2, (5, 7))
    assert torch.allclose(layer.attention(x), layer.attention(shuffled), atol=1e-12)
    assert layer.attention(x).shape == (1, 4, 1, 1)


def test_few_channels_are_squeezed_to_one() -> None:
    for layer in (SqueezeExcitation, CBAM, SCSE):
        assert layer(3)(torch.rand(2, 3, 5, 4)).shape == (2, 3, 5, 4)
    assert SqueezeExcitation(3).excite[0].out_features == 1


def test_cbam_names_a_map_of_one_pixel() -> None:
    with pytest.raises(UserError, match="here is one pixel"):
        CBAM(4)(torch.rand(1, 4, 1, 1))
    assert CBAM(4).eval()(torch.rand(1, 4, 1, 1)).isfinite().all()
    assert CBAM(4)(torch.rand(2, 4, 1, 1)).isfinite().all()
