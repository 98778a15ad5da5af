"""Exercise 9.2, what goes wrong around the loss: gradients, steps, modes."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.lesson_09 import answers
from medsegedu.exercises.lesson_09.turns import Net, as_made, as_real, discriminator_step, step


@discriminator_step.mistake(
    "The made pictures are not detached, so the judge's loss sends gradients into the generator. At best they are time lost; and "
    "where the generator's own turn does not begin with `zero_grad`, they teach it to be *caught*. Cut the way back: "
    "`generator(noise).detach()`, or make the pictures under `torch.no_grad()`."
)
def not_detached(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise))))


@discriminator_step.mistake(
    "You let the gradients run into the generator and cleared them afterwards. It does no harm, but the whole way "
    "back through the generator was computed for nothing, in every step. Cut it before: `generator(noise).detach()`."
)
def cleared_afterwards(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise))))
    generator.zero_grad()
    return loss


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
    "Two lines are missing. First `optimizer.zero_grad()`, before `backward`: the generator's turn left gradients in "
    "the judge, which say how to be fooled better, and you added them to yours. Then the made pictures: detach them, "
    "so that no gradient runs into the generator."
)
def neither(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise)))
    loss.backward()
    optimizer.step()
    return loss.item()


@discriminator_step.mistake(
    "Your `zero_grad` stands at the end. The judge's next turn is not next: the generator's turn comes between and "
    "leaves gradients in the judge, so yours are added to those. Clear them right before `backward`."
)
def cleared_at_the_end(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@discriminator_step.mistake(
    "Two things. First: your `zero_grad` stands at the end, but between two turns of the judge the generator's turn "
    "leaves gradients in it; clear them right before `backward`. Then detach the made pictures: no gradient should "
    "reach the generator."
)
def cleared_at_the_end_and_not_detached(
    generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor
) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise)))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@discriminator_step.mistake(
    "You cleared the gradients twice, so what the first half had taught was gone before the step. Clear once, before "
    "both halves; `backward` adds to what is there."
)
def cleared_between_the_halves(
    generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor
) -> float:
    first, second = as_real(discriminator(real)), as_made(discriminator(generator(noise).detach()))
    for half in (first, second):
        optimizer.zero_grad()
        half.backward()
    optimizer.step()
    return first.item() + second.item()


@discriminator_step.mistake(
    "The loss is right, but the judge stays as it was: `optimizer.step()` is missing. The order is zero_grad, backward, step."
)
def no_step(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@discriminator_step.mistake(
    "Your `zero_grad` stands between `backward` and `step`: the step then finds gradients of zero, and the judge "
    "stays as it was. The order is zero_grad, backward, step."
)
def cleared_before_the_step(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@discriminator_step.mistake(
    "You detached the judge's *verdict* on the made pictures, so the made half teaches the judge nothing. Detach the "
    "pictures, before the judge sees them."
)
def verdict_detached(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise)).detach()))


@discriminator_step.mistake(
    "`no_grad` covers too much (or both verdicts are detached): the loss then has no gradient, and `backward` "
    "nothing to do. Only the generator belongs under it; the judge must be called outside."
)
def nothing_recorded(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    with torch.no_grad():
        loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    return step(optimizer, loss)


@discriminator_step.mistake(
    "You took two steps, one for each half. The second then judges with weights that the first has just pushed towards `all is "
    "real`, and the judge staggers. Add the halves, and take one step."
)
def two_steps(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    first = step(optimizer, as_real(discriminator(real)))
    return first + step(optimizer, as_made(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "You made an optimizer of your own. A new one in each turn forgets what Adam had learnt about the size of its "
    "steps, and takes its own rate, not the given one. Use `optimizer`."
)
def another_optimizer(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    own = torch.optim.Adam(discriminator.parameters())
    return answers.discriminator_step(generator, discriminator, own, real, noise)


@discriminator_step.mistake(
    "The step is right, but you return the loss of the judge *after* it. Asked for is the loss before the step, the "
    "one that you called `backward` on: no second look is needed."
)
def loss_after_the_step(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = generator(noise).detach()
    step(optimizer, as_real(discriminator(real)) + as_made(discriminator(made)))
    return (as_real(discriminator(real)) + as_made(discriminator(made))).item()


@discriminator_step.mistake(
    "The step is right, but you return the loss as a tensor, with its whole graph hanging on it: a list of such "
    "losses fills the memory, and the next figure can't draw them. A plain number: `loss.item()`."
)
def a_tensor(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> Tensor:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    step(optimizer, loss)
    return loss


@discriminator_step.mistake(
    "You switched `requires_grad` of the generator off, and never on again: it can't learn any more, and nothing "
    "will tell you. `generator(noise).detach()` does what you want, for this turn alone."
)
def generator_frozen(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    for parameter in generator.parameters():
        parameter.requires_grad_(False)
    return step(optimizer, as_real(discriminator(real)) + as_made(discriminator(generator(noise))))


@discriminator_step.mistake(
    "You made the pictures with the generator in `eval` mode. Its BatchNorm then uses running averages, and the judge sees "
    "other pictures than those that the generator will be judged by (in its own turn too, if it stays in that mode). Leave both "
    "networks in training; `no_grad` or `detach` is all you need."
)
def generator_in_eval(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    generator.eval()
    return answers.discriminator_step(generator, discriminator, optimizer, real, noise)


@discriminator_step.mistake(
    "You put the judge into `eval` mode: its BatchNorm uses running averages, while in the generator's turn it "
    "should use the batch. It is the judge who learns here: leave it in training."
)
def discriminator_in_eval(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    discriminator.eval()
    return answers.discriminator_step(generator, discriminator, optimizer, real, noise)
