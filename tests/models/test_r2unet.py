"""R2U-Net: the public form's count, the figure written out, recurrence and residual that matter."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import RecurrentConv
from medsegedu.models import R2UNet


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_counts() -> None:
    with torch.device("meta"):
        public = [R2UNet(1, 1, width=64, kernels=1, bias=True, steps=steps) for steps in (0, 2, 5)]
        assert [parameters(net) for net in public] == [39_091_265] * 3
        blocks = [64, 128, 256, 512, 1024, 512, 256, 128, 64]
        second_kernels = sum(2 * 9 * c * c for c in blocks)
        biases = sum(2 * c for c in blocks) + sum(blocks[5:])  # before normalisations: recurrent, enlarging
        two = R2UNet(1, 1, width=64)
        assert parameters(two) == 39_091_265 + second_kernels - biases == 70_492_545
        paper = R2UNet.paper(1, 1)
        assert parameters(paper) == 39_091_265
        assert paper(torch.empty(2, 1, 100, 60)).shape == (2, 1, 100, 60)
        assert R2UNet(1, 2, width=4, dims=3, depth=2)(torch.empty(1, 1, 9, 6, 7)).shape == (1, 2, 9, 6, 7)


def public_block(block: nn.Module, x: Tensor) -> Tensor:
    """The public form: one kernel, fed with input + state; the block adds its 1x1 convolution."""
    x = F.conv2d(x, block.match.weight, block.match.bias)
    y = x
    for layer in block.recurrent:
        h = F.relu(F.conv2d(y, layer.input.weight, layer.input.bias, padding=1))
        for _ in range(2):
            h = F.relu(F.conv2d(y + h, layer.input.weight, layer.input.bias, padding=1))
        y = h
    return x + y


def test_forward_follows_the_figure() -> None:
    torch.manual_seed(0)
    net = R2UNet(2, 3, width=3, depth=2, kernels=1, norm=None).double()
    image = torch.randn(2, 2, 12, 20, dtype=torch.float64)
    a = public_block(net.down[0], image)
    b = public_block(net.down[1], F.max_pool2d(a, 2))
    c = public_block(net.down[2], F.max_pool2d(b, 2))

    def enlarged(step: int, x: Tensor) -> Tensor:
        unit = net.enlarge[step][1][0]
        return F.relu(F.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), unit.weight, unit.bias, padding=1))

    up = public_block(net.up[0], torch.cat([b, enlarged(0, c)], dim=1))
    up = public_block(net.up[1], torch.cat([a, enlarged(1, up)], dim=1))
    assert torch.allclose(net(image), net.head(up), atol=1e-10)
    odd = image[..., :11, :17]
    assert torch.equal(net(odd), net(F.pad(odd, (0, 3, 0, 1), mode="replicate"))[..., :11, :17])


@pytest.mark.parametrize("kernels", [1, 2])
def test_steps_can_be_changed_and_matter(kernels: int) -> None:
    torch.manual_seed(0)
    net, image = R2UNet(1, 2, width=4, depth=1, kernels=kernels).eval(), torch.rand(1, 1, 14, 9)
    two = net(image)
    assert net.steps == 2
    net.steps = 0
    assert {m.steps for m in net.modules() if isinstance(m, RecurrentConv)} == {0}
    assert (net(image) - two).abs().max() > 1e-2
    net.steps = 2
    assert torch.equal(net(image), two)
    with pytest.raises(UserError, match="steps is -2"):
        net.steps = -2


def test_each_part_matters() -> None:
    torch.manual_seed(0)
    net, image = R2UNet(1, 2, width=4, depth=1).eval(), torch.rand(1, 1, 14, 9)
    whole = net(image)
    for name in ("down.0.recurrent.0.state", "down.1.recurrent.1.state", "up.0.recurrent.1.input", "down.1.match"):
        weight = net.get_submodule(name).weight
        kept = weight.data.clone()
        weight.data.zero_()
        assert (net(image) - whole).abs().max() > 1e-3, name
        weight.data.copy_(kept)


def test_the_residual_passes_the_input_on() -> None:
    """With every recurrent convolution silent a block is its 1x1 convolution, not zero."""
    block = R2UNet(3, 2, width=4, depth=1, norm=None).down[0]
    for layer in block.recurrent:
        nn.init.zeros_(layer.input.weight), nn.init.zeros_(layer.state.weight)
    x = torch.randn(1, 3, 6, 5)
    assert torch.equal(block(x), block.match(x))


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        R2UNet(1, 2, depth=0)
    with pytest.raises(UserError, match="kernels is 0"):
        R2UNet(1, 2, kernels=0)
    with pytest.raises(UserError, match="shrinks to one pixel"):
        R2UNet(1, 2)(torch.rand(1, 1, 16, 16))
