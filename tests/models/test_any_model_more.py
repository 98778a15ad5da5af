"""More of what every network promises: the same answer twice, one device, bfloat16 both ways, one tensor and never a list."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medsegedu.device import PadsThinVolumes

from .test_any_model import NETS, dims, image_for, name, size_from

__all__ = ["dims", "name"]  # the fixtures


class OneDevice(TorchDispatchMode):
    """Names each operation that reads or makes a tensor on another device than `device`."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.strangers = device, list[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
        if any(tensor.device.type != self.device for tensor in tensors):
            self.strangers.append(func.__name__)
        return result


def strangers(net: nn.Module, image: Tensor) -> list[str]:
    """What a network does, forwards and backwards, on another device than the image's; [] if nothing."""
    with OneDevice(image.device.type) as mode:
        net(image).float().sum().backward()
    everything = (*net.named_parameters(), *net.named_buffers())
    gradients = [(f"gradient of {key}", p.grad) for key, p in net.named_parameters() if p.grad is not None]
    return mode.strangers + [key for key, tensor in (*everything, *gradients) if tensor.device != image.device]


def test_nothing_leaves_the_image_s_device(name: str, dims: int) -> None:
    """Seen without a GPU: all that a network holds and makes on the meta device is there too."""
    with torch.device("meta"):
        net = NETS[name](dims)
    assert strangers(net, image_for(name, dims, device="meta")) == []


class Careless(nn.Module):
    """A network that makes a tensor wherever torch makes tensors by default: a mistake that only a GPU would show."""

    def __init__(self, mistake: str) -> None:
        super().__init__()
        self.conv, self.mistake = nn.Conv2d(2, 3, 1), mistake
        self.shift = torch.zeros(()) if mistake == "attribute" else None  # no buffer, so it stays behind
        if mistake == "buffer":
            self.register_buffer("unused", torch.zeros(1, device="cpu"))

    def forward(self, image: Tensor) -> Tensor:
        logits = self.conv(image)
        if self.mistake == "constant":
            return logits + torch.tensor(1.0)  # torch lets this pass, because it has no axes
        if self.mistake == "positions":
            return logits[:, :, torch.arange(image.shape[2])]
        return logits if self.shift is None else logits + self.shift


@pytest.mark.parametrize("mistake", ["none", "constant", "positions", "attribute", "buffer"])
def test_a_tensor_on_another_device_is_found(mistake: str) -> None:
    net = Careless(mistake)
    net.conv.to("meta")
    assert bool(strangers(net, torch.rand(1, 2, 5, 6, device="meta"))) == (mistake != "none")


def test_the_same_seed_gives_the_same_logits_and_gradients(name: str, dims: int) -> None:
    runs = []
    for _ in range(2):
        torch.manual_seed(3)
        net = NETS[name](dims)
        logits = net(image_for(name, dims))
        (logits * torch.randn_like(logits)).sum().backward()
        runs.append([logits.detach(), *(p.grad for p in net.parameters() if p.grad is not None)])
    assert len(runs[0]) > 1
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))


def test_bfloat16_goes_forwards_and_backwards(name: str, dims: int) -> None:
    torch.manual_seed(0)
    net = NETS[name](dims).to(torch.bfloat16)
    image = image_for(name, dims, dtype=torch.bfloat16)
    with PadsThinVolumes():  # as training does
        logits = net(image.requires_grad_())
    assert logits.dtype == torch.bfloat16
    (logits * torch.randn_like(logits)).sum().backward()
    gradients = [image.grad, *(p.grad for p in net.parameters())]
    assert all(g is not None and g.dtype == torch.bfloat16 and g.isfinite().all() for g in gradients)
    assert all(tensor.dtype == torch.bfloat16 for tensor in net.buffers() if tensor.is_floating_point())


@pytest.mark.parametrize("training", [True, False])
def test_no_model_returns_a_list(name: str, dims: int, training: bool) -> None:
    logits = NETS[name](dims).train(training)(image_for(name, dims))
    assert type(logits) is Tensor
    assert logits.shape == (2, 3, *size_from(name, dims))
    assert logits.dtype == torch.float32
    assert not training or logits.requires_grad
