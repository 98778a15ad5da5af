"""Each GAN part by itself: the same network written out by hand, how it starts, and what reaches what."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.models import (
    DCGANDiscriminator,
    DCGANGenerator,
    PatchGAN,
    Pix2PixGenerator,
    SPADEGenerator,
    receptive_field,
)


def one_hot(*shape: int, classes: int = 3) -> Tensor:
    """(N, classes, *spatial)."""
    return F.one_hot(torch.randint(0, classes, shape), classes).movedim(-1, 1).float()


def test_dcgan_by_hand() -> None:
    net, z = DCGANGenerator(2, noise=5, width=3, size=16).double(), torch.randn(4, 5, dtype=torch.float64)
    weights = [p for p in net.parameters() if p.ndim == 4]
    assert [tuple(w.shape) for w in weights] == [(5, 6, 4, 4), (6, 3, 4, 4), (3, 2, 4, 4)]
    affine = [p for p in net.parameters() if p.ndim == 1]
    x = torch.einsum("nz,zchw->nchw", z, weights[0])  # one pixel times a kernel of 4 x 4
    for stage in (0, 1):
        x = F.batch_norm(x, None, None, *affine[2 * stage : 2 * stage + 2], training=True).clamp(min=0)
        x = F.conv_transpose2d(x, weights[stage + 1], stride=2, padding=1)
    assert torch.allclose(net(z), x.tanh(), atol=1e-12)

    net, x = DCGANDiscriminator(2, width=3, size=16).double(), torch.randn(4, 2, 16, 16, dtype=torch.float64)
    first, second, last, gain, shift = [
        *(p for p in net.parameters() if p.ndim == 4),
        *(p for p in net.parameters() if p.ndim == 1),
    ]
    y = F.leaky_relu(F.conv2d(x, first, stride=2, padding=1), 0.2)
    y = F.batch_norm(F.conv2d(y, second, stride=2, padding=1), None, None, gain, shift, training=True)
    assert torch.allclose(net(x), torch.einsum("nchw,chw->n", F.leaky_relu(y, 0.2), last[0]), atol=1e-12)


def test_they_start_small_as_the_paper_says() -> None:
    torch.manual_seed(0)
    for net in (DCGANGenerator(2), Pix2PixGenerator(1, 1, width=32), PatchGAN(2, width=32)):
        weights = torch.cat([p.detach().flatten() for p in net.parameters() if p.ndim == 4])
        gains = torch.cat([m.weight.detach() for m in net.modules() if isinstance(m, nn.BatchNorm2d)])
        assert float(weights.std()) == pytest.approx(0.02, rel=0.01)
        assert float(gains.std()) == pytest.approx(0.02, rel=0.3)
        assert float(gains.mean()) == pytest.approx(1, abs=0.01)


def test_pix2pix_by_hand() -> None:
    """The authors' recursion: each level wraps the one below it and passes [itself, what comes back]."""
    net = Pix2PixGenerator(1, 2, width=2, depth=4).double().eval()
    image = torch.rand(2, 1, 48, 32, dtype=torch.float64)

    def level(x: Tensor, depth: int) -> Tensor:
        below = net.down[depth](x)
        if depth < len(net.down) - 1:
            below = level(below, depth + 1)
        return torch.cat([x, net.up[len(net.up) - 1 - depth](below)], 1)

    assert torch.equal(net(image), net.last(F.relu(level(net.first(image), 0))).tanh())
    shapes = [p.shape[:2] for p in net.parameters() if p.ndim == 4]
    assert [tuple(s) for s in shapes] == [(2, 1), (4, 2), (8, 4), (16, 8), (16, 8), (16, 4), (8, 2), (4, 2)]
    drops = [layer.p for layer in net.modules() if isinstance(layer, nn.Dropout)]
    assert drops == [0.5, 0.5, 0.5]
    paper = Pix2PixGenerator(1, 1, width=1, depth=8)
    assert [layer.p for layer in paper.modules() if isinstance(layer, nn.Dropout)] == [0.5] * 3 + [0.0] * 4


