"""Test-time flips: ask the network about the image and its mirror images, and average what it says.

A network that has learnt from flipped images should answer a mirror image with a mirrored label; where it does not, it is
unsure, and the mean is better than either. The price is one more pass per image: 2 for one axis, 4 for two, 8 for three.
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from medsegedu.errors import UserError


@torch.no_grad()
def average_flips(answer: Callable[[Tensor], Tensor], image: Tensor, axes: Sequence[int]) -> Tensor:
    """The mean of the probabilities over all ways to flip the image along `axes`: (C, *spatial) -> (classes, *spatial).

    Probabilities are averaged, not logits: one very sure answer then weighs no more than the others.

    Args:
        answer: image -> logits (classes, *spatial), `partial(logits, model)` or `partial(sliding_window, model, patch=64)`.
        axes: of the image's space, from 0. Left and right are an axis only where the label has no side: not for "left lung".

    Raises:
        UserError: an axis that the image does not have, or twice the same.
    """
    dims = image.ndim - 1
    if len(set(axes)) < len(axes) or not set(axes) <= set(range(dims)):
        raise UserError(f"axes is {tuple(axes)}; choose among {tuple(range(dims))}, each once.")
    ways = [way for n in range(len(axes) + 1) for way in itertools.combinations(axes, n)]
    total: Tensor | None = None
    for way in ways:
        turned = [axis + 1 for axis in way]  # after the channels
        probabilities = answer(image.flip(turned)).softmax(0).flip(turned)
        total = probabilities if total is None else total.add_(probabilities)
    assert total is not None  # not to flip is a way too
    return total.div_(len(ways))  # (classes, *spatial)
