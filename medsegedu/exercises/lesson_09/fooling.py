"""Exercise 9.1: what the generator wants."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_09 import answers

generator_loss = Exercise(
    "09.generator_loss",
    reference=answers.generator_loss,
    title="Fool the judge",
    minutes=8,
    difficulty=1,
    hints=(
        'The generator wants to hear "real", label 1, for what it has made. Which loss do you know for a label of 0 or 1?',
        "Binary cross-entropy with the label 1 is -log(sigmoid(logit)). torch has it in one piece, exact for every logit: "
        "`F.binary_cross_entropy_with_logits`.",
        "`F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))`; `F.softplus(-logits).mean()` is the same.",
    ),
    after="Right, also for logits of -200. The next figure shows why the generator does not minimise log(1 - p) instead.",
    gradients=True,
)


@generator_loss.case
def one_verdict_each(random: Random) -> tuple[Any, ...]:
    return (2 * random.tensor(7),)


@generator_loss.case
def a_verdict_for_each_patch(random: Random) -> tuple[Any, ...]:
    return (3 * random.tensor(3, 1, 5, 4),)


@generator_loss.case
def a_judge_that_is_very_sure(random: Random) -> tuple[Any, ...]:
    return (150 * random.tensor(6) - 60,)


@generator_loss.case
def double_precision(random: Random) -> tuple[Any, ...]:
    return (random.tensor(2, 3).double(),)


@generator_loss.mistake(
    "You minimise log(1 - p), the formula of the paper's game. Where the judge is sure that the picture is made, its slope is "
    "nearly zero, and that is how every generator begins. Minimise -log(p) instead: steep where the generator is bad."
)
def saturating(logits: Tensor) -> Tensor:
    return F.logsigmoid(-logits).mean()


@generator_loss.mistake(
    "You gave the made pictures the label 0. That is what the *discriminator* should say of them; the generator wants it to "
    "say 1. Use `torch.ones_like(logits)`."
)
def label_of_the_judge(logits: Tensor) -> Tensor:
    return F.softplus(logits).mean()


@generator_loss.mistake(
    "The sign is wrong: you return +log(p), and minimising it makes the pictures *less* like real ones. A cross-entropy is "
    "never negative: -log(p)."
)
def wrong_sign(logits: Tensor) -> Tensor:
    return F.logsigmoid(logits).mean()


@generator_loss.mistake(
    "You took the sigmoid, and then `binary_cross_entropy_with_logits`, which takes it again. The loss then never falls below "
    "0.31, however good the pictures are. Give it the logits as they are."
)
def sigmoid_twice(logits: Tensor) -> Tensor:
    return F.softplus(-logits.sigmoid()).mean()


@generator_loss.mistake(
    "`log(sigmoid(x))` is right on paper. In the computer the sigmoid of -200 is exactly 0, its log is minus infinity, and the "
    "training is over. Use `F.logsigmoid`, `F.softplus(-x)` or `binary_cross_entropy_with_logits`."
)
def sigmoid_then_log(logits: Tensor) -> Tensor:
    return -logits.sigmoid().log().mean()


@generator_loss.mistake(
    "You kept the probability away from 0 before the log. No infinity any more, but no gradient either where the judge is "
    "surest: there the generator learns nothing. `F.softplus(-logits)` is exact everywhere."
)
def probability_clamped(logits: Tensor) -> Tensor:
    return -logits.sigmoid().clamp(min=1e-6).log().mean()


@generator_loss.mistake(
    "You took the log of the raw logits, and a logit may be negative: that is NaN. The logit becomes a probability by the "
    "sigmoid; `F.logsigmoid` takes both at once."
)
def log_of_logits(logits: Tensor) -> Tensor:
    return -logits.log().mean()


@generator_loss.mistake(
    "You return one minus the probability, without a logarithm. Its slope vanishes where the judge is sure, so a bad "
    "generator learns as slowly as with the saturating loss. Take -log(p)."
)
def no_logarithm(logits: Tensor) -> Tensor:
    return (1 - logits.sigmoid()).mean()


@generator_loss.mistake(
    "You added the verdicts up. A PatchGAN gives hundreds of verdicts a picture, and the step would grow with their number: "
    "take the mean over all."
)
def summed(logits: Tensor) -> Tensor:
    return F.softplus(-logits).sum()


@generator_loss.mistake(
    "You added over the patches of each picture and averaged over pictures. Then a larger picture learns in larger steps: "
    "take one mean over all verdicts."
)
def summed_over_patches(logits: Tensor) -> Tensor:
    return F.softplus(-logits).flatten(1).sum(1).mean() if logits.ndim > 1 else F.softplus(-logits).mean()


@generator_loss.mistake(
    "You return a loss for each verdict. `backward` wants one number: take the mean of them all."
)  # fmt: skip
def not_averaged(logits: Tensor) -> Tensor:
    return F.softplus(-logits)


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
    "The number is right, but it carries no gradient (`.item()`, `.detach()` or `torch.no_grad()`): the generator "
    "could not learn from it."
)
def detached(logits: Tensor) -> Tensor:
    return answers.generator_loss(logits).detach()
