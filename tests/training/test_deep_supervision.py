"""`fit` trains every head of a network when its loss is a DeepSupervision, and no more than `forward` otherwise."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from medsegedu.data import Case, Dataset
from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.losses import DeepSupervision, dice_ce_loss
from medsegedu.metrics import dice
from medsegedu.training import fit


class TwoHeads(nn.Module):
    """Two convolutions, each with logits of its own; `forward` gives the last one's."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 6, 3, padding=1)
        self.outer, self.inner = nn.Conv2d(6, 2, 1), nn.Conv2d(6, 2, 1)

    def heads(self, image: Tensor) -> list[Tensor]:
        first = self.first(image).relu()
        return [self.outer(first), self.inner(self.second(first).relu())]

    def forward(self, image: Tensor) -> Tensor:
        return self.heads(image)[-1]


def bars(n: int = 4) -> Dataset:
    torch.manual_seed(0)
    cases = []
    for i in range(n):
        label = torch.zeros(20, 24, dtype=torch.int64)
        label[3 + i : 9 + i] = 1
        cases.append(Case(label[None] + 0.2 * torch.randn(1, 20, 24), label, (1.0, 1.0), f"p{i}", f"p{i}"))
    return Dataset(cases, ("background", "bar"), ("T1",))


def weights(model: nn.Module) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in model.state_dict().values()])


def test_every_head_learns() -> None:
    model, data = TwoHeads(), bars()
    history = fit(model, data, data, steps=40, batch=4, patch=16, loss=DeepSupervision(dice_ce_loss), progress=False)
    assert sum(history.loss[-5:]) < 0.5 * sum(history.loss[:5])
    for logits in model.heads(data[0].image[None]):
        assert dice(logits[0].argmax(0) == 1, data[0].label == 1) > 0.8
    assert dice(predict(model, data[0].image) == 1, data[0].label == 1) > 0.8


def test_without_it_only_forward_is_trained() -> None:
    model = TwoHeads()
    fit(model, bars(), steps=3, batch=4, patch=16, progress=False)
    assert model.outer.weight.grad is None
    assert model.inner.weight.grad is not None


def test_one_head_of_weight_1_is_ordinary_training() -> None:
    plain, deep = TwoHeads(), TwoHeads()
    settings = {"steps": 6, "batch": 4, "patch": 16, "progress": False}
    fit(plain, bars(), **settings)  # type: ignore[arg-type]
    fit(deep, bars(), loss=DeepSupervision(dice_ce_loss, [0, 1]), **settings)  # type: ignore[arg-type]
    assert torch.equal(plain.first.weight, deep.first.weight)
    assert torch.equal(plain.inner.weight, deep.inner.weight)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    left = 8

    def stops(logits: Tensor, label: Tensor) -> Tensor:
        nonlocal left
        left -= 1
        if left == 0:  # two heads a step: at the second head of the fourth step
            raise KeyboardInterrupt
        return dice_ce_loss(logits, label)

    settings = {"steps": 6, "batch": 4, "patch": 16, "looks": 3, "progress": False}
    whole, resumed = TwoHeads(), TwoHeads()
    straight = fit(whole, bars(), loss=DeepSupervision(dice_ce_loss), **settings)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt, match="stopped at step 4 of 6"):
        fit(TwoHeads(), bars(), loss=DeepSupervision(stops), checkpoint=tmp_path / "run.pt", **settings)  # type: ignore[arg-type]
    history = fit(resumed, bars(), loss=DeepSupervision(dice_ce_loss), checkpoint=tmp_path / "run.pt", **settings)  # type: ignore[arg-type]
    assert torch.equal(weights(whole), weights(resumed))
    assert history.loss == straight.loss


def test_a_network_without_heads_is_named() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    with pytest.raises(UserError, match="Sequential has no heads to supervise; give the loss itself"):
        fit(model, bars(), steps=1, loss=DeepSupervision(dice_ce_loss), progress=False)
