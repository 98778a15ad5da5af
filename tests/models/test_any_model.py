"""What every network promises, whatever its shape: size, device, dtype, gradients, weights that can be kept, learning."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.losses import dice_ce_loss
from medsegedu.models import (
    FCN,
    AttentionUNet,
    GridAttentionUNet,
    PatchClassifier,
    R2UNet,
    UNet,
    UNet3D,
    UNet3Plus,
    UNetPlusPlus,
    VNet,
    WNet,
)
from medsegedu.models.unet_attention import AttentionKind

Build = Callable[[int], nn.Module]


def unet_with(kind: AttentionKind) -> Build:
    """A U-Net with attention as after some training: some kinds start with a zero that hides their other weights."""

    def build(dims: int) -> nn.Module:
        net = UNet(2, 3, width=16, depth=1, dims=dims, attention=kind)
        for name, parameter in net.named_parameters():
            if name.endswith(("attention.out.weight", "attention.gamma")):
                nn.init.constant_(parameter, 0.3)
        return net

    return build


ATTENTIVE = {f"unet {kind}": unet_with(kind) for kind in get_args(AttentionKind)}
NETS: dict[str, Build] = {
    "unet": lambda dims: UNet(2, 3, width=4, depth=2, dims=dims),
    "unet valid": lambda dims: UNet(2, 3, width=4, depth=1, dims=dims, padding="valid", norm=None),
    "unet instance": lambda dims: UNet(2, 3, width=4, depth=2, dims=dims, norm="instance"),
    "unet group": lambda dims: UNet(2, 3, width=4, depth=2, dims=dims, norm="group"),
    **ATTENTIVE,
    "fcn 8": lambda dims: FCN(2, 3, stride=2, width=4, depth=3, hidden=8, dims=dims),
    "fcn 32": lambda dims: FCN(2, 3, stride=8, width=4, depth=3, hidden=8, dims=dims, norm=None),
    "patch": lambda dims: PatchClassifier(2, 3, width=4, patch=9, hidden=8, dims=dims),
    "r2unet": lambda dims: R2UNet(2, 3, width=4, depth=2, dims=dims, norm="instance"),
    "r2unet one kernel": lambda dims: R2UNet(2, 3, width=4, depth=1, dims=dims, kernels=1),
    "attention unet": lambda dims: AttentionUNet(2, 3, width=4, depth=2, dims=dims),
    "attention unet resize": lambda dims: AttentionUNet(
        2, 3, width=4, depth=2, dims=dims, enlarge="resize", norm="group"
    ),
    "grid attention": lambda dims: GridAttentionUNet(2, 3, width=4, depth=2, dims=dims, gates=2),
    "vnet": lambda dims: VNet(2, 3, width=4, depth=2, dims=dims, norm="instance"),
    "vnet paper": lambda dims: VNet(2, 3, width=4, depth=2, dims=dims, norm=None),
    "unet3d": lambda dims: UNet3D(2, 3, width=4, depth=2, dims=dims),
    "unet++": lambda dims: UNetPlusPlus(2, 3, width=4, depth=2, dims=dims),
    "unet++ heads": lambda dims: UNetPlusPlus(2, 3, width=4, depth=2, dims=dims, norm="group", deep_supervision=True),
    "unet 3+": lambda dims: UNet3Plus(2, 3, width=4, depth=2, dims=dims),
    "wnet": lambda dims: WNet(2, 3, width=4, depth=2, dims=dims).segmenter,  # the half that `forward` runs
    "dense": lambda dims: PatchClassifier(2, 3, width=4, patch=9, hidden=8, dims=dims).convolutional(),
}
LEARN = (
    "unet3d",
    "unet++",
    "unet++ heads",
    "unet 3+",
    "r2unet one kernel",
    "attention unet",
    "grid attention",
    "vnet",
    "wnet",
)
SIZES = {"unet valid": (18, 20, 22), "patch": (9, 9, 9)}  # where not any size will do


def image_for(name: str, dims: int, batch: int = 2, **options: object) -> Tensor:
    return torch.rand(batch, 2, *SIZES.get(name, (13, 19, 11))[:dims], **options)  # type: ignore[call-overload]


def size_from(name: str, dims: int) -> tuple[int, ...]:
    return {"unet valid": (2, 4, 6)[:dims], "patch": ()}.get(name, (13, 19, 11)[:dims])


@pytest.fixture(params=NETS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[2, 3])
def dims(request: pytest.FixtureRequest) -> int:
    return request.param


def test_logits_have_the_image_s_size(name: str, dims: int) -> None:
    logits = NETS[name](dims)(image_for(name, dims))
    assert logits.shape == (2, 3, *size_from(name, dims))
    assert logits.isfinite().all()


def test_gradients_reach_every_parameter(name: str, dims: int) -> None:
    torch.manual_seed(0)
    net = NETS[name](dims)
    (net(image_for(name, dims)) * torch.randn(3, *size_from(name, dims))).sum().backward()
    assert [key for key, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_meta_device_needs_no_memory(name: str, dims: int) -> None:
    with torch.device("meta"):
        net = NETS[name](dims)
    logits = net(image_for(name, dims, device="meta"))
    assert logits.is_meta
    assert logits.shape == (2, 3, *size_from(name, dims))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_dtype_is_the_image_s(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    net, image = NETS[name](2).eval(), image_for(name, 2)
    expected = net(image).detach()
    logits = net.to(dtype)(image.to(dtype)).detach()
    assert logits.dtype == dtype
    assert (logits.float() - expected).abs().max() < 0.5 * expected.std()  # bfloat16 errs in proportion to the logits


def test_autocast_trains(name: str) -> None:
    net = NETS[name](2)
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(image_for(name, 2))
    assert logits.dtype == torch.bfloat16
    logits.float().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_weights_survive_a_safetensors_file(name: str, tmp_path: Path) -> None:
    net, other, image = NETS[name](2), NETS[name](2), image_for(name, 2)
    net(image)  # moves the running averages
    save_model(net, str(tmp_path / "net.safetensors"))
    load_model(other, str(tmp_path / "net.safetensors"))
    assert torch.equal(net.eval()(image), other.eval()(image))


def test_export(name: str, dims: int) -> None:
    net, image = NETS[name](dims).eval(), image_for(name, dims)
    assert torch.allclose(torch.export.export(net, (image,)).module()(image), net(image), atol=1e-5)


def test_wrong_images_are_named(name: str) -> None:
    net = NETS[name](2)
    with pytest.raises(UserError, match=r"pass image\[None\]"):
        net(image_for(name, 2)[0])
    with pytest.raises(UserError, match="has 3 channels, but this network was made for 2"):
        net(torch.rand(1, 3, 32, 32))
    with pytest.raises(UserError, match="an axis is empty"):
        net(torch.rand(1, 2, 0, 9))


@pytest.mark.parametrize("name", ["unet", *ATTENTIVE, "fcn 8", "fcn 32", "dense", *LEARN], indirect=True)
def test_it_learns_two_images_by_heart(name: str) -> None:
    torch.manual_seed(0)
    net, image = NETS[name](2), torch.rand(2, 2, 24, 24)
    label = torch.zeros(2, 24, 24, dtype=torch.int64)
    label[0, 3:12, 4:15], label[1, 10:21, 8:20], label[1, 2:7, 2:9] = 1, 2, 1
    image[:, 0] += label
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(120):
        loss = dice_ce_loss(net(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((net(image).argmax(1) == label).float().mean()) > 0.97
