"""What every attention layer promises, and that the maps of a model are those it used."""

import pytest
import torch
from torch import Tensor, nn

from medsegedu.layers import CBAM, SCSE, Attention, CrissCross, NonLocal, SqueezeExcitation, attention_maps

LAYERS = (SqueezeExcitation, CBAM, SCSE, NonLocal, CrissCross)


def awake(layer: nn.Module) -> nn.Module:
    """No parameter at zero, where some layers start."""
    for parameter in layer.parameters():
        if not parameter.is_meta and not parameter.any():
            nn.init.normal_(parameter)
    return layer


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest, dims: int) -> nn.Module:
    return awake(request.param(8, dims=dims))


@pytest.fixture(params=[2, 3])
def dims(request: pytest.FixtureRequest) -> int:
    return request.param


def image(dims: int, channels: int = 8) -> Tensor:
    return torch.randn(2, channels, *(5, 3, 4)[:dims])


def test_gradcheck(layer: nn.Module, dims: int) -> None:
    x = torch.randn(2, 8, *(2, 3, 2)[:dims], dtype=torch.float64, requires_grad=True)
    parameters = list(layer.double().parameters())
    assert torch.autograd.gradcheck(lambda x, *_: layer(x), (x, *parameters))


def test_the_meta_device_needs_no_memory(layer: nn.Module, dims: int) -> None:
    x = torch.empty(2, 8, *(500, 300, 400)[:dims], device="meta")
    with torch.device("meta"):
        assert type(layer)(8, dims=dims)(x).shape == x.shape


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_dtype_is_the_image_s(layer: nn.Module, dims: int, dtype: torch.dtype) -> None:
    x = image(dims)
    expected, result = layer.eval()(x), layer.to(dtype)(x.to(dtype))
    assert result.dtype == dtype
    assert torch.allclose(result.float(), expected, atol=0.1, rtol=0.1)


def test_export(layer: nn.Module, dims: int) -> None:
    x = image(dims)
    exported = torch.export.export(layer.eval(), (x,)).module()
    assert torch.allclose(exported(x), layer(x), atol=1e-6)


class Twice(nn.Module):
    """Two attention layers, one of which runs twice, among others."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), SqueezeExcitation(4))
        self.last = NonLocal(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.last(self.inner(x)))


def test_maps_have_the_layers_names_and_are_what_they_used() -> None:
    model, x = awake(Twice()).eval(), torch.randn(2, 1, 7, 6)
    maps = attention_maps(model, x)
    assert list(maps) == ["inner.3", "last"]
    before = model.inner[:3](x)
    assert torch.equal(maps["inner.3"], model.inner[3].attention(before))
    assert torch.allclose(maps["inner.3"].expand_as(before), model.inner(x) / before, atol=1e-4)
    assert torch.equal(maps["last"], model.last.attention(model.last(model.inner(x))))  # of the last time


def test_looking_changes_nothing() -> None:
    model, x = Twice().train(), torch.randn(2, 1, 7, 6, requires_grad=True)
    model.inner[2].eval()  # a student switched one layer off
    state = {key: value.clone() for key, value in model.state_dict().items()}
    maps = attention_maps(model, x)
    assert not any(value.requires_grad for value in maps.values())
    assert [module.training for module in model.modules()] == [True, True, True, True, False, *[True] * 10]
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_that_fails_keeps_no_hooks() -> None:
    model = Twice()
    with pytest.raises(RuntimeError):
        attention_maps(model, torch.rand(1, 3, 7, 6))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_without_attention_has_no_maps() -> None:
    assert attention_maps(nn.Conv2d(1, 2, 3), torch.rand(1, 1, 5, 5)) == {}


def test_a_layer_must_say_what_its_map_is() -> None:
    class Silent(Attention):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Silent()  # type: ignore[abstract]
