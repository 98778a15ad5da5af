"""Exercise 9.2: one step of the discriminator."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers


def play(attempt: Callable[..., Any], real: Tensor, noise: Tensor) -> dict[str, Any]:
    """Two steps of a small judge, whose gradients still hold what the generator's step left there."""
    generator = fill_parameters(nn.Sequential(nn.Linear(noise.shape[1], 6), nn.Tanh(), nn.Linear(6, real.shape[1])), 1)
    judge = fill_parameters(nn.Sequential(nn.Linear(real.shape[1], 7), nn.Tanh(), nn.Linear(7, 1), nn.Flatten(0)), 2)
    optimizer = torch.optim.SGD(judge.parameters(), 0.3)
    for parameter in judge.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    losses = [attempt(generator, judge, optimizer, real, noise) for _ in range(2)]
    left = sum(float(p.grad.abs().sum()) for p in generator.parameters() if p.grad is not None)
    return {
        "the losses of two steps": losses,
        "the discriminator's weights afterwards": [p.detach().clone() for p in judge.parameters()],
        "the generator's weights afterwards": [p.detach().clone() for p in generator.parameters()],
        "gradients that reached the generator": left,
    }


discriminator_step = Exercise(
    "09.discriminator_step",
    reference=answers.discriminator_step,
    title="The judge's turn",
    minutes=15,
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
def a_single_real_picture(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 3), random.tensor(4, 5)


def step(optimizer: Any, loss: Tensor) -> float:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def as_real(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean()


def as_made(logits: Tensor) -> Tensor:
    return F.softplus(logits).mean()


Net: TypeAlias = nn.Module


@discriminator_step.mistake(
    "The made pictures are not detached: the judge's loss sends gradients into the generator, which then learns to be "
    "*caught*. Cut the way back: `generator(noise).detach()`."
)
def not_detached(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise))))


@discriminator_step.mistake(
    "There is no `zero_grad`. The generator's turn went *through* the judge and left gradients there, which say how to be "
    "fooled better; you added them to yours. Clear them before `backward`."
)
def no_zero_grad(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    loss.backward()
    optimizer.step()
    return loss.item()


@discriminator_step.mistake(
    'You showed it real pictures only. A judge who has never seen a made one says "real" to everything, and has nothing '
    "to teach. Add the loss of the made ones, with the label 0."
)
def only_real(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)))


@discriminator_step.mistake(
    'You showed it made pictures only. It will say "made" to everything, real ones included. Add the loss of the real ones, '
    "with the label 1."
)
def only_made(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_made(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "The labels are swapped: this judge learns to say 1 to made pictures, and the generator, who wants to hear 1, then learns to "
    "look as made as it can. Real is 1, made is 0."
)
def labels_swapped(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_made(discriminator(real)) + as_real(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "Both kinds got the label 1. That is the generator's wish, not the judge's duty: made pictures are 0 here."
)
def all_real(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) + as_real(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "You took a sigmoid, and then a loss that takes it again. The judge could then never be surer than 73 %. Give the loss "
    "the logits."
)
def sigmoid_twice(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = discriminator(generator(noise).detach()).sigmoid()
    return step(optimizer, as_real(discriminator(real).sigmoid()) + as_made(made))


@discriminator_step.mistake(
    "You halved the sum. Some papers do, to slow the judge down; here the loss is the sum of the two means."
)
def halved(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = discriminator(generator(noise).detach())
    return step(optimizer, (as_real(discriminator(real)) + as_made(made)) / 2)


@discriminator_step.mistake(
    "You put all verdicts into one mean. Then whichever kind comes in greater numbers counts more. Take a mean of each kind, "
    "and add the two."
)
def one_mean(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = discriminator(generator(noise).detach())
    return step(optimizer, torch.cat([F.softplus(-discriminator(real)), F.softplus(made)]).mean())


@discriminator_step.mistake(
    "The loss is right, but the judge stays as it was: `optimizer.step()` is missing, or `zero_grad` stands between `backward` "
    "and `step`. The order is zero_grad, backward, step."
)
def no_step(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@discriminator_step.mistake(
    "You detached the judge's *verdict* on the made pictures, so the made half teaches the judge nothing. Detach the "
    "pictures, before the judge sees them."
)
def verdict_detached(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise)).detach()))


@discriminator_step.mistake(
    "You took two steps, one for each half. The second then judges with weights that the first has just pushed towards `all is "
    "real`, and the judge staggers. Add the halves, and take one step."
)
def two_steps(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    first = step(optimizer, as_real(discriminator(real)))
    return first + step(optimizer, as_made(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "You drew noise of your own and left the given one unused. Then nobody can repeat your run: make the pictures from `noise`."
)
def own_noise(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return answers.discriminator_step(generator, discriminator, optimizer, real, torch.randn_like(noise))
