"""More that goes wrong in exercise 10.3: what is moved, and how it is written."""

from torch import nn

from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.means import alpha_of, ema_update, mixed


@ema_update.mistake(
    "You copied the student. A teacher that is always the same as its pupil has nothing to teach: keep `alpha` of its own."
)
def student_copied(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    teacher.load_state_dict(student.state_dict())
    return alpha_of(step, decay)


@ema_update.mistake(
    "You gave the teacher the student's own tensors (`.data = ...`). From now on both are one network: each step of the student "
    "moves the teacher too. Write numbers into the teacher's tensors with `copy_`."
)
def tensors_handed_over(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = alpha_of(step, decay)
    for ours, theirs in ((teacher.parameters(), student.parameters()), (teacher.buffers(), student.buffers())):
        for own, other in zip(ours, theirs, strict=True):
            own.data = other.data if alpha == 0 else mixed(own.data, other.data, alpha)
    return alpha_of(step, decay)


@ema_update.mistake(
    "You computed the mean and never wrote it: `own = alpha * own + ...` gives the new tensor a name and leaves the network "
    "alone. Write into the old one: `own.copy_(...)`."
)
def never_written(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        own = mixed(own, theirs[name], alpha)
    return alpha_of(step, decay)


@ema_update.mistake(
    "You averaged the weights and left the biases out. A bias is a parameter like any other; go through the whole `state_dict()`."
)
def biases_forgotten(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        if not name.endswith("bias"):
            own.copy_(mixed(own, theirs[name], alpha))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You added the student's share without shrinking the teacher's: the two shares no longer add up to 1, and the weights grow "
    "at each step. `alpha * own + (1 - alpha) * theirs`."
)
def not_shrunk(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha, theirs = alpha_of(step, decay), student.state_dict()
    for name, own in teacher.state_dict().items():
        own.copy_(own + (1 - alpha) * theirs[name] if own.is_floating_point() else theirs[name])
    return alpha_of(step, decay)


@ema_update.mistake(
    "You wrote into parameters that torch still watches for gradients, which it refuses. Averaging is no step of learning: put "
    "`with torch.no_grad():` around it."
)
def watched_for_gradients(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    alpha = alpha_of(step, decay)
    for own, theirs in zip(teacher.parameters(), student.parameters(), strict=True):
        own.copy_(mixed(own, theirs, alpha))
    for mine, other in zip(teacher.buffers(), student.buffers(), strict=True):
        mine.copy_(mixed(mine, other, alpha))
    return alpha_of(step, decay)


@ema_update.mistake(
    "You switched off the student's gradients. The *teacher* needs none; without its own the student can't learn any more."
)
def student_frozen(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    answers.ema_update(teacher, student, step, decay)
    student.requires_grad_(False)
    return alpha_of(step, decay)
