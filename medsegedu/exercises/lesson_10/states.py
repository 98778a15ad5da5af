"""More that goes wrong in exercise 10.3: what an update leaves behind in the student, and in torch."""

from typing import Any

import torch
from torch import nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.means import alpha_of, ema_update, mixed, move, network


@ema_update.behaviour
def gradients_stay_on(attempt: Any, random: Random) -> str | None:
    attempt(network(random, 3), network(random, 4), 2, 0.9)
    if not torch.is_grad_enabled():
        return (
            "Your function switches gradients off and leaves them off: from the next step on nothing learns any more. "
            "`with torch.no_grad():` ends with its block."
        )
    return None


@ema_update.behaviour
def the_student_stays_as_it_is(attempt: Any, random: Random) -> str | None:
    teacher, student = network(random, 5), network(random, 6)
    student[1].eval()  # type: ignore[index]  # one part frozen, the rest in training
    for parameter in student.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = [module.training for module in student.modules()]
    attempt(teacher, student, 3, 0.8)
    after = [module.training for module in student.modules()]
    if after != before:
        return (
            f"Your function switches the student to `{'train' if all(after) else 'eval'}()`. The student is in the middle of its "
            "training and stays as it is; reading its `state_dict()` needs no switch."
        )
    if any(p.grad is None or not torch.equal(p.grad, torch.ones_like(p)) for p in student.parameters()):
        return "Your function clears the student's gradients. Its optimiser may still need them; the student stays as it is."
    return None


@ema_update.mistake(
    "You switched the student to `eval()`. Averaging reads its numbers and needs no switch; from now on its batch normalisation "
    "would no longer learn from what it sees."
)
def student_in_eval(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    student.eval()
    return answers.ema_update(teacher, student, step, decay)


@ema_update.mistake(
    "You switched the student to `train()`, parts that somebody had frozen (`eval()`) included. Averaging reads its numbers and "
    "needs no switch."
)
def student_in_train(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    student.train()
    return answers.ema_update(teacher, student, step, decay)


@ema_update.mistake(
    "You cleared the student's gradients (`zero_grad()`). Whoever trains the student does that when it is time; here its numbers "
    "are only read."
)
def gradients_cleared(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    student.zero_grad()
    return answers.ema_update(teacher, student, step, decay)


@ema_update.mistake(
    "`torch.set_grad_enabled(False)` stays in force after your function: from then on nothing learns any more, anywhere. "
    "`with torch.no_grad():` ends with its block."
)
def gradients_left_off(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = answers.ema_update(teacher, student, step, decay)
    torch.set_grad_enabled(False)
    return alpha


@ema_update.mistake(
    "You multiplied the student's own tensors in place (`mul_`): a state dict shares memory with its network, so the student has "
    "shrunk. Without the underscore, `theirs * (1 - alpha)`, a new tensor is made."
)
def student_shrunk(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        if own.is_floating_point():
            own.mul_(alpha).add_(theirs[name].mul_(1 - alpha))
        else:
            own.copy_(theirs[name])
    return alpha_of(step, decay)


@ema_update.mistake(
    "Two things. You wrote into parameters that torch still watches for gradients, which it refuses: put `with torch.no_grad():` "
    "around it. And `parameters()` leaves out the buffers, the running statistics: `state_dict()` has both."
)
def watched_and_buffers_forgotten(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = alpha_of(step, decay)
    for own, theirs in zip(teacher.parameters(), student.parameters(), strict=True):
        own.copy_(mixed(own, theirs, alpha))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You count steps from 1, and help the first one with `max(1, step)`. Steps count from 0: at step 0 alpha is 0, and the "
    "teacher becomes the student; at step 1 it is 1/2. `1 - 1 / (step + 1)`."
)
def a_step_late(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = min(1 - 1 / max(1, step), decay)
    return move(teacher, student, alpha)


@ema_update.mistake(
    "You count one step too many: `1 - 1 / (step + 2)` keeps half of the teacher at step 0, where it should become the student. "
    "`1 - 1 / (step + 1)`."
)
def a_step_early(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = min(1 - 1 / (step + 2), decay)
    return move(teacher, student, alpha)
