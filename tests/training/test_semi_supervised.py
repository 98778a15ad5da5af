"""Training with few labels: what is read, what is not, and where each method's gradient comes from."""

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.data import Augment, Case, Dataset
from medsegedu.errors import UserError
from medsegedu.models import UNet
from medsegedu.training import fit_few_labels
from medsegedu.training.semi_supervised import _losses
from medsegedu.training.teacher import Teacher

METHODS = ("supervised", "averaged", "mean teacher", "pseudo-labels", "fixmatch", "cps")
USING_BOTH = METHODS[2:]


def patients(count: int, seed: int, *, labelled: bool = True) -> Dataset:
    """A bright square on noise, in images that are not square."""
    random = torch.Generator().manual_seed(seed)
    cases = []
    for number in range(count):
        label = torch.zeros(21, 18, dtype=torch.int64)
        label[4:12, 3 + number % 5 : 12] = 1
        image = label[None] + 0.3 * torch.randn(1, 21, 18, generator=random)
        cases.append(Case(image.float(), label if labelled else None, (1.0, 1.0), f"{seed}-{number}", f"{number}"))
    return Dataset(cases, ("background", "square"), ("T1",))


def net(seed: int = 0, norm: Any = "instance") -> nn.Module:
    torch.manual_seed(seed)
    return UNet(1, 2, width=4, depth=1, norm=norm)


def trained(method: str, labelled: Dataset, unlabelled: Dataset, *, norm: Any = "instance", **options: Any) -> Tensor:
    """All parameters after a few steps, in one vector."""
    model, second = net(norm=norm), net(1, norm) if method == "cps" else None
    settings: dict[str, Any] = {"steps": 6, "batch": 3, "patch": 12, "threshold": 0.5, "progress": False, **options}
    fit_few_labels(model, labelled, unlabelled, method=method, second=second, **settings)  # type: ignore[arg-type]
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides(method: str) -> None:
    few, rest = patients(2, 1), patients(3, 2)
    first = trained(method, few, rest, norm="batch")
    torch.manual_seed(123)
    assert torch.equal(first, trained(method, few, rest, norm="batch"))
    assert not torch.allclose(first, trained(method, few, rest, norm="batch", seed=1))


@pytest.mark.parametrize("method", METHODS)
def test_the_labels_of_the_unlabelled_are_never_read(method: str) -> None:
    few, rest = patients(2, 1), patients(3, 2)
    nonsense = replace(rest, cases=[replace(case, label=1 - case.label) for case in rest if case.label is not None])
    without = patients(3, 2, labelled=False)
    expected = trained(method, few, without)
    assert torch.equal(expected, trained(method, few, rest))
    assert torch.equal(expected, trained(method, few, nonsense))


@pytest.mark.parametrize("method", USING_BOTH)
def test_unlabelled_patients_matter_unless_they_weigh_nothing(method: str) -> None:
    few, rest = patients(2, 1), patients(3, 2, labelled=False)
    alone = trained("averaged" if method == "mean teacher" else "supervised", few, rest)
    assert torch.allclose(
        trained(method, few, rest, weight=0.0), alone, atol=1e-3
    )  # same but for the sums of another batch
    assert not torch.allclose(trained(method, few, rest, weight=20.0), alone, atol=3e-3)


@pytest.mark.parametrize("method", ["supervised", "averaged"])
def test_the_baselines_do_not_look_at_unlabelled_images(method: str) -> None:
    few = patients(2, 1)
    first, second = (trained(method, few, patients(3, seed, labelled=False), norm="batch") for seed in (2, 3))
    assert torch.equal(first, second)


def test_the_mean_of_the_weights_answers_and_it_is_another_than_the_last() -> None:
    few = patients(2, 1)
    assert not torch.equal(trained("averaged", few, few), trained("supervised", few, few))


