"""The right answers of lesson 09, each fit to be pasted into a notebook."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

Pair = tuple[torch.Tensor, torch.Tensor]


def generator_loss(logits: torch.Tensor) -> torch.Tensor:
    """The discriminator's logits of made pairs, any shape -> the mean of -log(probability of "real")."""
    return F.softplus(-logits).mean()


def discriminator_step(
    generator: torch.nn.Module, discriminator: torch.nn.Module, optimizer: Any, real: torch.Tensor, noise: torch.Tensor
) -> float:
    """One step of the discriminator -> its loss: cross-entropy of real pairs as 1 plus that of made pairs as 0."""
    made = generator(noise).detach()
    loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(made)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def nearest_neighbour(made: torch.Tensor, real: torch.Tensor) -> Pair:
    """made (M, C, *spatial), real (N, C, *spatial) -> distance (M,) to the nearest real image, and which it is (M,)."""
    difference = made[:, None] - real[None]  # (M, N, C, *spatial)
    nearest = difference.square().flatten(2).mean(2).sqrt().min(1)  # over the (M, N) distances
    return nearest.values, nearest.indices


def spade_norm(x: torch.Tensor, label: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """x (N, C, *spatial), label (N, *any), gamma and beta (classes, C) -> (N, C, *spatial)."""
    over = (0, *range(2, x.ndim))  # all but the channels
    plain = (x - x.mean(over, keepdim=True)) / (x.var(over, keepdim=True, correction=0) + 1e-5).sqrt()
    small = F.interpolate(label[:, None].to(x.dtype), x.shape[2:], mode="nearest")[:, 0].long()  # (N, *spatial)
    return plain * (1 + gamma[small].movedim(-1, 1)) + beta[small].movedim(-1, 1)


def leakage_check(seen: Sequence[Any], held_out: Sequence[Any]) -> list[str]:
    """Cases that the generator has learnt from, cases held out -> the patients who are in both, sorted, each once."""
    return sorted({case.patient for case in seen} & {case.patient for case in held_out})


def mix_batch(real: Pair, made: Pair, share: float) -> Pair:
    """(image, label) of N real and of M made pairs -> N pairs: the first real ones, then the first round(share * N) made."""
    count = round(share * len(real[0]))
    kept = len(real[0]) - count
    image = torch.cat([real[0][:kept], made[0][:count]])
    return image, torch.cat([real[1][:kept], made[1][:count]])
