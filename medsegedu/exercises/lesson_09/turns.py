"""Exercise 9.2: one step of the discriminator."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.compare import Rules, difference
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.freeze import freeze
from medsegedu.exercises.lesson_09 import answers

Net: TypeAlias = nn.Module
Turn: TypeAlias = Callable[..., Any]


def players(real: Tensor, noise: Tensor) -> tuple[Net, Net]:
    """A generator and a judge with BatchNorm, as those of the lesson, of a few numbers only."""
    grow = (nn.Linear(noise.shape[1], 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, real.shape[1]))
    judge = (nn.Linear(real.shape[1], 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 1), nn.Flatten(0))
    generator, discriminator = fill_parameters(nn.Sequential(*grow), 1), fill_parameters(nn.Sequential(*judge), 2)
    with torch.no_grad():
        judge[3].weight.mul_(3)  # opinions strong enough for steep slopes
    return generator, discriminator


def play(attempt: Turn, real: Tensor, noise: Tensor) -> dict[str, Any]:
    """Two turns of a small judge, whose gradients still hold what the generator's turn left there."""
    generator, judge = players(real, noise)
    optimizer = torch.optim.SGD(judge.parameters(), 0.3)
    for parameter in judge.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    steps: list[int] = []
    optimizer.register_step_post_hook(lambda *_: steps.append(1))
    reached: list[float] = []  # seen on the way: who clears them afterwards has sent them all the same
    for parameter in generator.parameters():
        parameter.register_hook(lambda flow: reached.append(float(flow.abs().sum())))
    losses = [attempt(generator, judge, optimizer, real, noise) for _ in range(2)]
    return {
        "the steps of the given optimizer in two turns": len(steps),
        "the losses of two turns": losses,
        "the discriminator's weights afterwards": [p.detach().clone() for p in judge.parameters()],
        "the generator's weights afterwards": [p.detach().clone() for p in generator.parameters()],
        "gradients that reached the generator": sum(reached),
        "gradients are left in the generator": any(
            bool(p.grad.any()) for p in generator.parameters() if p.grad is not None
        ),
    }


discriminator_step = Exercise(
    "09.discriminator_step",
    reference=answers.discriminator_step,
    title="The judge's turn",
    minutes=20,
    difficulty=3,
    hints=(
        "Five lines: make the pictures, judge both kinds, add the two losses, then the three lines of every training step.",
        "The generator has made its pictures, but it's not its turn: `generator(noise).detach()` cuts the way back.",
        "`F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(made)).mean()` is the loss: real as 1, made as 0. "
        "Then `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`, `return loss.item()`.",
    ),
    after="Both halves, a clean slate, and the generator untouched. The next cell lets the two networks play.",
    call=play,
)


@discriminator_step.case
def as_many_made_as_real(random: Random) -> tuple[Any, ...]:
    return random.tensor(5, 4) + 1, random.tensor(5, 3)


@discriminator_step.case
def more_made_than_real(random: Random) -> tuple[Any, ...]:
    return 2 * random.tensor(3, 6) - 1, random.tensor(8, 2)


@discriminator_step.case
def more_real_than_made(random: Random) -> tuple[Any, ...]:
    return random.tensor(6, 3), random.tensor(4, 5)


def plays_fair(attempt: Turn) -> bool:
    """Whether the numbers are right; where they are not, the cases have told, and other checks would only hide it."""
    random = Random("09.plays_fair")
    real, noise = random.tensor(4, 3), random.tensor(6, 2)
    mine, wanted = (freeze(play(turn, real, noise)) for turn in (attempt, answers.discriminator_step))
    return difference(mine, wanted, Rules()) is None


@discriminator_step.behaviour
def gives_a_number(attempt: Turn) -> str | None:
    if not plays_fair(attempt):
        return None
    real, noise = torch.ones(3, 2), torch.ones(4, 2)
    generator, judge = players(real, noise)
    loss = attempt(generator, judge, torch.optim.SGD(judge.parameters(), 0.1), real, noise)
    if isinstance(loss, Tensor) and loss.requires_grad:
        return "You return the loss as a tensor with its whole graph; return a plain number: `loss.item()`."
    return None


@discriminator_step.behaviour
def leaves_the_networks_as_they_were(attempt: Turn) -> str | None:
    if not plays_fair(attempt):
        return None
    real, noise = torch.ones(3, 2), torch.ones(4, 2)
    generator, judge = players(real, noise)
    attempt(generator, judge, torch.optim.SGD(judge.parameters(), 0.1), real, noise)
    if not (generator.training and judge.training):
        return "After your turn a network is in `eval` mode. Both are in training: leave their modes alone."
    if not all(parameter.requires_grad for parameter in generator.parameters()):
        return "After your turn the generator's weights have `requires_grad` False: it can't learn any more."
    return None


@discriminator_step.behaviour
def a_judge_who_is_sure_and_wrong(attempt: Turn) -> str | None:
    """Whatever is added before the logarithm, 1e-6 or 1e-8, is one and the same mistake."""
    mild, sure = (first_loss(attempt, logit) for logit in (0.5, 200.0))
    if mild is None or abs(mild - 1.9481538) > 1e-3 or sure is None:
        return None
    if not sure < float("inf"):
        return "Right for moderate logits, but a wrong verdict with a logit of 200 should cost 200; yours costs infinity or NaN."
    return (
        None
        if abs(sure - 400) < 0.1
        else "Right for moderate logits, but a wrong verdict with a logit of 200 costs too little."
    )


def first_loss(attempt: Turn, logit: float) -> float | None:
    """The loss of a judge who gives `-logit` to what is real, and `logit` to what is made."""
    generator, judge = nn.Linear(2, 1), nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    with torch.no_grad():
        for parameter, value in zip((*generator.parameters(), *judge.parameters()), (0, logit, 1, 0), strict=True):
            parameter.fill_(value)
    optimizer = torch.optim.SGD(judge.parameters(), 0.0)
    loss = attempt(generator, judge, optimizer, torch.full((3, 1), -logit), torch.ones(4, 2))
    return None if loss is None else float(torch.as_tensor(loss).detach())


def step(optimizer: Any, loss: Tensor) -> float:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def as_real(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean()


def as_made(logits: Tensor) -> Tensor:
    return F.softplus(logits).mean()
