"""The game of two networks: its losses are cross-entropies, its steps those written out by hand, its outcome the seed's."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.data import PatchSampler, virtual_patients
from medsegedu.data.joint import Joint
from medsegedu.errors import UserError
from medsegedu.models import DCGANDiscriminator, DCGANGenerator, PatchGAN, SPADEGenerator
from medsegedu.training.adversarial import FromMask, FromNoise, discriminator_loss, fit_adversarial, generator_loss
from medsegedu.training.generated import Mixed, make_pairs


def setup(kind: str = "noise") -> tuple[nn.Module, nn.Module, PatchSampler, Joint]:
    data = virtual_patients(1, seed=77)
    torch.manual_seed(1)
    maker: nn.Module
    if kind == "noise":
        maker, judge = FromNoise(DCGANGenerator(8, noise=5, width=4, size=8)), DCGANDiscriminator(8, width=4, size=8)
    else:
        maker, judge = FromMask(SPADEGenerator(5, 3, noise=5, width=2, depth=1)), PatchGAN(8, width=4, depth=1)  # type: ignore[assignment]
    return maker, judge, PatchSampler(data, 8, 4, seed=3), Joint.of(data)


def test_losses_are_cross_entropies_with_gradients() -> None:
    real = torch.randn(5, 1, 3, dtype=torch.float64, requires_grad=True)
    made = (60 * torch.randn(7, dtype=torch.float64)).requires_grad_()
    bce = F.binary_cross_entropy_with_logits
    assert generator_loss(made).item() == pytest.approx(bce(made, torch.ones_like(made)).item(), rel=1e-7)
    expected = bce(real, torch.ones_like(real)) + bce(made, torch.zeros_like(made))
    assert discriminator_loss(real, made).item() == pytest.approx(expected.item(), rel=1e-7)
    small = made.detach()[:4].clamp(-5, 5).requires_grad_()
    assert torch.autograd.gradcheck(generator_loss, (small,))
    assert torch.autograd.gradcheck(discriminator_loss, (real, small))


@pytest.mark.parametrize("kind", ["noise", "mask"])
def test_three_steps_are_those_written_out(kind: str) -> None:
    maker, judge, sampler, joint = setup(kind)
    twins = copy.deepcopy((maker, judge, sampler))
    game = fit_adversarial(maker, judge, sampler, joint, steps=3, noise=5, rate=3e-3, l1=2.0, seed=9, progress=False)

    own, other, draws = twins
    optimizers = [torch.optim.Adam(net.parameters(), 3e-3, betas=(0.5, 0.999)) for net in (own, other)]
    random, losses = torch.Generator().manual_seed(9), []
    for _ in range(3):
        image, label = draws.draw()
        real, mask = joint.join(image, label), F.one_hot(label, 5).movedim(-1, 1)
        made = own(mask, torch.randn(4, 5, generator=random))
        says_real, says_made = other(real), other(made.detach())
        verdict = -F.logsigmoid(says_real).mean() - F.logsigmoid(-says_made).mean()
        optimizers[1].zero_grad()
        verdict.backward()
        optimizers[1].step()
        value = -F.logsigmoid(other(made)).mean() + 2.0 * (made - real).abs().mean()
        optimizers[0].zero_grad()
        value.backward()
        optimizers[0].step()
        losses.append((value.item(), verdict.item()))
    assert list(zip(game.generator, game.discriminator, strict=True)) == [
        pytest.approx(pair, rel=1e-4) for pair in losses
    ]


def test_the_seed_decides_and_watch_is_called() -> None:
    outcomes = []
    for seed in (4, 4, 5):
        maker, judge, sampler, joint = setup()
        seen: list[int] = []
        game = fit_adversarial(
            maker, judge, sampler, joint, steps=5, noise=5, seed=seed, looks=2, watch=seen.append, progress=False
        )
        assert seen == [0, 2, 5]
        assert len(game.generator) == len(game.discriminator) == 5
        assert game.seconds > 0
        outcomes.append(make_pairs(maker, sampler, joint, 3, noise=5)[0])
    assert torch.equal(outcomes[0], outcomes[1])
    assert not torch.equal(outcomes[0], outcomes[2])


def test_it_learns_to_paint_a_mask() -> None:
    maker, judge, sampler, joint = setup("mask")
    game = fit_adversarial(maker, judge, sampler, joint, steps=60, noise=5, rate=5e-3, l1=10.0, progress=False)
    assert sum(game.generator[-5:]) < 0.6 * sum(game.generator[:5])


def test_a_loss_that_is_not_finite_stops() -> None:
    maker, judge, sampler, joint = setup()
    with torch.no_grad():
        next(judge.parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match="not finite at step 1"):
        fit_adversarial(maker, judge, sampler, joint, steps=2, noise=5, progress=False)


def test_made_pairs_keep_their_masks_and_their_intensities() -> None:
    maker, _, sampler, joint = setup("mask")
    labels = torch.cat([copy.deepcopy(sampler).draw()[1]])
    image, label = make_pairs(maker, sampler, joint, 6, noise=5, seed=2)
    assert image.shape == (6, 3, 8, 8)
    assert label.shape == (6, 8, 8)
    assert not image.requires_grad
    assert torch.equal(label[:4], labels)  # what was asked for is what the label says
    assert image.min() >= joint.low - 1e-5
    assert image.max() <= joint.high + 1e-5


class Numbered:
    """Real pairs that say which they are."""

    random = None

    def draw(self) -> tuple[Tensor, Tensor]:
        return torch.arange(7.0)[:, None, None, None].expand(7, 1, 2, 3), torch.arange(7)[:, None, None].expand(7, 2, 3)


@pytest.mark.parametrize(("share", "made"), [(0.0, 0), (0.2, 1), (0.5, 4), (0.8, 6), (1.0, 7)])
def test_a_batch_has_its_share_and_pairs_stay_pairs(share: float, made: int) -> None:
    pool = (
        torch.arange(100.0, 103)[:, None, None, None].expand(3, 1, 2, 3),
        torch.arange(100, 103)[:, None, None].expand(3, 2, 3),
    )
    mixed = Mixed(Numbered(), pool, share, seed=1)
    image, label = mixed.draw()
    assert len(image) == len(label) == 7
    assert torch.equal(image[:, 0].long(), label)
    assert label[:, 0, 0].tolist()[: 7 - made] == list(range(7 - made))
    assert bool((label[7 - made :] >= 100).all())
    drawn = torch.cat([mixed.draw()[1][:, 0, 0] for _ in range(20)])
    assert not made or {100, 101, 102} <= set(drawn.tolist())


def test_shares_that_are_none() -> None:
    with pytest.raises(UserError, match=r"share is 1\.5"):
        Mixed(Numbered(), (torch.zeros(1, 1, 2, 3), torch.zeros(1, 2, 3).long()), 1.5)
