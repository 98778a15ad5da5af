"""UNet 3+: the paper's counts, the full-scale wiring written out from its formula, every branch, every head."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import bilinear_kernel
from medsegedu.losses import dice_ce_loss
from medsegedu.models import UNet3Plus
from medsegedu.models.unet_3_plus import FullScale


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def image_of(dims: int) -> Tensor:
    return torch.rand(2, 2, *(13, 19, 11)[:dims], dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def enlarge(x: Tensor, factor: int) -> Tensor:
    """Bilinear interpolation with clamped borders, from another definition: a deconvolution with a tent."""
    dims = x.ndim - 2
    if factor == 1:
        return x
    x = F.pad(x, (1, 1) * dims, mode="replicate")
    weight = bilinear_kernel(x.shape[1], factor, dims).to(x.dtype)
    deconvolve = (F.conv_transpose2d, F.conv_transpose3d)[dims - 2]
    x = deconvolve(x, weight, stride=factor, padding=factor // 2)
    inside = slice(factor, -factor)
    return x[(slice(None), slice(None), *[inside] * dims)]


def conv_norm_relu(x: Tensor, weights: list[Tensor]) -> Tensor:
    """Takes the next convolution's and normalisation's weights from the front of a list; the statistics are the batch's."""
    x = (F.conv2d, F.conv3d)[x.ndim - 4](x, weights.pop(0), weights.pop(0), padding=1)
    axes = (0, *range(2, x.ndim))
    x = (x - x.mean(axes, keepdim=True)) / (x.var(axes, unbiased=False, keepdim=True) + 1e-5).sqrt()
    shape = (1, -1, *[1] * (x.ndim - 2))
    return (x * weights.pop(0).reshape(shape) + weights.pop(0).reshape(shape)).clamp(min=0)


def test_the_paper_s_counts() -> None:
    with torch.device("meta"):
        assert parameters(UNet3Plus.paper(1)) == 26_970_625
        assert parameters(UNet3Plus.paper(3)) == 26_971_777
        assert parameters(UNet3Plus.paper(3, deep_supervision=True)) == 26_989_637
        net = UNet3Plus.paper(3, deep_supervision=True, guided=True)
        assert parameters(net) == 26_991_687
        assert net(torch.empty(1, 3, 320, 320)).shape == (1, 1, 320, 320)
        assert [head.shape for head in net.heads(torch.empty(1, 3, 64, 48))] == [(1, 1, 64, 48)] * 5


@pytest.mark.parametrize(("depth", "size"), [(1, (6, 10)), (3, (16, 24)), (2, (8, 4, 12))])
def test_the_wiring_is_the_paper_s_formula(depth: int, size: tuple[int, ...]) -> None:
    """D(i) = H([C(pool(E(k))) for k < i, C(E(i)), C(up(D(k))) for k > i]), D(deepest) = E(deepest), all levels in order."""
    torch.manual_seed(0)
    dims = len(size)
    net = UNet3Plus(2, 3, width=2, depth=depth, dims=dims, deep_supervision=True).double()
    for p in net.parameters():
        p.data.add_(torch.randn_like(p) * 0.1)  # gains and shifts that can be told apart
    pool = (F.max_pool2d, F.max_pool3d)[dims - 2]
    x = image = torch.randn(2, 2, *size, dtype=torch.float64)

    encoders: list[Tensor] = []
    for stage in net.encoder:
        weights = [p.detach() for p in stage.parameters()]
        x = pool(x, 2) if encoders else x
        encoders.append(x := conv_norm_relu(conv_norm_relu(x, weights), weights))
        assert not weights
    decoders = {depth: encoders[depth]}
    for i in range(depth - 1, -1, -1):
        weights, branches = [p.detach() for p in net.decoder[i].parameters()], []
        for k in range(depth + 1):
            source = enlarge(decoders[k], 2 ** (k - i)) if k > i else encoders[k]
            branches.append(conv_norm_relu(pool(source, 2 ** (i - k)) if k < i else source, weights))
        assert all(branch.shape[1] == 2 for branch in branches)
        decoders[i] = conv_norm_relu(torch.cat(branches, dim=1), weights)
        assert not weights
    heads = net.heads(image)
    assert len(heads) == depth + 1
    for i, (head, score) in enumerate(zip(reversed(heads), net.scores, strict=True)):
        low = (F.conv2d, F.conv3d)[dims - 2](decoders[i], *score.parameters(), padding=1)
        assert torch.allclose(head, enlarge(low, 2**i), atol=1e-9), i
    assert torch.equal(net(image), heads[-1])


