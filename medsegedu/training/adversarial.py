"""A game of two networks: one makes pairs of image and label, the other tells made pairs from real ones.

I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, with its second, non-saturating loss of the generator, and the
step sizes' momentum of DCGAN (Radford 2016).

A **maker** is a network `maker(mask, noise) -> pair`: `FromNoise` makes image and label out of noise; `FromMask` is given a
label and draws an image for it. In both cases the discriminator judges the whole pair, so that image and label must fit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from medsegedu.data.joint import Joint
from medsegedu.device import best_device
from medsegedu.errors import UserError
from medsegedu.training.step import Sampler


class FromNoise(nn.Module):
    """A maker of image and label, from noise alone; the generator has a channel for each contrast and each class."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, mask: Tensor, noise: Tensor) -> Tensor:
        return self.generator(noise)  # (N, contrasts + classes, *spatial)


class FromMask(nn.Module):
    """A maker of an image for a mask that is given (0 and 1), by a generator `(mask, noise) -> image` such as SPADE's."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, mask: Tensor, noise: Tensor) -> Tensor:
        return torch.cat([self.generator(mask, noise), 2 * mask.to(noise.dtype) - 1], 1)


@dataclass
class Game:
    """What happened in the game: both losses at each step, and its seconds."""

    generator: list[float] = field(default_factory=list)
    discriminator: list[float] = field(default_factory=list)
    seconds: float = 0.0


def generator_loss(logits: Tensor) -> Tensor:
    """The discriminator's logits of made pairs -> -log(probability of "real"), the mean: small if it takes them for real."""
    return F.softplus(-logits).mean()


def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
    """Its logits of real and of made pairs -> the sum of both cross-entropies, each the mean over its batch."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


def fit_adversarial(
    maker: nn.Module,
    discriminator: nn.Module,
    sampler: Sampler,
    joint: Joint,
    *,
    steps: int,
    noise: int,
    rate: float = 1e-3,
    l1: float = 0.0,
    seed: int = 0,
    looks: int = 5,
    watch: Callable[[int], None] | None = None,
    progress: bool = True,
) -> Game:
    """Train both networks in place, by turns: a step of the discriminator, a step of the maker.

    Args:
        sampler: draws real images and labels, from training patients only.
        noise: how many random numbers the maker takes.
        rate: the learning rate of both.
        l1: how much the distance between the made and the real image of the same mask counts beside the discriminator's
            opinion, as in pix2pix; 0 for makers that know no mask.
        watch: called with the number of steps done, before the first and then `looks` times, evenly spread.

    Raises:
        UserError: a loss is no longer finite.
    """
    device = best_device()
    maker, discriminator = maker.to(device).train(), discriminator.to(device).train()
    learner, judge = (torch.optim.Adam(net.parameters(), rate, betas=(0.5, 0.999)) for net in (maker, discriminator))
    random = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # for networks that drop out
    look_at = {round(steps * (k + 1) / looks) for k in range(looks)}
    game, start = Game(), time.perf_counter()
    if watch is not None:
        watch(0)
    for step in tqdm(range(1, steps + 1), desc="two networks", disable=not progress):
        image, label = (part.to(device) for part in sampler.draw())
        real, mask = joint.join(image, label), joint.mask(label)
        made = maker(mask, torch.randn(len(image), noise, generator=random).to(device))

        verdict = discriminator_loss(discriminator(real), discriminator(made.detach()))
        judge.zero_grad()
        verdict.backward()
        judge.step()

        value = generator_loss(discriminator(made))
        if l1:
            value = value + l1 * F.l1_loss(made, real)
        learner.zero_grad()
        value.backward()
        learner.step()

        game.generator.append(value.item())
        game.discriminator.append(verdict.item())
        if not torch.isfinite(value + verdict):
            raise UserError(f"A loss is not finite at step {step}; try a lower rate than {rate}.")
        if watch is not None and step in look_at:
            watch(step)
    game.seconds = time.perf_counter() - start
    return game
