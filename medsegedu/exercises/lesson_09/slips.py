"""Slips of lesson 09: losses of other GANs, means in the wrong place, distances that cancel, names in capitals."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_09.fooling import generator_loss
from medsegedu.exercises.lesson_09.mixing import Pair, joined, mix_batch
from medsegedu.exercises.lesson_09.neighbours import Found, found, nearest_neighbour
from medsegedu.exercises.lesson_09.norms import looked_up, plain, resized, small, spade_norm
from medsegedu.exercises.lesson_09.patients import Cases, cases, leakage_check
from medsegedu.exercises.lesson_09.turns import Net, as_made, as_real, discriminator_step, step


@nearest_neighbour.case
def copies_of_bright_images(random: Random) -> tuple[Any, ...]:
    real = random.tensor(6, 2, 7, 5) + 40  # a distance of 0 among numbers of which the squares are 1600
    return torch.cat([real[2:4], random.tensor(2, 2, 7, 5) + 40]), real


@leakage_check.case
def many_at_once(random: Random) -> tuple[Any, ...]:
    names = ["Ng", "ng", "Ode", "Abe", "abe", "Zoe", "Kim", "Li", "Ann", "ANN-2"]
    seen = cases(random, *((name, f"{k}") for k, name in enumerate(names)))
    shared = ["Zoe", "Ode", "Kim", "ng", "Li", "Ann", "Abe", "Mo", "LI"]
    return seen, cases(random, *((name, f"t-{k}") for k, name in enumerate(shared)))


@generator_loss.mistake(
    "You took the mean over the first axis alone. There may be more (a PatchGAN has a verdict for each patch), or none: "
    "`.mean()` without a number is the mean over all."
)
def mean_of_the_first_axis(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean(0)


@generator_loss.mistake(
    "You return (p - 1) squared. Where the judge is sure that a picture is made, the sigmoid is flat and the slope nothing: the "
    "generator hears least when it needs most. -log(p) is steep there."
)
def squares_of_probabilities(logits: Tensor) -> Tensor:
    return (logits.sigmoid() - 1).square().mean()


@generator_loss.mistake(
    "You return the hinge, max(0, 1 - logit). A good loss for the *judge* of some GANs, but another: here it is -log(p)."
)
def hinge(logits: Tensor) -> Tensor:
    return F.relu(1 - logits).mean()


@generator_loss.mistake(
    "You took a logarithm to the base 2. The natural one is meant, `torch.log`, as in every cross-entropy."
)
def base_two(logits: Tensor) -> Tensor:
    return F.softplus(-logits).mean() / torch.log(torch.tensor(2.0, dtype=logits.dtype))


@generator_loss.mistake(
    "Your softmax lets the pictures compete: one is real only at the cost of the others. Each verdict stands by itself, and is "
    "a sigmoid: `F.logsigmoid`."
)
def softmax_over_pictures(logits: Tensor) -> Tensor:
    return -logits.log_softmax(-1).mean()


@generator_loss.mistake(
    "`F.cross_entropy` takes the last numbers for *classes* of one picture. Here each number is a verdict of its own, and there "
    "are two sides: `F.binary_cross_entropy_with_logits`."
)
def cross_entropy_of_classes(logits: Tensor) -> Tensor:
    return F.cross_entropy(logits, torch.ones_like(logits))


@discriminator_step.mistake(
    "You took the mean of the *logits* and then the loss of that one number. One verdict of +10 then hides many of -1: first the "
    "loss of each picture, then the mean."
)
def loss_of_the_mean(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = discriminator(generator(noise).detach()).mean()
    return step(optimizer, as_real(discriminator(real).mean()) + as_made(made))


@discriminator_step.mistake(
    "You added the losses of all pictures up. The step then grows with the batch, and the kind that comes in greater numbers "
    "decides: a mean of each, and the two added."
)
def sums(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = discriminator(generator(noise).detach())
    return step(optimizer, F.softplus(-discriminator(real)).sum() + F.softplus(made).sum())


@discriminator_step.mistake(
    "Two calls, as it should be; but twice the mean over *all* verdicts is the sum of both means only if both kinds come in "
    "equal numbers. A mean of each, and the two added."
)
def twice_the_mean(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    made = F.softplus(discriminator(generator(noise).detach()))
    return step(optimizer, 2 * torch.cat([F.softplus(-discriminator(real)), made]).mean())


@discriminator_step.mistake(
    "You clipped the gradients before the step. It helps some networks, and makes this step another one: the plain step is asked "
    "for."
)
def clipped(generator: Net, discriminator: Net, optimizer: Any, real: Tensor, noise: Tensor) -> float:
    loss = as_real(discriminator(real)) + as_made(discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(discriminator.parameters(), 1.0)
    optimizer.step()
    return loss.item()


@spade_norm.mistake(
    "Two things. You shrank the label as a picture is shrunk (bilinear): between class 1 and class 3 it then says 2, a tissue "
    "that is not there. And bilinear knows slices only. Class numbers are names: mode 'nearest', which takes volumes too."
)
def label_as_a_picture(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    classes = resized(x, label, mode="bilinear").long()
    return plain(x) * (1 + looked_up(gamma, classes)) + looked_up(beta, classes)


@spade_norm.mistake(
    "You normalised each pixel over its channels. A BatchNorm does the opposite: each *channel* over the batch and all pixels, "
    "dimension 0 and those from 2 on."
)
def pixels_over_channels(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    classes = small(x, label)
    return plain(x, (1,)) * (1 + looked_up(gamma, classes)) + looked_up(beta, classes)


@spade_norm.mistake(
    "You normalised each sample over all its channels (a LayerNorm). Asked for is a BatchNorm's way: each *channel* over the "
    "batch and all pixels, dimension 0 and those from 2 on."
)
def layer_norm(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    classes = small(x, label)
    return plain(x, tuple(range(1, x.ndim))) * (1 + looked_up(gamma, classes)) + looked_up(beta, classes)


@nearest_neighbour.mistake(
    "You multiplied the square out, a^2 + b^2 - 2ab. Large numbers are subtracted there, and what is left of a copy's distance "
    "of 0 is rounding, or the root of a negative number. Subtract the images first, then square."
)
def multiplied_out(made: Tensor, real: Tensor) -> Found:
    size = made[0].numel()
    both = made.flatten(1).square().mean(1)[:, None] + real.flatten(1).square().mean(1)[None]
    return found((both - 2 * made.flatten(1) @ real.flatten(1).T / size).sqrt())


@nearest_neighbour.mistake(
    "You multiplied the square out, a^2 + b^2 - 2ab, and cut off what fell below 0. Rounding is still left where a copy's "
    "distance should be 0, and nobody can tell it from a near miss. Subtract the images first, then square."
)
def multiplied_out_and_clamped(made: Tensor, real: Tensor) -> Found:
    size = made[0].numel()
    both = made.flatten(1).square().mean(1)[:, None] + real.flatten(1).square().mean(1)[None]
    return found((both - 2 * made.flatten(1) @ real.flatten(1).T / size).clamp(min=0).sqrt())


@nearest_neighbour.mistake(
    "`made - real` pairs the first with the first, and stumbles where there are more of one kind. Every made image meets every "
    "real one: `made[:, None] - real[None]`, or two loops."
)
def one_by_one(made: Tensor, real: Tensor) -> Found:
    distances = (made - real).square().flatten(1).mean(1).sqrt()
    return distances, torch.arange(len(made))


@nearest_neighbour.mistake(
    'You returned how alike the images are (the cosine of an angle). It knows no brightness: twice as bright is "equal". '
    "The root of the mean squared difference is asked for, and the smallest."
)
def cosine(made: Tensor, real: Tensor) -> Found:
    alike = F.cosine_similarity(made.flatten(1)[:, None], real.flatten(1)[None], dim=2)  # (M, N)
    return -alike.max(1).values, alike.argmax(1)


@leakage_check.mistake(
    "The names are right, but in the order of the first list. Sort them, so that two reports can be compared line by line."
)
def in_the_order_seen(seen: Cases, held_out: Cases) -> Any:
    tested = {case.patient for case in held_out}
    return list(dict.fromkeys(case.patient for case in seen if case.patient in tested))


@leakage_check.mistake(
    "The names are right, but in no order: a list of a set has them as they happen to lie in memory, otherwise in the next run. "
    "`sorted(...)` makes a list too, and an ordered one."
)
def list_of_a_set(seen: Cases, held_out: Cases) -> Any:
    return list({case.patient for case in seen} & {case.patient for case in held_out})


@leakage_check.mistake("The names are right, but sorted the wrong way round, from Z to A.")
def sorted_backwards(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient for case in seen} & {case.patient for case in held_out}, reverse=True)


@leakage_check.mistake(
    "You wrote all names in small letters. `Ng` and `ng` may be two patients, and nobody finds a name again that has changed: "
    "compare the names as they are."
)
def small_letters(seen: Cases, held_out: Cases) -> Any:
    return sorted({case.patient.lower() for case in seen} & {case.patient.lower() for case in held_out})


@mix_batch.mistake(
    "You shuffled the batch. The mixture is right, but here the real ones come first, in their order, and then the made ones, so "
    "that everybody gets the same batch."
)
def shuffled(real: Pair, made: Pair, share: float) -> Pair:
    image, label = joined(real, made, round(share * len(real[0])))
    order = torch.randperm(len(image))
    return image[order], label[order]
