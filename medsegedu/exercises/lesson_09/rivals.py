"""Exercise 9.1: the losses of other games, and what only looks like a logarithm."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_09.fooling import generator_loss


@generator_loss.mistake(
    "You return the mean logit with a minus: that is the loss of another game, the Wasserstein GAN, whose judge is trained "
    "in another way. Here the judge gives probabilities: -log(p)."
)
def wasserstein(logits: Tensor) -> Tensor:
    return -logits.mean()


@generator_loss.mistake(
    "You return (logit - 1) squared: the least-squares GAN, a good one, but another. It would also punish a judge who is "
    "*too* convinced. Here it is cross-entropy: -log(p)."
)
def least_squares(logits: Tensor) -> Tensor:
    return (logits - 1).square().mean()


@generator_loss.mistake(
    "You used the label 0.9. Smoothed labels are a trick for the *discriminator's* real half; the generator wants to hear 1."
)
def smoothed(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, 0.9))


@generator_loss.mistake(
    "You returned both halves, as the judge's loss has them. The generator has nothing to say about real pictures, and wants "
    "only one thing of the made ones: label 1."
)
def both_halves(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean() + F.softplus(logits).mean()


@generator_loss.mistake(
    "You return one minus the probability, without a logarithm. Its slope vanishes where the judge is sure, so a bad "
    "generator learns as slowly as with the saturating loss. Take -log(p)."
)
def no_logarithm(logits: Tensor) -> Tensor:
    return (1 - logits.sigmoid()).mean()


@generator_loss.mistake(
    "You took the log of the mean probability. It is to be the mean of the logs: one picture that fools nobody should count, "
    "however good the others are."
)
def log_of_the_mean(logits: Tensor) -> Tensor:
    return -logits.sigmoid().mean().log()


@generator_loss.mistake(
    "You took the log of the raw logits, and a logit may be negative: that is NaN. The logit becomes a probability by the "
    "sigmoid; `F.logsigmoid` takes both at once."
)
def log_of_logits(logits: Tensor) -> Tensor:
    return -logits.log().mean()
