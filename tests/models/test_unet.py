"""U-Net: the paper's count and sizes, any odd size, skips that matter and can be switched."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.errors import UserError
from medsegedu.layers import crop_and_concat
from medsegedu.models import UNet, receptive_field, valid_size

from .nan_probe import seen_pixels


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_the_paper_s_network() -> None:
    with torch.device("meta"):
        net = UNet.paper(1, 2)
        assert parameters(net) == 31_030_658
        assert net(torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)
        assert parameters(UNet(1, 1, width=32, norm=None)) == 7_759_521  # 7.76M in the table of UNet++


def test_forward_follows_the_figure() -> None:
    """Written out once, level by level, with torch's own functions."""
    torch.manual_seed(0)
    net = UNet(1, 2, width=2, depth=2, padding="valid", norm=None).double()
    image = torch.randn(1, 1, 44, 48, dtype=torch.float64)
    a = net.first(image)  # 40 x 44
    b = net.down[0][1](F.max_pool2d(a, 2))  # 16 x 18
    c = net.down[1][1](F.max_pool2d(b, 2))  # 4 x 5
    up = net.up[0].block(crop_and_concat(net.up[0].enlarge(c), b))  # 4 x 6
    up = net.up[1].block(crop_and_concat(net.up[1].enlarge(up), a))  # 4 x 8
    assert torch.equal(net(image), net.head(up))
    assert net.output_size((44, 48)) == (4, 8)


def test_valid_size_agrees_with_the_network() -> None:
    net = UNet(1, 1, width=1, depth=2, padding="valid", norm=None)
    fitting = []
    for size in range(1, 90):
        try:
            fitting.append((size, valid_size(size, 2)))
        except UserError:
            with pytest.raises(UserError, match="do not fit through a valid U-Net of depth 2"):
                net(torch.rand(1, 1, size, size))
    assert fitting == [(size, size - 40) for size in range(44, 90, 4)]
    for size, output in fitting:
        assert net(torch.rand(1, 1, size, 44)).shape == (1, 1, output, 4)
    assert valid_size(572) == 388


def test_a_size_that_does_not_fit_names_those_that_do() -> None:
    with pytest.raises(UserError, match=r"570 pixels do not fit .* depth 4; the nearest that fit are 556 and 572"):
        valid_size(570)
    with pytest.raises(UserError, match="the smallest that fits is 188"):
        valid_size(64)
    for size in (556, 572, 188):
        assert valid_size(size) == size - 184


@given(st.lists(st.integers(1, 40), min_size=2, max_size=3), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_any_size_returns_itself(size: list[int], depth: int) -> None:
    size = [min(length, 12) for length in size] if len(size) == 3 else size
    net = UNet(1, 2, width=1, depth=depth, dims=len(size)).eval()
    assert net(torch.rand(1, 1, *size)).shape == (1, 2, *size)


def test_an_odd_size_is_its_padded_image_cut_back() -> None:
    torch.manual_seed(0)
    net = UNet(1, 2, width=2, depth=3).double().eval()
    image = torch.rand(1, 1, 21, 30, dtype=torch.float64)
    padded = F.pad(image, (0, 2, 0, 3), mode="replicate")  # 24 x 32
    assert torch.equal(net(image), net(padded)[..., :21, :30])


@pytest.mark.parametrize(("dims", "padding", "size"), [(2, "same", 24), (2, "valid", 44), (3, "same", 12)])
def test_every_skip_reaches_the_output_and_can_be_switched_off(dims: int, padding: str, size: int) -> None:
    torch.manual_seed(0)
    net = UNet(1, 2, width=2, depth=2, dims=dims, padding=padding, norm=None).double()  # type: ignore[arg-type]
    image, weights = torch.rand(1, 1, *[size] * dims, dtype=torch.float64), [p.clone() for p in net.parameters()]
    outputs = {}
    for skips in itertools.product((True, False), repeat=2):
        net.skips = skips
        outputs[skips] = net(image)
    for one, other in itertools.combinations(outputs, 2):
        assert not torch.allclose(outputs[one], outputs[other]), (one, other)
    net.skips = True
    assert torch.equal(net(image), outputs[True, True])
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), weights, strict=True))


def test_skips_are_ordered_from_the_full_resolution() -> None:
    """With only the first skip on, one output sees no farther through it than the first level's own convolutions."""
    net = UNet(1, 2, width=2, depth=2, norm=None, skips=(True, False)).double()
    net.up[-1].enlarge.weight.data.zero_()  # nothing comes from below
    image = torch.rand(1, 1, 32, 32, dtype=torch.float64)
    changed = image.clone()
    changed[..., 16, 16] += 1
    moved = (net(image) != net(changed)).any(1)[0].nonzero()
    assert moved.numel()
    assert (moved - 16).abs().max() <= 4  # four 3x3 convolutions
    net.skips = (False, True)
    assert torch.equal(net(image), net(changed))


def test_a_skip_that_is_off_carries_no_gradient_and_keeps_its_weights() -> None:
    net = UNet(1, 2, width=2, depth=1, norm=None, skips=(False,))
    assert net.skips == (False,)
    assert parameters(net) == parameters(UNet(1, 2, width=2, depth=1, norm=None))
    net(torch.rand(1, 1, 8, 8)).sum().backward()
    assert not net.up[0].block[0].weight.grad[:, :2].any()  # the skip's channels come first
    assert net.up[0].block[0].weight.grad[:, 2:].any()


@pytest.mark.parametrize(("depth", "size"), [(1, 40), (2, 80), (3, 160)])
def test_receptive_field_is_what_a_perturbation_shows(depth: int, size: int) -> None:
    net = UNet(1, 1, width=1, depth=depth, norm="batch")
    assert seen_pixels(net, 1, size).sum(1).max() == receptive_field(net)


def test_receptive_field_of_the_paper() -> None:
    narrow = UNet(1, 1, width=1, padding="valid", norm=None)  # `UNet.paper()` but for its width, which does not matter
    assert receptive_field(narrow) == receptive_field(UNet(1, 1, width=1)) == 204


def test_a_shift_by_the_deepest_stride_shifts_the_output() -> None:
    torch.manual_seed(0)
    net = UNet(1, 2, width=2, depth=2).double().eval()
    image = torch.rand(1, 1, 96, 96, dtype=torch.float64)
    far = slice(40, 60)
    shifted = net(image.roll((4, 8), (2, 3)))
    assert torch.allclose(shifted[..., far, far], net(image).roll((4, 8), (2, 3))[..., far, far], atol=1e-12)


def test_errors_name_the_fix() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        UNet(1, 2, depth=0)
    with pytest.raises(UserError, match="skips has 2 entries, but this U-Net has 4"):
        UNet(1, 2, skips=(True, False))
    with pytest.raises(UserError, match=r"16 x 12 shrinks to one pixel after 4 poolings.*at least 17"):
        UNet(1, 2, width=1)(torch.rand(1, 1, 16, 12))