@pytest.mark.parametrize(("dims", "depth"), [(2, 3), (3, 2)])
def test_every_branch_of_every_level_reaches_the_finest_head(dims: int, depth: int) -> None:
    torch.manual_seed(0)
    net = UNet3Plus(2, 3, width=4, depth=depth, dims=dims).double().eval()
    image = image_of(dims)
    expected, seen = net(image), []

    def zeroing(which: int) -> Callable[..., tuple[list[Tensor]]]:
        return lambda _level, inputs: ([x * (k != which) for k, x in enumerate(inputs[0])],)

    for level in net.decoder:
        for which in range(depth + 1):
            handle = level.register_forward_pre_hook(zeroing(which))
            seen.append(net(image))
            handle.remove()
    for k, changed in enumerate(seen):
        assert not torch.allclose(changed, expected, atol=1e-6), k
        assert not any(torch.allclose(changed, other, atol=1e-9) for other in seen[:k])


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_level_s_gradients(level: int) -> None:
    torch.manual_seed(0)
    layer = FullScale(level, [2, 3, 2], 2, norm="instance").double()
    maps = [torch.randn(1, c, s, s, dtype=torch.float64, requires_grad=True) for c, s in ((2, 8), (3, 4), (2, 2))]
    assert layer(maps).shape == (1, 6, *[8 // 2**level] * 2)
    assert torch.autograd.gradcheck(lambda *maps: layer(maps), maps)


def test_every_head_has_the_image_s_size_and_teaches_its_own_path() -> None:
    torch.manual_seed(0)
    net = UNet3Plus(2, 3, width=4, depth=3, norm="group", deep_supervision=True).double()
    heads = net.heads(image_of(2))
    for level, head in zip((3, 2, 1, 0), heads, strict=True):
        assert head.shape == (2, 3, 13, 19)
        net.zero_grad(set_to_none=True)
        (head * torch.randn_like(head)).sum().backward(retain_graph=True)
        for k, decoder in enumerate(net.decoder):  # a head's own level and those below it
            taught = [p.grad is not None and bool(p.grad.any()) for p in decoder.parameters()]
            assert all(taught) if k >= level else not any(taught), (level, k)
        assert [k for k, score in enumerate(net.scores) if score[0].weight.grad is not None] == [level]
        assert all(p.grad is not None and p.grad.any() for p in net.encoder.parameters())


@given(st.lists(st.integers(1, 40), min_size=2, max_size=3), st.integers(1, 3), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_size_returns_itself(size: list[int], depth: int, deep: bool) -> None:
    size = [min(length, 10) for length in size] if len(size) == 3 else size
    net = UNet3Plus(1, 2, width=1, depth=depth, dims=len(size), deep_supervision=deep, guided=True).eval()
    heads = net.heads(torch.rand(1, 1, *size))
    assert [head.shape for head in heads] == [(1, 2, *size)] * (depth + 1 if deep else 1)
    assert net(torch.rand(1, 1, *size)).shape == (1, 2, *size)


def test_an_odd_size_is_its_padded_image_cut_back() -> None:
    torch.manual_seed(0)
    net = UNet3Plus(2, 3, width=2, depth=3, deep_supervision=True).double().eval()
    padded = F.pad(image_of(2), (0, 5, 0, 3), mode="replicate")  # 16 x 24
    for head, larger in zip(net.heads(image_of(2)), net.heads(padded), strict=True):
        assert torch.equal(head, larger[..., :13, :19])


def test_all_heads_learn_two_images_by_heart() -> None:
    torch.manual_seed(0)
    net, image = UNet3Plus(1, 3, width=4, depth=2, deep_supervision=True), torch.rand(2, 1, 24, 24)
    label = torch.zeros(2, 24, 24, dtype=torch.int64)
    label[0, 4:12, 4:16], label[1, 8:20, 8:20], label[1, 0:4, 4:8] = 1, 2, 1
    image[:, 0] += label
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(80):
        loss = sum((dice_ce_loss(head, label) for head in net.heads(image)), torch.zeros(()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = [float((head.argmax(1) == label).float().mean()) for head in net.heads(image)]
    assert min(right) > 0.95
    assert right[-1] > 0.99


def test_errors_name_the_fix() -> None:
    with pytest.raises(UserError, match="depth is 0"):
        UNet3Plus(1, 2, depth=0)
    with pytest.raises(UserError, match=r"8 x 5 shrinks to one pixel after 3 poolings.*at least 9"):
        UNet3Plus(1, 2, width=1, depth=3)(torch.rand(1, 1, 8, 5))
