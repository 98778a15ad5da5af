"""Exercise 3.2: further wrong ways to make two maps fit."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_03.joins import crop_and_concat, cut


@crop_and_concat.mistake(
    "Your starts are exchanged: the margin of the rows stands in the slice of the columns, and the other way round. Dimension 2 "
    "counts rows (`top`, `h`), dimension 3 columns (`left`, `w`)."
)
def starts_exchanged(up: Tensor, skip: Tensor) -> Tensor:
    (h, w), (rows, columns) = up.shape[-2:], skip.shape[-2:]
    top, left = (rows - h) // 2, (columns - w) // 2
    return torch.cat([skip[..., left : left + h, top : top + w], up], 1)


@crop_and_concat.mistake(
    "You cut the skip rightly, but return it alone: the decoder's map is lost. Put the two side by side with "
    "`torch.cat([...], dim=1)`."
)
def cut_only(up: Tensor, skip: Tensor) -> Tensor:
    return cut(up, skip)


@crop_and_concat.mistake(
    "You enlarged `up` with zeros below and to the right until it matched the skip. Its pixels no longer lie over those of the "
    "skip, and the result is larger than promised. Leave `up` as it is and cut the skip's centre."
)
def padded_at_the_end(up: Tensor, skip: Tensor) -> Tensor:
    rows, columns = skip.shape[-2] - up.shape[-2], skip.shape[-1] - up.shape[-1]
    return torch.cat([skip, F.pad(up, (0, columns, 0, rows))], 1)


@crop_and_concat.mistake(
    "You padded `up` all around and put it first. The result is larger than promised, framed by invented zeros: cut the skip to "
    "the size of `up` instead, and put the skip first."
)
def padded_and_first(up: Tensor, skip: Tensor) -> Tensor:
    rows, columns = skip.shape[-2] - up.shape[-2], skip.shape[-1] - up.shape[-1]
    around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return torch.cat([F.pad(up, around), skip], 1)


@crop_and_concat.mistake(
    "You stretched `up` to the size of the skip. It should cover only the skip's centre; stretched over all of it, each "
    "structure lands beside its place. Leave `up` as it is and cut the skip."
)
def stretched_up(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([skip, F.interpolate(up, size=skip.shape[-2:])], 1)


@crop_and_concat.mistake(
    "The numbers are right, but the decoder's map was cut off with `.detach()` or `.data`: nothing below this join would "
    "learn. Join the maps as they are."
)
def detached_up(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([cut(up, skip), up.detach()], 1)


@crop_and_concat.mistake(
    "The numbers are right, but both maps were cut off (`.detach()`, `.data` or `torch.no_grad()`): nothing before this join "
    "would learn. Join the maps as they are."
)
def detached_both(up: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([cut(up, skip), up], 1).detach()
