"""Convolutions of thin volumes, which torch's half precision gets wrong where the processor has it."""

import pytest
import torch
from torch import Tensor, nn

from medsegedu.device import PadsThinVolumes


def gradients(net: nn.Conv3d, image: Tensor, change: Tensor) -> list[Tensor]:
    image = image.clone().requires_grad_()
    logits = net(image)
    net.zero_grad()
    (logits * change).sum().backward()
    assert image.grad is not None
    return [logits, image.grad, *(p.grad for p in net.parameters() if p.grad is not None)]


def litter() -> None:
    """Leave memory behind in which every number is NaN; whoever reads what it never wrote will find one."""
    for power in range(4, 18):
        _ = [torch.full((2**power,), torch.nan, dtype=torch.bfloat16) for _ in range(6)]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize("kernel", [(3, 3, 3), (5, 5, 5), (5, 1, 3)])
def test_thin_volumes_have_right_gradients_in_bfloat16(kernel: tuple[int, ...], layout: torch.memory_format) -> None:
    for slices in range(1, 7):
        torch.manual_seed(slices)
        net = nn.Conv3d(24, 12, kernel, padding=tuple(k // 2 for k in kernel), dtype=torch.bfloat16)
        image = torch.randn(2, 24, slices, 5, 4).bfloat16()
        change = torch.randn(2, 12, slices, 5, 4).bfloat16()
        exact = nn.Conv3d(24, 12, kernel, padding=net.padding, dtype=torch.float64)  # type: ignore[arg-type]
        exact.load_state_dict(net.state_dict())
        expected = gradients(exact, image.double(), change.double())
        net.to(memory_format=layout)
        with PadsThinVolumes():
            litter()
            found = gradients(net, image.to(memory_format=layout), change)
        assert len(found) == 4
        for ours, theirs in zip(found, expected, strict=True):
            assert (ours.double() - theirs).norm() < 0.02 * theirs.norm()


@pytest.mark.parametrize("options", [{"padding": "same"}, {"padding": (0, 1, 2)}, {"padding": 1, "stride": 2}, {}])
def test_padding_first_changes_nothing(options: dict) -> None:
    torch.manual_seed(0)
    net = nn.Conv3d(2, 4, 3, groups=2, **options).double()
    slices = 2 if "padding" in options and options["padding"] != (0, 1, 2) else 3
    image = torch.randn(1, 2, slices, 6, 5, dtype=torch.float64)
    change = torch.randn_like(net(image))
    expected = gradients(net, image, change)
    with PadsThinVolumes():
        assert all(torch.allclose(a, b) for a, b in zip(gradients(net, image, change), expected, strict=True))
