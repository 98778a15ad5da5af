"""A large image through a network in overlapping windows, whose answers are blended into one.

A volume seldom fits into memory with all the maps of a network. Near its border a window's answer is poor, since half of what
the network looks at is missing there; so windows overlap, and each counts most in its middle: by a Gaussian (F. Isensee et
al., "nnU-Net", Nature Methods 2021) whose sigma is an eighth of the window, as there and in MONAI. No weight is under 0.001, so
that the image's corners, which lie in no window's middle, are divided by a number that is not almost 0.

*Logits* are blended, as in both; the softmax is taken once, afterwards.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from medsegedu.device import autocast_dtype, channels_last
from medsegedu.errors import UserError

Box = tuple[slice, ...]
Blend = Literal["gaussian", "constant"]
Progress = Callable[[Sequence[Sequence[Box]]], Iterable[Sequence[Box]]]


@torch.no_grad()
def sliding_window(
    model: nn.Module,
    image: Tensor,
    *,
    patch: int | Sequence[int],
    overlap: float = 0.5,
    batch: int = 2,
    blend: Blend = "gaussian",
    bfloat16: bool = False,
    progress: Progress | None = None,
) -> Tensor:
    """The network's answer for one image of any size: (C, *spatial) -> logits (classes, *spatial), on the image's device.

    The windows are computed on the model's device and added up on the image's, so a volume that stays on the CPU needs no
    more GPU memory than a batch of windows. Logits are float32 (float64 for a network of float64).

    Args:
        patch: the window's size, one number or one per axis. Where the image is smaller, the window is the image's size
            (MONAI pads with zeros instead).
        overlap: the part of a window that the next one repeats, 0 <= overlap < 1; the last windows are shifted back to end
            where the image ends.
        batch: windows at once; more than two only help a GPU.
        blend: "gaussian", or "constant" for a plain mean.
        bfloat16: compute in half precision where the hardware does (see `autocast_dtype`): about a third of the time, and
            logits to two or three digits.
        progress: wraps the list of batches, for instance `tqdm`.

    Raises:
        UserError: the image, the patch or the overlap makes no sense, or the network returns another size.
    """
    size, window = _check(image, patch, overlap, batch, blend)
    weight = next(model.parameters(), image)
    device, dtype = weight.device, weight.dtype
    half = autocast_dtype(device) if bfloat16 else None  # float64 stays so
    layout = channels_last(len(size))
    boxes = window_boxes(size, window, overlap)
    batches = [boxes[first : first + batch] for first in range(0, len(boxes), batch)]
    kept = torch.promote_types(dtype, torch.float32)
    weights = torch.ones(window, dtype=kept) if blend == "constant" else gaussian(window, dtype=kept)
    weights = weights.to(image.device)  # (*window)
    total = torch.zeros(size, dtype=kept, device=image.device)
    logits: Tensor | None = None

    model.eval()
    for some in batches if progress is None else progress(batches):
        # Windows that are laid out with their channels last keep every later map so, and convolutions are then faster.
        windows = torch.empty((len(some), len(image), *window), dtype=dtype, device=device, memory_format=layout)
        for place, box in zip(windows, some, strict=True):
            place.copy_(image[:, *box])
        with torch.autocast(device.type, half) if half else nullcontext():
            answers = model(windows)  # (n, classes, *window)
        if answers.shape[2:] != windows.shape[2:]:
            raise UserError(
                f"The network returns {tuple(answers.shape[2:])} for a window of {window}; "
                f"a sliding window needs one that keeps the size (padding='same')."
            )
        if logits is None:
            logits = torch.zeros((answers.shape[1], *size), dtype=kept, device=image.device)
        for answer, box in zip(answers.to(image.device), some, strict=True):
            logits[:, *box].addcmul_(answer, weights)
            total[box] += weights
    assert logits is not None  # there is at least one window
    return logits.div_(total)  # (classes, *size)


def window_boxes(size: Sequence[int], window: Sequence[int], overlap: float) -> list[Box]:
    """Where the windows lie, in the image's order; together they cover it."""
    starts = []
    for length, width in zip(size, window, strict=True):
        step = max(1, int(width * (1 - overlap) + 1e-6))  # 10 * (1 - 0.8) is a little less than 2
        last = length - width
        starts.append([min(start, last) for start in range(0, last + step, step)])
    return [
        tuple(slice(start, start + width) for start, width in zip(corner, window, strict=True))
        for corner in itertools.product(*starts)
    ]


def gaussian(window: Sequence[int], *, dtype: torch.dtype = torch.float32) -> Tensor:
    """The weight of each pixel of a window (*window): 1 in the middle, 0.001 at the least."""
    weights = torch.ones((), dtype=dtype)
    for width in window:
        distance = torch.arange(width, dtype=dtype) - (width - 1) / 2  # from the middle
        weights = weights[..., None] * torch.exp(-0.5 * (distance / (width / 8)) ** 2)
    return weights.clamp(min=1e-3)


def _check(
    image: Tensor, patch: int | Sequence[int], overlap: float, batch: int, blend: Blend
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The image's spatial size, and the window's."""
    if image.ndim not in (3, 4) or 0 in image.shape:
        raise UserError(f"Give one image (C, H, W) or (C, D, H, W), not {tuple(image.shape)}; pass case.image.")
    size = tuple(image.shape[1:])
    widths = (patch,) * len(size) if isinstance(patch, int) else tuple(patch)
    if len(widths) != len(size) or min(widths) < 1:
        raise UserError(f"patch is {patch!r}; give a size of at least 1 pixel, or {len(size)}, one per axis.")
    if not 0 <= overlap < 1:
        raise UserError(f"overlap is {overlap!r}; give a part of the window, at least 0 and less than 1.")
    if batch < 1:
        raise UserError(f"batch is {batch}; give at least 1 window at once.")
    if blend not in ("gaussian", "constant"):
        raise UserError(f"blend is {blend!r}; choose 'gaussian' or 'constant'.")
    return size, tuple(min(pair) for pair in zip(widths, size, strict=True))
