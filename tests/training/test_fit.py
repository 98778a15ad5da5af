"""Training learns, repeats itself exactly, and goes on after a stop as if nothing had happened."""

from pathlib import Path

import pytest
import torch
from torch import nn

from medsegedu.data import Case, Dataset, virtual_patients
from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.metrics import dice
from medsegedu.models import UNet
from medsegedu.training import fit, load_checkpoint, save_checkpoint


def squares(n: int = 6) -> Dataset:
    """Bright squares on noise: something that a tiny network learns in a few steps."""
    torch.manual_seed(0)
    cases = []
    for i in range(n):
        label = torch.zeros(40, 36, dtype=torch.int64)
        y, x = torch.randint(0, 24, (2,)).tolist()
        label[y : y + 10, x : x + 10] = 1
        image = label[None] + 0.3 * torch.randn(1, 40, 36)
        cases.append(Case(image, label, (1.0, 1.0), f"p{i}", f"p{i}"))
    return Dataset(cases, ("background", "square"), ("T1",))


def tiny() -> UNet:
    torch.manual_seed(1)
    return UNet(1, 2, width=4, depth=2)


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([tensor.float().flatten() for tensor in model.state_dict().values()])


def test_it_learns() -> None:
    data, model = squares(), tiny()
    history = fit(model, data[:5], data[5:], steps=40, batch=8, patch=24, progress=False)
    assert len(history.loss) == 40
    assert sum(history.loss[-5:]) < 0.5 * sum(history.loss[:5])
    assert dice(predict(model, data[5].image) == 1, data[5].label == 1) > 0.8
    assert [step for step, _ in history.validation] == [8, 16, 24, 32, 40]


@pytest.mark.parametrize("steps", range(1, 6))
def test_the_shortest_runs_train(steps: int) -> None:
    train = virtual_patients(1, seed=5, spacing=4.0, slices=2)
    assert fit(UNet(3, 5, width=4, depth=1), train, steps=steps, batch=2, patch=16, progress=False).seconds > 0


def test_seeds_repeat_and_differ() -> None:
    runs = []
    for seed in (0, 0, 1):
        model = tiny()
        fit(model, squares(), steps=5, batch=4, patch=16, seed=seed, progress=False)
        runs.append(weights(model))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_the_best_weights_are_kept() -> None:
    data, model = squares(), tiny()
    history = fit(model, data[:4], data[4:], steps=20, batch=4, patch=16, looks=10, progress=False)
    best = max(history.validation, key=lambda look: look[1])
    again = sum(dice(predict(model, c.image) == 1, c.label == 1) for c in data[4:]) / 2
    assert again == pytest.approx(best[1], abs=1e-6)
    assert history.best_step == best[0]


class StopsAt:
    """A loss that Ctrl-C hits at its nth call."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return nn.functional.cross_entropy(logits, label)


@pytest.mark.parametrize("stop", [8, 11, 19])
def test_a_stopped_run_goes_on_to_the_same_weights(stop: int, tmp_path: Path) -> None:
    settings = {"steps": 20, "batch": 4, "patch": 16, "progress": False}
    whole = tiny()
    straight = fit(whole, squares(), squares(2), loss=nn.functional.cross_entropy, **settings)
    file = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt, match=f"stopped at step {stop} of 20; call fit again to go on from"):
        fit(tiny(), squares(), squares(2), loss=StopsAt(stop), checkpoint=file, **settings)
    resumed = UNet(1, 2, width=4, depth=2)  # other weights: the checkpoint has the right ones
    history = fit(resumed, squares(), squares(2), loss=nn.functional.cross_entropy, checkpoint=file, **settings)
    assert torch.equal(weights(whole), weights(resumed))
    assert history.loss == straight.loss
    assert history.validation == straight.validation


def test_a_checkpoint_of_another_run_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    fit(tiny(), squares(), steps=5, batch=4, patch=16, checkpoint=file, progress=False)
    with pytest.raises(UserError, match="steps = 5, not 6"):
        fit(tiny(), squares(), steps=6, batch=4, patch=16, checkpoint=file, progress=False)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match=r"run\.pt can't be read"):
        fit(tiny(), squares(), steps=5, batch=4, patch=16, checkpoint=file, progress=False)


def test_checkpoints_never_unpickle_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    file = tmp_path / "run.pt"
    torch.save({"run": {}, "model": Evil()}, file)
    with pytest.raises(UserError):
        load_checkpoint(file, run={})
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    save_checkpoint(file, {"run": {}, "step": 1})
    with pytest.raises(UserError, match="Cannot write"):
        save_checkpoint(file / "inside-a-file", {"run": {}, "step": 2})
    assert load_checkpoint(file, run={}) == {"run": {}, "step": 1}
    assert [p.name for p in tmp_path.iterdir() if p.name != "results"] == ["run.pt"]


def test_a_loss_that_is_not_finite_stops_with_a_sentence() -> None:
    def broken(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return logits.sum() * float("nan")

    with pytest.raises(UserError, match=r"nan at step 1; try a lower rate than 0\.006"):
        fit(tiny(), squares(), steps=3, batch=2, patch=16, loss=broken, progress=False)


def test_volumes_train_too() -> None:
    data = virtual_patients(1, dims=3, spacing=6.0, contrasts=("FLAIR",))
    model = UNet(1, 5, width=4, depth=2, dims=3)
    history = fit(model, data, steps=2, batch=2, patch=16, progress=False)
    assert len(history.loss) == 2
    assert predict(model, data[0].image).shape == data[0].label.shape
