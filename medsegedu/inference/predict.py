"""From a trained network and an image to a label map, on the image's own grid."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.inference.flips import average_flips
from medsegedu.inference.sliding_window import sliding_window

Size = int | Sequence[int]


@torch.no_grad()
def logits(model: nn.Module, image: Tensor) -> Tensor:
    """The network's answer for one image: (C, *spatial) -> (classes, *spatial), float32, on the image's device.

    Raises:
        UserError: the image is not (C, *spatial), or the network returns another size.
    """
    if image.ndim not in (3, 4):
        raise UserError(
            f"predict takes one image (C, H, W) or (C, D, H, W), not {tuple(image.shape)}; pass case.image."
        )
    weight = next(model.parameters())
    model.eval()
    batch = image[None].to(weight.device, weight.dtype)  # (1, C, *spatial)
    out = model(batch)[0].float()  # (classes, *spatial)
    if out.shape[1:] != image.shape[1:]:
        raise UserError(
            f"The network returns {tuple(out.shape[1:])} for an image of {tuple(image.shape[1:])}; "
            f"predict needs one that keeps the size (padding='same')."
        )
    return out.to(image.device)


def probabilities(model: nn.Module, image: Tensor, *, patch: Size | None = None, flips: Sequence[int] = ()) -> Tensor:
    """How likely each class is at each pixel: (C, *spatial) -> (classes, *spatial), sum 1, on the image's device.

    Args:
        patch: the image goes through in windows of this size (see `sliding_window`); None: whole.
        flips: axes along which the image is also flipped (see `average_flips`).

    Raises:
        UserError: as `logits`, `sliding_window` and `average_flips`.
    """
    return average_flips(_answer(model, patch), image, flips)


def predict(model: nn.Module, image: Tensor, *, patch: Size | None = None, flips: Sequence[int] = ()) -> Tensor:
    """The most likely class of each pixel: (C, *spatial) -> (*spatial) int64, on the image's device.

    Args, Raises: as `probabilities`.
    """
    answer = _answer(model, patch)
    scores = average_flips(answer, image, flips) if flips else answer(image)  # (classes, *spatial)
    return scores.argmax(0)  # (*spatial)


def _answer(model: nn.Module, patch: Size | None) -> partial[Tensor]:
    return partial(logits, model) if patch is None else partial(sliding_window, model, patch=patch)
