"""Exercise 9.2, what goes wrong with the loss: verdicts, labels, means."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_09 import answers
from medsegedu.exercises.lesson_09.turns import Net, as_made, as_real, discriminator_step, step


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
    "You put real and made pictures into one batch and sent it through the judge *once*. Its BatchNorm then takes one mean over "
    "both kinds; in the generator's turn it sees made ones alone, and normalises them in another way. So the generator learns to "
    "fool a judge whom you never train, and the game ends in noise. Call the judge twice: once for the real, once for the made."
)
def one_pass(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    logits = discriminator(torch.cat([real, generator(noise).detach()]))
    return step(optimizer, as_real(logits[: len(real)]) + as_made(logits[len(real) :]))


@discriminator_step.mistake(
    "Two things. First: real and made pictures went through the judge in one batch, and its BatchNorm mixes the two "
    "kinds; call the judge twice. Then take a mean of each kind and add the two: a mean over all counts that kind "
    "more which comes in greater numbers."
)
def one_pass_and_one_mean(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    logits = discriminator(torch.cat([real, generator(noise).detach()]))
    return step(optimizer, torch.cat([F.softplus(-logits[: len(real)]), F.softplus(logits[len(real) :])]).mean())


@discriminator_step.mistake(
    "Twice the mean over one joint batch is the sum of both means only if both kinds come in equal numbers. And the "
    "BatchNorm of the judge mixes the two kinds: call the judge twice, take a mean of each, and add them."
)
def one_pass_and_twice_the_mean(
    generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor
) -> float:
    logits = discriminator(torch.cat([real, generator(noise).detach()]))
    return step(optimizer, 2 * torch.cat([F.softplus(-logits[: len(real)]), F.softplus(logits[len(real) :])]).mean())


@discriminator_step.mistake(
    "Right for moderate logits. But you take the sigmoid first and the logarithm after it: where the judge is sure "
    "and wrong, the sigmoid is exactly 0 or 1, the logarithm infinite, and the training over. As in 9.1, let torch "
    "take both in one piece."
)
def logarithm_of_the_sigmoid(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    says_real, says_made = discriminator(real).sigmoid(), discriminator(generator(noise).detach()).sigmoid()
    return step(optimizer, -says_real.log().mean() - (1 - says_made).log().mean())


@discriminator_step.mistake(
    "Right for moderate logits. But you keep the probability away from 0 before the logarithm: no infinity any more, "
    "but a judge who is sure and wrong pays about 18 instead of 200, and gets no gradient to learn from. As in 9.1, "
    "give the logits to a function that is exact."
)
def logarithm_kept_finite(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    says_real, says_made = discriminator(real).sigmoid(), discriminator(generator(noise).detach()).sigmoid()
    return step(optimizer, -(says_real + 1e-8).log().mean() - (1 - says_made + 1e-8).log().mean())


@discriminator_step.mistake(
    "`binary_cross_entropy` wants probabilities, and the judge gives logits. There is a sister of it that takes them "
    "as they are: `F.binary_cross_entropy_with_logits`."
)
def probabilities_wanted(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    says_real, says_made = discriminator(real), discriminator(generator(noise).detach())
    first = F.binary_cross_entropy(says_real, torch.ones_like(says_real))
    return step(optimizer, first + F.binary_cross_entropy(says_made, torch.zeros_like(says_made)))


@discriminator_step.mistake(
    "Your labels have the shape (N, 1), and the judge gives one logit a picture, (N,). Make the labels like its "
    "answer, `torch.ones_like(says_real)`; that fits every judge."
)
def labels_in_columns(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    says_real, says_made = discriminator(real), discriminator(generator(noise).detach())
    first = F.binary_cross_entropy_with_logits(says_real, torch.ones(len(real), 1))
    return step(optimizer, first + F.binary_cross_entropy_with_logits(says_made, torch.zeros(len(noise), 1)))


@discriminator_step.mistake(
    "You gave the real pictures the label 0.9. Some papers do, to keep the judge from being too sure; here it is 1."
)
def smoothed(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    says_real = discriminator(real)
    first = F.binary_cross_entropy_with_logits(says_real, torch.full_like(says_real, 0.9))
    return step(optimizer, first + as_made(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "For the made half you took the generator's loss with a minus. The judge does want the opposite, but that loss "
    "has no bottom: it can be made as negative as one likes. Take the cross-entropy with the label 0."
)
def minus_the_generators_loss(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return step(optimizer, as_real(discriminator(real)) - as_real(discriminator(generator(noise).detach())))


@discriminator_step.mistake(
    "You drew noise of your own and left the given one unused. Then nobody can repeat your run: make the pictures from `noise`."
)
def own_noise(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return answers.discriminator_step(generator, discriminator, optimizer, real, torch.randn_like(noise))


@discriminator_step.mistake(
    "You made only as many pictures as there are real ones. The two numbers need not agree, since each kind has a "
    "mean of its own: use all of `noise`."
)
def noise_cut(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    return answers.discriminator_step(generator, discriminator, optimizer, real, noise[: len(real)])