class Toy(nn.Module):
    """Logits (0, w * image): one weight, so that gradients can be written down."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(image), self.weight * image], dim=1)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(5)
    image, scanned, changed = torch.randn(3, 2, 1, 4, 5, generator=random, dtype=torch.float64)
    return image, (image[:, 0] > 0).long(), scanned, changed


def gradient(method: str, batch: tuple[Tensor, ...], threshold: float = 0.7) -> list[float]:
    """Of the unlabelled part, with respect to the weight of each network."""
    networks = nn.ModuleList([Toy(1.5), Toy(-0.5)])
    teacher = Teacher(Toy(0.8)) if method == "mean teacher" else None
    _, untaught = _losses(method, networks, teacher, *batch, threshold)
    untaught.backward()
    if teacher is not None:
        assert all(parameter.grad is None for parameter in teacher.parameters())
    return [0.0 if toy.weight.grad is None else float(toy.weight.grad) for toy in networks]


def slope_to(target: Tensor, image: Tensor, weight: float, kept: Tensor) -> float:
    """The derivative of mean(cross-entropy to `target`, over `kept`) with respect to the weight: (p - target) * image."""
    p = torch.sigmoid(weight * image)
    return float(((p - target) * image)[kept].mean())


def test_gradient_of_the_mean_teacher(batch: tuple[Tensor, ...]) -> None:
    _, _, scanned, changed = batch
    p, q = torch.sigmoid(1.5 * changed), torch.sigmoid(0.8 * scanned)
    expected = float(
        (2 * (p - q) * p * (1 - p) * changed).mean()
    )  # both classes differ by the same: their mean is one of them
    assert gradient("mean teacher", batch) == pytest.approx([expected, 0.0], rel=1e-5)


@pytest.mark.parametrize("method", ["pseudo-labels", "fixmatch"])
def test_gradient_of_sure_pixels(method: str, batch: tuple[Tensor, ...]) -> None:
    _, _, scanned, changed = batch
    p = torch.sigmoid(1.5 * scanned)
    kept = torch.maximum(p, 1 - p) >= 0.7
    assert 3 < int(kept.sum()) < kept.numel() - 3
    learnt_on = changed if method == "fixmatch" else scanned
    expected = slope_to((p > 0.5).double(), learnt_on, 1.5, kept)
    assert gradient(method, batch) == pytest.approx([expected, 0.0], rel=1e-5)
    assert gradient(method, batch, threshold=1.0) == [0.0, 0.0]


def test_gradient_of_two_networks(batch: tuple[Tensor, ...]) -> None:
    _, _, scanned, _ = batch
    every = torch.ones_like(scanned, dtype=torch.bool)
    first, second = (torch.sigmoid(weight * scanned).round() for weight in (1.5, -0.5))
    expected = [slope_to(second, scanned, 1.5, every), slope_to(first, scanned, -0.5, every)]
    assert gradient("cps", batch) == pytest.approx(expected, rel=1e-5)


def test_the_labelled_part_is_the_same_for_all_but_two_networks(batch: tuple[Tensor, ...]) -> None:
    found = {}
    for method in METHODS:
        teacher = Teacher(Toy(0.8)) if method == "mean teacher" else None
        found[method] = float(_losses(method, nn.ModuleList([Toy(1.5), Toy(1.5)]), teacher, *batch, 0.7)[0].detach())
    both = found.pop("cps")
    assert list(found.values()) == pytest.approx([found["supervised"]] * 5)
    assert both == pytest.approx(2 * found["supervised"])


def test_it_learns_the_square() -> None:
    few, rest = patients(1, 1), patients(6, 2, labelled=False)
    model = net(norm="batch")
    options: dict[str, Any] = {"augment": Augment(moved=0), "batch": 4, "patch": 16, "progress": False}
    history = fit_few_labels(model, few, rest, method="fixmatch", steps=40, rate=2e-2, **options)
    assert len(history.loss) == history.best_step == 40
    image, label = patients(1, 9)[0].image, patients(1, 9)[0].label
    assert label is not None
    with torch.no_grad():
        found = F.softmax(model.eval()(image[None]), 1)[0].argmax(0)
    assert (found == label).float().mean() > 0.9


def test_wrong_uses_are_named() -> None:
    few, rest = patients(2, 1), patients(3, 2)
    options: dict[str, Any] = {"steps": 2, "batch": 2, "patch": 8, "progress": False}
    with pytest.raises(UserError, match="choose 'supervised'"):
        fit_few_labels(net(), few, rest, method="fix match", **options)  # type: ignore[arg-type]
    for method, second in (("cps", None), ("fixmatch", net())):
        with pytest.raises(UserError, match='belongs to "cps"'):
            fit_few_labels(net(), few, rest, method=method, second=second, **options)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="has no label"):
        fit_few_labels(net(), patients(2, 1, labelled=False), rest, method="supervised", **options)
    with pytest.raises(UserError, match="lower rate than 1e\\+30"):
        fit_few_labels(net(), few, rest, method="supervised", **{**options, "steps": 20}, rate=1e30)