def test_pix2pix_takes_one_image_at_a_time_and_draws_by_dropout() -> None:
    net, mask = Pix2PixGenerator(3, 1, width=4, depth=3), one_hot(1, 8, 8)
    assert not torch.equal(net(mask), net(mask))
    assert torch.equal(net.eval()(mask), net(mask))


def test_patch_gan_by_hand() -> None:
    net, x = PatchGAN(2, width=3, depth=2).double(), torch.randn(3, 2, 27, 21, dtype=torch.float64)
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    y = x
    for stage, layer in enumerate(convolutions):  # 2 -> 3 -> 6 -> 12 -> 1 channels
        y = F.conv2d(y, layer.weight, layer.bias, stride=2 if stage < 2 else 1, padding=1)
        if stage in (1, 2):
            y = F.batch_norm(y, None, None, norms[stage - 1].weight, norms[stage - 1].bias, training=True)
        if stage < 3:
            y = torch.where(y > 0, y, 0.2 * y)
    assert y.shape == (3, 1, 4, 3)
    assert torch.allclose(net(x), y, atol=1e-12)


def test_patch_gan_sees_70_pixels() -> None:
    assert receptive_field(PatchGAN(2, width=1)) == 70
    assert [receptive_field(PatchGAN(2, width=1, depth=depth)) for depth in (1, 2, 4)] == [16, 34, 142]
    net = PatchGAN.paper(2).eval()
    image = torch.randn(1, 2, 160, 160, requires_grad=True)
    net(image)[0, 0, 9, 9].backward()
    rows = image.grad.abs().amax((0, 1, 3)).nonzero().flatten()  # type: ignore[union-attr]
    assert int(rows[-1] - rows[0]) + 1 == len(rows) == 70


def test_each_logit_of_a_patch_gan_judges_its_own_patch() -> None:
    net, image = PatchGAN(2, width=2).double().eval(), torch.randn(1, 2, 160, 160, dtype=torch.float64)
    shifted = net(image.roll((8, 16), (2, 3)))
    inside = slice(7, 12)  # no border in sight
    assert torch.allclose(shifted[..., inside, inside], net(image)[..., 6:11, 5:10], atol=1e-12)


def test_spade_generator_follows_the_mask_and_the_noise() -> None:
    torch.manual_seed(0)
    net = SPADEGenerator(2, 1, noise=4, width=4, depth=2).double().eval()
    mask, z = one_hot(1, 64, 64, classes=2).double(), torch.randn(2, 1, 4, dtype=torch.float64)
    changed = mask.clone()
    changed[..., 30:33, 40] = 1 - mask[..., 30:33, 40]
    moved = (net(mask, z[0]) - net(changed, z[0])).abs().amax((0, 1)).nonzero()
    assert len(moved)
    assert (moved - torch.tensor([31, 40])).abs().max() < 64 / 2  # here, and not all over the image
    everywhere = net(mask, z[0]) != net(mask, z[1])
    assert everywhere.all()
    assert torch.allclose(net(mask.bool(), z[0]), net(mask, z[0]))


@pytest.mark.parametrize("dims", [2, 3])
def test_spade_generator_by_hand(dims: int) -> None:
    net = SPADEGenerator(3, 2, noise=4, width=2, depth=2, dims=dims).double()
    mask, z = one_hot(2, *(8, 12, 4)[:dims]).double(), torch.randn(2, 4, dtype=torch.float64)
    quarter = mask[(..., *[slice(None, None, 4)] * dims)]  # nearest: the first pixel of each four
    x = torch.cat([z[(..., *[None] * dims)].expand(2, 4, *quarter.shape[2:]), quarter], 1)
    x = net.start(x)
    for stage, block in enumerate((net.first, *net.up)):
        for axis in range(2, 2 + dims) if stage else ():
            x = x.repeat_interleave(2, axis)
        inner = block.conv1(F.leaky_relu(block.spade1(x, mask), 0.2))
        inner = block.conv2(F.leaky_relu(block.spade2(inner, mask), 0.2))
        x = inner + (block.shortcut(block.spade_shortcut(x, mask)) if stage else x)
    assert x.shape == (2, 2, *mask.shape[2:])
    assert torch.allclose(net(mask, z), net.head(F.leaky_relu(x, 0.2)).tanh(), atol=1e-10)
