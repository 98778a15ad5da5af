"""The four GAN parts: the counts, the same network written out by hand, what reaches what, and that they can learn."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.models import (
    DCGANDiscriminator,
    DCGANGenerator,
    PatchGAN,
    Pix2PixGenerator,
    SPADEGenerator,
)

Inputs = tuple[Tensor, ...]
PARTS: dict[str, tuple[Callable[[int], nn.Module], Callable[[int], Inputs]]] = {
    "dcgan generator": (
        lambda dims: DCGANGenerator(2, noise=5, width=4, size=16, dims=dims),
        lambda dims: (torch.randn(2, 5),),
    ),
    "dcgan discriminator": (
        lambda dims: DCGANDiscriminator(2, width=4, size=16, dims=dims),
        lambda dims: (torch.randn(2, 2, *[16] * dims),),
    ),
    "pix2pix": (
        lambda dims: Pix2PixGenerator(2, 1, width=4, depth=3, dims=dims),
        lambda dims: (torch.randn(2, 2, *(13, 16, 9)[:dims]),),
    ),
    "patch gan": (
        lambda dims: PatchGAN(2, width=4, depth=2, dims=dims),
        lambda dims: (torch.randn(2, 2, *(21, 16, 18)[:dims]),),
    ),
    "spade": (
        lambda dims: SPADEGenerator(3, 1, noise=5, width=4, depth=2, dims=dims),
        lambda dims: (one_hot(2, *(13, 8, 10)[:dims]), torch.randn(2, 5)),
    ),
}


def one_hot(*shape: int, classes: int = 3) -> Tensor:
    """(N, classes, *spatial)."""
    return F.one_hot(torch.randint(0, classes, shape), classes).movedim(-1, 1).float()


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.fixture(params=PARTS)
def part(request: pytest.FixtureRequest, dims: int) -> tuple[nn.Module, Inputs]:
    build, inputs = PARTS[request.param]
    return build(dims), inputs(dims)


@pytest.fixture(params=[2, 3])
def dims(request: pytest.FixtureRequest) -> int:
    return request.param


def test_counts_to_the_digit() -> None:
    with torch.device("meta"):
        assert parameters(DCGANGenerator(3)) == 3_576_704
        assert parameters(DCGANDiscriminator(3)) == 2_765_568
        assert parameters(Pix2PixGenerator.paper(1, 1)) == 54_407_809
        assert parameters(PatchGAN.paper(2)) == 2_764_609
        assert DCGANGenerator(3)(torch.empty(2, 100)).shape == (2, 3, 64, 64)
        assert DCGANDiscriminator(3)(torch.empty(2, 3, 64, 64)).shape == (2,)
        assert Pix2PixGenerator.paper()(torch.empty(1, 1, 256, 256)).shape == (1, 1, 256, 256)
        assert PatchGAN.paper()(torch.empty(1, 2, 256, 256)).shape == (1, 1, 30, 30)


def test_gradients_reach_every_parameter_and_input(part: tuple[nn.Module, Inputs]) -> None:
    net, inputs = part
    inputs = tuple(x.requires_grad_() for x in inputs)
    output = net(*inputs)
    (output * torch.randn(output.shape)).sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []
    assert all(x.grad is not None and x.grad.any() for x in inputs)


def test_meta_bf16_and_export(part: tuple[nn.Module, Inputs]) -> None:
    net, inputs = part[0].eval(), part[1]
    expected = net(*inputs)
    assert torch.allclose(torch.export.export(net, inputs).module()(*inputs), expected, atol=1e-5)
    half = net.bfloat16()(*(x.bfloat16() for x in inputs))
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.float(), expected, atol=0.1, rtol=0.1)
    meta = net.float().to("meta")(*(x.to("meta") for x in inputs))
    assert meta.is_meta
    assert meta.shape == expected.shape


def test_generators_stay_within_one_and_discriminators_do_not(part: tuple[nn.Module, Inputs]) -> None:
    net, inputs = part
    for parameter in net.parameters():
        parameter.data *= 100
    largest = net(*inputs).abs().max()
    assert largest > 1 if isinstance(net, (DCGANDiscriminator, PatchGAN)) else 0.9 < largest <= 1


@pytest.mark.parametrize("size", [8, 16, 32, 128])
def test_dcgan_of_another_size(size: int, dims: int) -> None:
    size = min(size, 32) if dims == 3 else size
    image = DCGANGenerator(2, noise=7, width=2, size=size, dims=dims)(torch.randn(2, 7))
    assert image.shape == (2, 2, *[size] * dims)
    assert DCGANDiscriminator(2, width=2, size=size, dims=dims)(image).shape == (2,)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_masks_of_any_size_give_images_of_that_size(size: list[int]) -> None:
    mask = one_hot(2, *size)
    for net, inputs in (
        (Pix2PixGenerator(3, 2, width=1, depth=3, dims=len(size)), (mask,)),
        (SPADEGenerator(3, 2, noise=4, width=1, depth=3, dims=len(size)), (mask, torch.randn(2, 4))),
    ):
        assert net(*inputs).shape == (2, 2, *size)


@pytest.mark.parametrize("name", ["pix2pix", "spade"])
def test_a_generator_learns_to_paint_a_mask(name: str) -> None:
    """Class 0 dark, class 1 grey, class 2 bright: the least that a mask -> image network must learn."""
    torch.manual_seed(0)
    mask = one_hot(4, 16, 16).repeat_interleave(2, 2).repeat_interleave(2, 3)
    image = (mask * torch.tensor([-0.8, 0.1, 0.7]).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    net = Pix2PixGenerator(3, 1, width=8, depth=3) if name == "pix2pix" else SPADEGenerator(3, 1, width=8, depth=2)
    inputs = (mask,) if name == "pix2pix" else (mask, torch.randn(4, 64))
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(80):
        loss = F.l1_loss(net(*inputs), image)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.15  # 0.55 for the best single grey


def test_a_discriminator_tells_a_generator_s_images_from_real_ones_and_steers_it() -> None:
    torch.manual_seed(0)
    made, judge = DCGANGenerator(2, noise=8, width=4, size=16), DCGANDiscriminator(2, width=4, size=16)
    real, z = torch.rand(16, 2, 16, 16), torch.randn(16, 8)
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    for _ in range(40):
        loss = F.softplus(-judge(real)).mean() + F.softplus(judge(made(z).detach())).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((judge(real) > 0).float().mean()) > 0.9
    assert float((judge(made(z)) < 0).float().mean()) > 0.9
    steered = torch.optim.Adam(made.parameters(), lr=2e-3)
    before = judge(made(z)).mean().item()
    for _ in range(20):
        fooled = F.softplus(-judge(made(z))).mean()
        steered.zero_grad()
        fooled.backward()
        steered.step()
    assert judge(made(z)).mean().item() > before + 1


def test_errors_name_the_fix() -> None:
    for size in (4, 48):
        with pytest.raises(UserError, match=f"size is {size}; choose a power of two of at least 8"):
            DCGANGenerator(1, size=size)
    with pytest.raises(UserError, match=r"noise has shape \(2, 5\); this generator takes \(N, 100\)"):
        DCGANGenerator(1, width=1)(torch.rand(2, 5))
    with pytest.raises(UserError, match="16 x 32 pixels, but this discriminator was made for 16 x 16"):
        DCGANDiscriminator(1, width=1, size=16)(torch.rand(2, 1, 16, 32))
    with pytest.raises(UserError, match="depth is 1; a pix2pix generator needs at least 2"):
        Pix2PixGenerator(1, 1, depth=1)
    with pytest.raises(UserError, match="depth is 0; a PatchGAN"):
        PatchGAN(1, depth=0)
    with pytest.raises(UserError, match="23 x 30 pixels; this PatchGAN needs at least 24"):
        PatchGAN(1)(torch.rand(1, 1, 23, 30))
    assert PatchGAN(1)(torch.rand(1, 1, 24, 30)).shape == (1, 1, 1, 1)
    with pytest.raises(UserError, match=r"noise has shape \(1, 64\); these masks need \(2, 64\)"):
        SPADEGenerator(3, 1)(one_hot(2, 16, 16), torch.rand(1, 64))
    with pytest.raises(UserError, match="has 2 channels, but this network was made for 3"):
        SPADEGenerator(3, 1)(one_hot(2, 16, 16, classes=2), torch.rand(2, 64))
