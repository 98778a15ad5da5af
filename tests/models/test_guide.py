"""The classification-guided module of UNet 3+: what it denies is background, what it affirms is untouched, and it learns."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from medsegedu.errors import UserError
from medsegedu.losses import dice_ce_loss
from medsegedu.models import UNet3Plus, present_classes
from medsegedu.models.guide import Guide, veto


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(2, 3), st.sampled_from([0.1, 10.0, 500.0]))
@settings(max_examples=60, deadline=None)
def test_what_is_denied_is_never_chosen_and_the_rest_stays(seed: int, organs: int, dims: int, scale: float) -> None:
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, organs + 1, *(4, 3, 5)[:dims], generator=random) * scale
    presence = torch.randn(3, organs, generator=random)
    guided = veto(logits, presence)
    for n in range(3):
        kept = [0] + [k + 1 for k in range(organs) if presence[n, k] > 0]
        assert torch.equal(guided[n, kept], logits[n, kept])
        assert torch.equal(guided[n].argmax(0), torch.tensor(kept)[logits[n, kept].argmax(0)])
        denied = [k for k in range(organs + 1) if k not in kept]
        assert not guided[n].softmax(0)[denied].any()


def test_a_single_organ_that_is_denied_has_probability_zero_not_one_half() -> None:
    logits = torch.tensor([5.0, -5.0, 0.0, 300.0]).reshape(1, 1, 2, 2)
    assert not veto(logits, torch.tensor([[-0.1]])).sigmoid().any()
    assert torch.equal(veto(logits, torch.tensor([[0.1]])), logits)
    halves = veto(logits.half(), torch.tensor([[-0.1]]).half())
    assert halves.dtype == torch.float16
    assert halves.isfinite().all()


def test_the_guide_compares_the_two_largest_scores_of_each_class() -> None:
    torch.manual_seed(0)
    guide, deepest = Guide(3, 4, 2).double().eval(), torch.randn(2, 3, 4, 5, dtype=torch.float64)
    presence = guide(deepest).detach()
    weight, bias = guide.score.weight.detach(), guide.score.bias.detach()
    for n in range(2):
        for k in range(3):
            absent, present = (
                max(float(weight[c, :, 0, 0] @ deepest[n, :, y, x] + bias[c]) for y in range(4) for x in range(5))
                for c in (k, 3 + k)
            )
            assert float(presence[n, k]) == pytest.approx(present - absent, abs=1e-12)
    deepest.requires_grad_()
    assert torch.autograd.gradcheck(guide, (deepest,))
    assert not torch.equal(guide.train()(deepest), guide(deepest))  # dropout


@given(st.integers(0, 2**31), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_present_classes_by_counting(seed: int, classes: int) -> None:
    label = torch.randint(max(classes, 2), (4, 2, 1, 2), generator=torch.Generator().manual_seed(seed))
    expected = [[float((one == k).sum() > 0) for k in range(1, max(classes, 2))] for one in label]
    assert present_classes(label, classes).tolist() == expected


@pytest.mark.parametrize("dims", [2, 3])
def test_a_network_whose_guide_denies_all_gives_background_in_every_head(dims: int) -> None:
    torch.manual_seed(0)
    net = UNet3Plus(2, 3, width=4, depth=2, dims=dims, deep_supervision=True, guided=True).eval()
    image = torch.rand(2, 2, *(13, 19, 11)[:dims])
    assert net.guide is not None
    guide, net.guide = net.guide, None
    plain = net.heads(image)
    assert any((head.argmax(1) == 2).any() for head in plain)
    net.guide = guide
    assert all(map(torch.equal, net.heads(image), plain))  # untrained: it vetoes nothing
    guide.score.bias.data = torch.tensor([0.0, 1.0, 1.0, 0.0])  # class 1 present, class 2 absent
    assert torch.equal(net.presence(image), torch.tensor([[1.0, -1.0]] * 2))
    for head, before in zip([*net.heads(image), net(image)], [*plain, plain[-1]], strict=True):
        assert torch.equal(head.argmax(1), before[:, :2].argmax(1))
        assert not head.softmax(1)[:, 2].any()
    guide.score.bias.data = torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert not net(image).argmax(1).any()
    assert (net.train()(image).argmax(1) > 0).any()  # while it trains nothing is taken away


def test_it_learns_which_organs_an_image_shows() -> None:
    """Two organs, each in half of the images; the same loss without `presence` leaves the guide as it was."""
    random = torch.Generator().manual_seed(0)

    def draw(count: int) -> tuple[Tensor, Tensor]:
        label = torch.zeros(count, 16, 16, dtype=torch.int64)
        for one in label:
            for organ, side in ((1, 6), (2, 4)):
                y, x, shown = (int(value) for value in torch.randint(0, 10, (3,), generator=random))
                if shown < 5:
                    one[y : y + side, x : x + side] = organ
        return torch.randn(count, 1, 16, 16, generator=random) * 0.3 + label[:, None], label

    torch.manual_seed(0)
    net = UNet3Plus(1, 3, width=4, depth=2, guided=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    image, label = draw(8)
    dice_ce_loss(net(image), label).backward()
    assert net.guide is not None
    assert all(p.grad is None for p in net.guide.parameters())
    for _ in range(100):
        image, label = draw(8)
        loss = dice_ce_loss(net(image), label)
        loss = loss + F.binary_cross_entropy_with_logits(net.presence(image), present_classes(label, 3))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())
    image, label = draw(100)
    shown = present_classes(label, 3) > 0
    assert 0.2 < shown.float().mean() < 0.8
    assert ((net.eval().presence(image) > 0) == shown).float().mean() > 0.8


def test_a_guided_network_exports_and_runs_on_meta() -> None:
    torch.manual_seed(0)
    net, image = UNet3Plus(2, 3, width=4, depth=2, guided=True).eval(), torch.rand(2, 2, 13, 19)
    assert net.guide is not None
    net.guide.score.bias.data = torch.tensor([0.0, 1.0, 1.0, 0.0])
    assert torch.allclose(torch.export.export(net, (image,)).module()(image), net(image), atol=1e-5)
    assert net.to(torch.bfloat16)(image.bfloat16()).dtype == torch.bfloat16
    with torch.device("meta"):
        net = UNet3Plus(2, 3, width=4, depth=2, guided=True).eval()
        assert net.presence(torch.empty(2, 2, 13, 19)).shape == (2, 2)


def test_without_a_guide_there_is_no_presence() -> None:
    with pytest.raises(UserError, match="build it with guided=True"):
        UNet3Plus(1, 2, width=2, depth=1).presence(torch.rand(1, 1, 8, 8))
