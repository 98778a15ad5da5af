"""FCN: the authors' counts, any size, a sum of scores that starts as the coarse net, bilinear enlargement."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from medsegedu.errors import UserError
from medsegedu.layers import bilinear_kernel
from medsegedu.models import FCN, receptive_field

from .nan_probe import seen_pixels


@pytest.mark.parametrize(("stride", "count"), [(32, 136_152_917), (16, 134_815_994), (8, 134_489_759)])
def test_the_paper_s_counts(stride: int, count: int) -> None:
    with torch.device("meta"):
        net = FCN.paper(stride=stride)
    assert sum(p.numel() for p in net.parameters()) == count
    assert net(torch.empty(1, 3, 375, 500, device="meta")).shape == (1, 21, 375, 500)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=2), st.sampled_from([2, 4, 8]))
@settings(max_examples=30, deadline=None)
def test_any_size_returns_itself(size: list[int], stride: int) -> None:
    net = FCN(1, 2, stride=stride, width=2, depth=3, hidden=4).eval()
    assert net(torch.rand(1, 1, *size)).shape == (1, 2, *size)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_fresh_net_enlarges_its_deepest_scores(stride: int) -> None:
    """The scores of the pools start at zero: whatever the stride, the first answer is the coarse one, interpolated."""
    torch.manual_seed(0)
    net = FCN(1, 2, stride=stride, width=2, depth=3, hidden=4).double().eval()
    image = torch.rand(1, 1, 48, 40, dtype=torch.float64)
    x = image
    for stage in net.stages:
        x = stage(x)
    expected = net.score(net.classifier(x))  # (1, 2, 6, 5)
    for factor in [2] * (3 - stride.bit_length() + 1) + [stride]:
        weight = bilinear_kernel(2, factor).double()
        expected = F.conv_transpose2d(expected, weight, stride=factor, padding=factor // 2)
    assert torch.allclose(net(image), expected, atol=1e-12)


def test_pool_scores_are_added() -> None:
    """Doubling the scores of one pool moves the output by just as much again: a sum, and no concatenation."""
    torch.manual_seed(0)
    net, image = FCN(1, 2, stride=2, width=2, depth=3, hidden=4).double().eval(), torch.rand(1, 1, 17, 23).double()
    assert [score.in_channels for score in net.pool_scores] == [4, 2]  # the deeper pool first
    net.score.weight.data.zero_()  # a product would be zero too
    for pool_score in net.pool_scores:
        outputs = []
        weight = torch.randn_like(pool_score.weight)
        for factor in (0, 1, 2):
            pool_score.weight.data = factor * weight
            outputs.append(net(image))
        assert not torch.allclose(outputs[0], outputs[1])
        assert torch.allclose(outputs[2] - outputs[1], outputs[1] - outputs[0], atol=1e-12)


def test_a_shift_by_the_stride_shifts_the_output() -> None:
    torch.manual_seed(0)
    net = FCN(1, 2, stride=4, width=2, depth=2, hidden=4).double().eval()
    image = torch.rand(1, 1, 80, 80, dtype=torch.float64)
    far = slice(28, 52)
    shifted = net(image.roll((4, 8), (2, 3)))
    assert torch.allclose(shifted[..., far, far], net(image).roll((4, 8), (2, 3))[..., far, far], atol=1e-12)
    assert not torch.allclose(net(image.roll(1, 2))[..., far, far], net(image).roll(1, 2)[..., far, far], atol=1e-4)


def test_receptive_field_is_what_a_perturbation_shows() -> None:
    net = FCN(1, 2, stride=4, width=1, depth=2, hidden=1, convs=(1, 2))
    assert seen_pixels(net, 1, 96).sum(1).max() == receptive_field(net)


def test_errors_name_the_choices() -> None:
    with pytest.raises(UserError, match="stride is 6; an FCN of depth 3 has 2, 4, 8"):
        FCN(1, 2, stride=6, depth=3)
    with pytest.raises(UserError, match="convs has 2 entries, but the FCN has 5 stages"):
        FCN(1, 2, convs=(2, 2))
    with pytest.raises(UserError, match="32 x 20 shrinks to one pixel after 5 poolings"):
        FCN(1, 2, width=1)(torch.rand(1, 1, 32, 20))
