"""Pairs from a trained maker, and batches that are partly real and partly made."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from medsegedu.data.joint import Joint
from medsegedu.errors import UserError
from medsegedu.training.step import Sampler


@torch.no_grad()
def make_pairs(
    maker: nn.Module, sampler: Sampler, joint: Joint, count: int, *, noise: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """`count` made pairs on the processor: image (count, C, *spatial), label (count, *spatial).

    A maker that wants masks gets those of the sampler's labels. The networks stay in training mode, and normalise each batch
    by itself as they did when they learnt: the running means of a GAN are those of many generators.
    """
    device = next(maker.parameters()).device
    random = torch.Generator().manual_seed(seed)
    images: list[Tensor] = []
    labels: list[Tensor] = []
    while sum(len(label) for label in labels) < count:
        mask = joint.mask(sampler.draw()[1]).to(device)
        pair = maker(mask, torch.randn(len(mask), noise, generator=random).to(device))
        image, label = joint.part(pair)
        images.append(image.cpu())
        labels.append(label.cpu())
    return torch.cat(images)[:count], torch.cat(labels)[:count]


class Mixed:
    """Draws batches in which `share` of the samples (rounded) are made and the others real.

    Args:
        real: draws the real batch, whose last samples give way to made ones.
        made: images (M, C, *spatial) and labels (M, *spatial).

    Raises:
        UserError: a share that is none.
    """

    def __init__(self, real: Sampler, made: tuple[Tensor, Tensor], share: float, *, seed: int = 0) -> None:
        if not 0 <= share <= 1:
            raise UserError(f"share is {share}; give a number from 0 (all real) to 1 (all made).")
        self.real, self.made, self.share = real, made, share
        self.random: Any = np.random.default_rng(seed)  # also that of the augmentation

    def draw(self) -> tuple[Tensor, Tensor]:
        image, label = self.real.draw()
        count = round(self.share * len(image))
        chosen = torch.from_numpy(self.random.integers(0, len(self.made[0]), count))
        kept = len(image) - count
        return torch.cat([image[:kept], self.made[0][chosen]]), torch.cat([label[:kept], self.made[1][chosen]])
