"""V-Net: MONAI's count and numbers, the paper's receptive fields, residuals that matter."""

import pytest
import torch
from monai.networks.nets import VNet as MonaiVNet
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.models import VNet

MONAI_STAGES = (1, 1, 2, 3, 2, 2, 2, 1, 1)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_counts() -> None:
    with torch.device("meta"):
        paper = VNet.paper(1, 2)
        assert parameters(paper) == parameters(MonaiVNet(spatial_dims=3, in_channels=1, out_channels=2)) == 45_597_898
        assert parameters(VNet(1, 2, dims=3, norm=None)) == 65_183_258
        assert paper(torch.empty(1, 1, 33, 16, 40)).shape == (1, 2, 33, 16, 40)


def copy_block(ours: list[nn.Module], theirs: nn.Module) -> None:
    """Copy the convolutions, normalisations and PReLUs, which both networks hold in the order in which they run."""
    for a, b in zip(ours, theirs, strict=True):
        a.load_state_dict(b.state_dict())


def stage(ours: nn.Module) -> list[nn.Module]:
    return [*ours.convolutions, ours.activation]


def units(ops: nn.Sequential) -> list[nn.Module]:
    return [part for unit in ops for part in (unit.conv_block.conv, unit.conv_block.adn.N, unit.act_function)][:-1]


@pytest.fixture(params=[1, 2])
def twins(request: pytest.FixtureRequest) -> tuple[VNet, nn.Module]:
    """Ours and MONAI's with the same random weights; without its dropout and its second PReLU before each sum."""
    torch.manual_seed(request.param)
    theirs = MonaiVNet(2, request.param, 3, act="prelu").double()
    for dropout in (m for m in theirs.modules() if isinstance(m, nn.Dropout3d)):
        dropout.p = 0
    for buffer in theirs.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    for prelu in (m for m in theirs.modules() if isinstance(m, nn.PReLU)):
        prelu.weight.data.uniform_(0.1, 0.4)
    ours = VNet(request.param, 3, stages=MONAI_STAGES).double()
    first = theirs.in_tr
    copy_block(stage(ours.first), [first.conv_block.conv, first.conv_block.adn.N, first.act_function])
    downs = [theirs.down_tr32, theirs.down_tr64, theirs.down_tr128, theirs.down_tr256]
    for shrink, down, theirs_down in zip(ours.shrink, ours.down, downs, strict=True):
        copy_block(list(shrink), [theirs_down.down_conv, theirs_down.bn1, theirs_down.act_function1])
        copy_block(stage(down), [*units(theirs_down.ops), theirs_down.act_function2])
    ups = [theirs.up_tr256, theirs.up_tr128, theirs.up_tr64, theirs.up_tr32]
    for enlarge, up, theirs_up in zip(ours.enlarge, ours.up, ups, strict=True):
        copy_block(list(enlarge), [theirs_up.up_conv, theirs_up.bn1, theirs_up.act_function1])
        copy_block(stage(up), [*units(theirs_up.ops), theirs_up.act_function2])
    out = theirs.out_tr
    copy_block(list(ours.head), [out.conv_block.conv, out.conv_block.adn.N, out.act_function1, out.conv2])
    for part in downs + ups:
        part.ops[-1].act_function = nn.Identity()
    return ours, theirs


@pytest.mark.parametrize("training", [True, False])
def test_the_numbers_are_monai_s(twins: tuple[VNet, nn.Module], training: bool) -> None:
    ours, theirs = (net.train(training) for net in twins)
    image = torch.randn(2, ours.in_channels, 32, 48, dtype=torch.float64)
    expected = theirs(image)
    assert expected.std() > 1e-2
    assert torch.allclose(ours(image), expected, atol=1e-9, rtol=1e-9)


def test_the_stages_give_the_receptive_fields_of_the_paper_s_table() -> None:
    """Left 5, 22, 72, 172, 372 pixels, right 476, 528, 546, 551: one to three 5x5x5 convolutions, as in the figure."""
    with torch.device("meta"):
        net = VNet(1, 2, dims=3, norm=None)
    sees, pixel, table = 1, 1, []
    left, right = [net.first, *net.down], net.up
    for step, part in enumerate([*left, *right]):
        if 0 < step < len(left):
            sees, pixel = sees + pixel, 2 * pixel  # the 2x2x2 convolution
        elif step >= len(left):
            pixel //= 2
            sees += pixel  # of the coarser map, a pixel more or less: the table counts one
        sees += 4 * pixel * sum(isinstance(m, nn.Conv3d) for m in part.modules())
        table.append(sees)
    assert table[:5] == [5, 22, 72, 172, 372]
    assert table[5:] == [476, 528, 546, 551]


def test_any_number_of_contrasts_is_tiled() -> None:
    """The first residual is the image again and again, cut to the width: 3 contrasts on 8 channels."""
    torch.manual_seed(0)
    net = VNet(3, 2, width=8, depth=1, norm=None)
    seen: list[Tensor] = []
    net.first.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    image = torch.randn(1, 3, 6, 4)
    net(image)
    assert torch.equal(seen[0], image)
    assert torch.equal(seen[1], image[:, [0, 1, 2, 0, 1, 2, 0, 1]])


@pytest.mark.parametrize("dims", [2, 3])
def test_each_part_matters(dims: int) -> None:
    torch.manual_seed(0)
    net, image = VNet(2, 2, width=4, depth=2, dims=dims, norm=None), torch.rand(1, 2, *(9, 11, 7)[:dims])
    whole = net(image)
    for name in (
        "first.convolutions.0",
        "down.0.convolutions.0",
        "down.1.convolutions.2",
        "up.0.convolutions.2",
        "enlarge.1.0",
    ):
        layer = net.get_submodule(name)
        kept = layer.weight.data.clone()
        layer.weight.data.zero_()
        assert (net(image) - whole).abs().max() > 1e-3, name
        layer.weight.data.copy_(kept)
    for part in (net.first, net.down[0], net.up[1]):  # silent convolutions pass the residual on
        for weight in part.convolutions.parameters():
            weight.data.zero_()
        x = torch.randn(1, part.activation.num_parameters, *[3] * dims)
        inputs = torch.zeros(1, 2, *[3] * dims) if part is net.first else x
        assert torch.equal(part(inputs, x), torch.where(x > 0, x, 0.25 * x))


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match=r"stages is \(1, 2\); for depth 2 give 5 numbers"):
        VNet(1, 2, depth=2, stages=(1, 2))
    with pytest.raises(UserError, match="numbers of at least 1"):
        VNet(1, 2, depth=1, stages=(1, 0, 1))
    with pytest.raises(UserError, match="depth is 0"):
        VNet(1, 2, depth=0)
