"""From a trained network and an image to a label map."""

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError


@torch.inference_mode()
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


def predict(model: nn.Module, image: Tensor) -> Tensor:
    """The most likely class of each pixel: (C, *spatial) -> (*spatial) int64, on the image's device.

    Raises:
        UserError: as `logits`.
    """
    return logits(model, image).argmax(0)  # (*spatial)
