"""The teacher against the weighted sum over all students, written out."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.inference import predict
from medsegedu.models import UNet
from medsegedu.training import Teacher, consistency_weight


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return UNet(1, 2, width=4, depth=1).double()


def wander(student: nn.Module, step: int) -> dict[str, Tensor]:
    """A step of training: other weights, other statistics, a batch more."""
    torch.manual_seed(step)
    student.train()(torch.rand(2, 1, 8, 8, dtype=torch.float64)).square().sum().backward()
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return {name: tensor.clone() for name, tensor in student.state_dict().items()}


@given(st.integers(1, 12), st.floats(0, 0.99))
@settings(max_examples=25, deadline=None)
def test_it_is_the_weighted_sum_of_all_students(steps: int, decay: float) -> None:
    student = net()
    teacher = Teacher(student, decay=decay)
    seen, shares = [], []
    for step in range(steps):
        seen.append(wander(student, step))
        teacher.update(student)
        alpha = min(1 - 1 / (step + 1), decay)
        shares = [share * alpha for share in shares] + [1 - alpha]
    assert sum(shares) == pytest.approx(1)  # nothing is left of the weights at the start
    for name, tensor in teacher.network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert tensor == steps
        else:
            expected = sum(share * state[name] for share, state in zip(shares, seen, strict=True))
            assert torch.allclose(tensor, expected, rtol=1e-10, atol=1e-12), name
    assert "first.1.running_mean" in seen[0]


def test_the_first_hundred_steps_are_a_plain_mean_and_then_it_forgets() -> None:
    student = nn.Linear(1, 1, bias=False).double()
    teacher = Teacher(student)
    values = torch.randn(300, dtype=torch.float64)
    for step, value in enumerate(values):
        student.weight.data.fill_(value)
        teacher.update(student)
        if step < 100:
            assert torch.allclose(teacher.network.weight, values[: step + 1].mean())
    before = float(teacher.network.weight)
    student.weight.data.fill_(7.0)
    teacher.update(student)
    assert float(teacher.network.weight) == pytest.approx(0.99 * before + 0.01 * 7)


def test_a_resumed_teacher_goes_on_as_if_it_had_not_stopped() -> None:
    student = net()
    straight, stopped = Teacher(student), Teacher(student)
    for step in range(6):
        wander(student, step)
        straight.update(student)
        if step == 3:
            state = {name: tensor.clone() for name, tensor in stopped.state_dict().items()}
            stopped = Teacher(net(seed=9))
            stopped.load_state_dict(state)
        stopped.update(student)
    for one, other in zip(straight.state_dict().values(), stopped.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert int(straight.step) == 6


def test_it_answers_without_gradients_noise_or_side_effects() -> None:
    student = nn.Sequential(net(), nn.Dropout(0.5))
    wander(student[0], 0)
    teacher = Teacher(student).train()
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters())
    assert any(p.grad is not None for p in student.parameters())
    image = torch.rand(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    first, second = teacher(image), teacher(image)
    assert torch.equal(first, second)
    assert torch.equal(first, student.eval()(image))
    assert not first.requires_grad
    for name, tensor in teacher.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert predict(teacher, image[0].detach()).shape == (8, 8)


def test_shared_weights_move_once_and_the_student_never() -> None:
    shared = nn.Linear(3, 3)
    student = nn.Sequential(shared, nn.ReLU(), shared)
    teacher = Teacher(student)
    teacher.update(student)
    weight = shared.weight.detach().clone()
    shared.weight.data.add_(1)
    teacher.update(student)
    assert torch.allclose(teacher.network[0].weight, weight + 0.5)
    assert torch.equal(shared.weight, weight + 1)


def test_another_network_and_a_bad_decay_are_named() -> None:
    with pytest.raises(UserError, match="other weights than the network"):
        Teacher(net()).update(UNet(1, 2, width=8, depth=1))
    with pytest.raises(UserError, match="other weights"):
        Teacher(nn.Linear(2, 2)).update(nn.Linear(2, 2, bias=False))
    for decay in (-0.1, 1.0, math.nan):
        with pytest.raises(UserError, match="decay is"):
            Teacher(net(), decay=decay)


@given(st.integers(0, 300), st.integers(1, 200), st.floats(0.01, 2))
def test_the_ramp(step: int, steps: int, highest: float) -> None:
    missing = max(0.0, 1 - step / steps)
    assert consistency_weight(step, steps, highest=highest) == pytest.approx(
        highest * 2.718281828459045 ** (-5 * missing**2)
    )
    assert consistency_weight(step + 1, steps) >= consistency_weight(step, steps)


def test_the_ramp_ends() -> None:
    assert consistency_weight(0, 10) == pytest.approx(0.1 * math.exp(-5))
    assert consistency_weight(5, 10) == pytest.approx(0.1 * math.exp(-1.25))
    assert consistency_weight(10, 10) == consistency_weight(99, 10) == 0.1
    for step, steps in ((-1, 10), (0, 0)):
        with pytest.raises(UserError, match="ramp of at least 1"):
            consistency_weight(step, steps)
