"""Attention in a U-Net: where it sits, what it costs, that it starts as the same network, and that its maps are true."""

from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import Attention
from medsegedu.models import UNet
from medsegedu.models.unet_attention import AttentionKind

KINDS = get_args(AttentionKind)
SIZE = (21, 18, 12)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def made(kind: AttentionKind | None, dims: int = 2, **options: object) -> UNet:
    torch.manual_seed(0)
    return UNet(1, 2, **{"width": 8, "depth": 2, "dims": dims, "attention": kind, **options}).double().eval()  # type: ignore[arg-type]


def image(dims: int = 2) -> Tensor:
    return torch.rand(2, 1, *SIZE[:dims], dtype=torch.float64)


def extra(kind: str, c: int) -> int:
    """Parameters at c channels, by hand."""
    squeeze = 2 * c * (c // 2) + c // 2 + c
    return {
        "se": squeeze,
        "cbam": squeeze + 98 + 2,
        "scse": squeeze + c + 1,
        "non_local": 4 * c * (c // 2) + 3 * (c // 2) + c,
        "criss_cross": 2 * (c * (c // 8) + c // 8) + c * c + c + 1,
    }[kind]


def test_no_attention_adds_nothing() -> None:
    with torch.device("meta"):
        assert parameters(UNet.paper(1, 2)) == 31_030_658
        assert parameters(UNet(1, 1, width=32, norm=None, attention=None)) == 7_759_521
        assert parameters(UNet.paper(3, 3, dims=3)) == 19_069_955
        assert made(None).attention_maps(image()) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_adds_little(kind: AttentionKind) -> None:
    plain, with_it = parameters(UNet(1, 2)), parameters(UNet(1, 2, attention=kind))
    if kind == "gate":  # 1x1 convolutions without bias from skip and gate to half of the skip, three normalisations
        added = sum(c // 2 * (c + 2 * c) + 2 * 2 * (c // 2) + c // 2 + 2 for c in (16, 32, 64, 128))
    elif kind in ("non_local", "criss_cross"):
        added = extra(kind, 256)
    else:
        added = sum(extra(kind, c) for c in (16, 32, 64, 128, 256, 128, 64, 32, 16))
    assert with_it == plain + added
    assert added < 0.07 * plain


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dims", [2, 3])
def test_the_other_weights_start_as_without_it(kind: AttentionKind, dims: int) -> None:
    plain, net = made(None, dims), made(kind, dims)
    weights = dict(net.named_parameters())
    assert all(torch.equal(weights[name], parameter) for name, parameter in plain.named_parameters())
    x = image(dims)
    same = torch.equal(net(x), plain(x))
    assert same == (kind in ("non_local", "criss_cross"))  # these start as nothing


@pytest.mark.parametrize("kind", ["se", "cbam", "scse", "non_local", "criss_cross"])
def test_forward_has_it_behind_the_blocks(kind: AttentionKind) -> None:
    """Written out level by level; the plain network's blocks, then the attention."""
    plain, net, x = made(None), made(kind), torch.rand(2, 1, 20, 16, dtype=torch.float64)
    for name, parameter in net.named_parameters():
        if name.endswith(("out.weight", "gamma")):
            nn.init.constant_(parameter, 0.3)
    found = {name: layer for name, layer in net.named_modules() if isinstance(layer, Attention)}
    found = {name: layer for name, layer in found.items() if name.endswith("attention")}
    places = ["first", "down.0", "down.1", "up.0.block", "up.1.block"]
    places = places[2:3] if kind in ("non_local", "criss_cross") else places
    assert list(found) == [f"{place}.attention" for place in places]

    def attend(place: str, y: Tensor) -> Tensor:
        return found[f"{place}.attention"](y) if place in places else y

    a = attend("first", plain.first(x))
    b = attend("down.0", plain.down[0](a))
    c = attend("down.1", plain.down[1](b))
    up = attend("up.0.block", plain.up[0](c, b))
    up = attend("up.1.block", plain.up[1](up, a))
    assert torch.allclose(net(x), plain.head(up), atol=1e-12)
    assert not torch.allclose(net(x), plain(x), atol=1e-6)


def test_gates_weigh_each_skip_by_what_comes_from_below() -> None:
    plain, net, x = made(None), made("gate"), torch.rand(2, 1, 20, 16, dtype=torch.float64)
    a = plain.first(x)
    b = plain.down[0](a)
    c = plain.down[1](b)
    first, second = net.gates
    up = plain.up[0](c, first(b, c))
    up = plain.up[1](up, second(a, up))
    assert torch.allclose(net(x), plain.head(up), atol=1e-12)
    maps = net.attention_maps(x)
    assert {name: tuple(map.shape) for name, map in maps.items()} == {
        "gates.0": (2, 1, 10, 8),
        "gates.1": (2, 1, 20, 16),
    }
    assert torch.allclose(first(b, c), b * maps["gates.0"], atol=1e-12)
    assert all(((map >= 0) & (map <= 1)).all() and map.std() > 1e-3 for map in maps.values())


def test_a_skip_that_is_off_needs_no_gate() -> None:
    net, x = made("gate", skips=(False, True)), image()
    before = net(x)
    for parameter in net.gates[1].parameters():  # the first level's, at the end of the way up
        nn.init.normal_(parameter)
    assert torch.equal(net(x), before)
    assert list(net.attention_maps(x)) == ["gates.0"]


@pytest.mark.parametrize("kind", ["se", "cbam", "scse"])
@pytest.mark.parametrize("dims", [2, 3])
def test_the_map_is_the_factor_that_the_network_multiplied(kind: AttentionKind, dims: int) -> None:
    net, x = made(kind, dims), image(dims)
    passed: dict[str, tuple[Tensor, Tensor]] = {}
    for name, layer in net.named_modules():
        if name.endswith("attention"):
            layer.register_forward_hook(lambda _, inputs, output, name=name: passed.update({name: (inputs[0], output)}))
    maps = net.attention_maps(x)
    assert maps.keys() == passed.keys()
    for name, (before, after) in passed.items():
        factor = maps[name].expand_as(before)
        seen = before > 1e-6  # behind a ReLU: where there is 0, nothing shows
        assert torch.allclose((after / before)[seen], factor[seen], atol=1e-9)
        assert ((factor > 0) & (factor < 1)).all()


@pytest.mark.parametrize("kind", ["non_local", "criss_cross"])
@pytest.mark.parametrize("dims", [2, 3])
def test_the_weights_of_each_pixel_sum_to_one(kind: AttentionKind, dims: int) -> None:
    (name, weights), *rest = made(kind, dims).attention_maps(image(dims)).items()
    small = [-(-length // 4) for length in SIZE[:dims]]  # padded to a multiple of 4, halved twice
    pixels = torch.Size(small).numel()
    assert (name, rest) == ("down.1.attention", [])
    assert weights.shape == ((2, pixels, pixels) if kind == "non_local" else (2, *small, sum(small)))
    assert (weights >= 0).all()
    assert torch.allclose(weights.sum(-1), torch.ones((), dtype=torch.float64))


@pytest.mark.parametrize("kind", ["se", "cbam", "scse", "non_local", "criss_cross"])
def test_valid_padding_goes_with_all_but_gates(kind: AttentionKind) -> None:
    assert made(kind, padding="valid", norm=None)(torch.rand(1, 1, 44, 48).double()).shape == (1, 2, 4, 8)


def test_errors_name_the_fix() -> None:
    with pytest.raises(UserError, match=r"attention is 'gates'; choose 'se', .*'gate' or None"):
        UNet(1, 2, attention="gates")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="attention='gate' needs padding='same'"):
        UNet(1, 2, attention="gate", padding="valid")
