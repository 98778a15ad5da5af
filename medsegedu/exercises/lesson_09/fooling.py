"""Exercise 9.1: what the generator wants."""

from collections.abc import Callable
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
    return (1.5 * random.tensor(3, 1, 5, 4),)


@generator_loss.case
def a_single_number(random: Random) -> tuple[Any, ...]:
    return (random.tensor(1)[0],)


@generator_loss.case
def double_precision(random: Random) -> tuple[Any, ...]:
    return (random.tensor(2, 3).double(),)


@generator_loss.behaviour
def a_judge_that_is_very_sure(attempt: Callable[[Tensor], Tensor]) -> str | None:
    """Whatever keeps the logarithm finite, 1e-6 or 1e-8, before or behind it, is one and the same mistake."""
    mild = torch.tensor([0.5, -1.5])
    if not same_number(attempt(mild), F.softplus(-mild).mean()):
        return None  # the cases have told
    logits = torch.tensor([-90.0, -1000.0, -200.0, 30.0, -15.0], requires_grad=True)
    loss = attempt(logits)
    flow = torch.autograd.grad(loss, logits, allow_unused=True)[0] if loss.requires_grad else None
    if flow is None:
        return None
    if not torch.isfinite(loss):
        return (
            "Right for moderate logits, but a logit of -200 should cost 200: yours costs infinity, or is not a number."
        )
    if not same_number(loss, torch.tensor(261.0)) or bool((flow == 0)[:3].any()):
        return "Right for moderate logits, but a logit of -200 should cost 200, and yours costs less, or has no slope."
    return (
        None
        if torch.isfinite(flow).all()
        else "The loss of very sure logits is right, but its gradient is not a number."
    )


def same_number(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and bool(torch.isclose(first, second, rtol=1e-3))


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
    "Right on paper: `log(sigmoid(x))`, or `log(1 + exp(-x))`. In the computer the sigmoid of -200 is exactly 0, exp(200) is "
    "infinity, and the training is over. torch takes both in one piece, exact for every logit: look for a function of `F` that "
    "has `log` and `sigmoid`, or `with_logits`, in its name."
)
def sigmoid_then_log(logits: Tensor) -> Tensor:
    return -logits.sigmoid().log().mean()


@generator_loss.mistake(
    "You kept the probability away from 0 before the log, by `clamp` or by adding a small number like 1e-8. No infinity any "
    "more, but a logit of -200 then costs about 18, not 200, and has no gradient: the generator learns nothing where the judge "
    "is surest. Give the *logits* to a function that is exact: `F.softplus(-logits)` or `binary_cross_entropy_with_logits`."
)
def probability_clamped(logits: Tensor) -> Tensor:
    return -logits.sigmoid().clamp(min=1e-6).log().mean()


@generator_loss.mistake(
    "You go through the first axis, number by number. A verdict can also be a single number, without any axis, and then there is "
    "nothing to go through: torch works on all shapes at once, `F.softplus(-logits).mean()`."
)
def along_the_first_axis(logits: Tensor) -> Tensor:
    total = torch.zeros((), dtype=logits.dtype)
    for logit in logits:
        total = total + F.softplus(-logit).mean()
    return total / len(logits)


@generator_loss.mistake(
    "You added the verdicts up. A PatchGAN gives hundreds of verdicts a picture, and the step would grow with their number: "
    "take the mean over all."
)
def summed(logits: Tensor) -> Tensor:
    return F.softplus(-logits).sum()


@generator_loss.mistake(
    "You added up and divided by `len(logits)`, the length of the first axis alone. There may be more axes (a PatchGAN has a "
    "verdict for each patch), or none at all: `.mean()` counts for you."
)
def divided_by_len(logits: Tensor) -> Tensor:
    return F.softplus(-logits).sum() / len(logits)


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
    "The number is right, but it carries no gradient (`.item()`, `.detach()` or `torch.no_grad()`): the generator "
    "could not learn from it."
)
def detached(logits: Tensor) -> Tensor:
    return answers.generator_loss(logits).detach()
