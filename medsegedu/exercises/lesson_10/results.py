"""More that goes wrong in exercise 10.2: whose mean it is, and what comes back."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.kept import each, kept_loss


def of_each_image(logits: Tensor, label: Tensor) -> list[Tensor]:
    """The mean of each image that keeps a pixel."""
    pairs = zip(logits, label, strict=True)
    return [F.cross_entropy(a[None], b[None], ignore_index=-1) for a, b in pairs if (b != -1).any()]


@kept_loss.mistake(
    "You took the mean of each image that keeps a pixel, and then of those images. An image with three kept pixels counts as "
    "much as one with a thousand. Give all images to one mean: the sum over all kept pixels, divided by their number."
)
def mean_of_those_that_keep(logits: Tensor, label: Tensor) -> Tensor:
    means = of_each_image(logits, label)
    return torch.stack(means).mean() if means else logits.sum() * 0


@kept_loss.mistake(
    "You took the mean of each image first: one that keeps no pixel gives NaN and spoils the others, and one with three kept "
    "pixels counts as much as one with a thousand. One mean over the kept pixels of all images; then see to it that none "
    "kept gives 0."
)
def mean_of_images_with_nan(logits: Tensor, label: Tensor) -> Tensor:
    pairs = zip(logits, label, strict=True)
    return torch.stack([F.cross_entropy(a[None], b[None], ignore_index=-1) for a, b in pairs]).mean()


@kept_loss.mistake(
    "Two things. You took the mean of each image and then of the images, so three kept pixels can count as much as a thousand: "
    "take one mean over all kept pixels. And if no image keeps any, there is nothing to stack: the loss is 0 then."
)
def nothing_to_stack(logits: Tensor, label: Tensor) -> Tensor:
    return torch.stack(of_each_image(logits, label)).mean()


@kept_loss.mistake(
    "Where no pixel is kept you return the plain number 0. It has no `backward()`, which the training calls in its very first "
    "step. Return a tensor that hangs on the logits: `logits.sum() * 0`, or the sum of the losses divided by "
    "`max(1, number of kept pixels)`, which needs no `if` at all."
)
def plain_zero(logits: Tensor, label: Tensor) -> Tensor | int:
    return answers.kept_loss(logits, label) if (label != -1).any() else 0


@kept_loss.mistake(
    "Where no pixel is kept you return the plain number 0.0. It has no `backward()`, which the training calls in its very first "
    "step. Return a tensor that hangs on the logits, e.g. `logits.sum() * 0`, or divide the sum by at least 1."
)
def plain_zero_point_zero(logits: Tensor, label: Tensor) -> Tensor | float:
    return answers.kept_loss(logits, label) if (label != -1).any() else 0.0


@kept_loss.mistake(
    "You returned a plain number (`.item()`, `float()`). The value is right, but `backward()` needs the tensor: leave it out."
)
def item(logits: Tensor, label: Tensor) -> float:
    return answers.kept_loss(logits, label).item()


@kept_loss.mistake(
    "Two things. You returned a plain number (`.item()`, `float()`), and `backward()` needs the tensor. And where no pixel is "
    "kept it is NaN: divide the sum by at least 1."
)
def item_that_may_be_nan(logits: Tensor, label: Tensor) -> float:
    return F.cross_entropy(logits, label, ignore_index=-1).item()


@kept_loss.mistake(
    "`F.cross_entropy` looked for a class number -1. Tell it which label to leave out (`ignore_index=-1`), and then see what it "
    "gives where no pixel is kept."
)
def minus_one_unknown(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label)


@kept_loss.mistake(
    "The mask (N, *spatial) has no axis for the classes, so `logits[mask]` does not fit. Move the classes to the end first, "
    "`logits.movedim(1, -1)[mask]`, or let each pixel have its loss and multiply by the mask afterwards."
)
def mask_on_logits(logits: Tensor, label: Tensor) -> Tensor:
    kept = label != -1
    return F.cross_entropy(logits[kept], label[kept])


@kept_loss.mistake(
    "You added 1 to the number of kept pixels, against 0 / 0. That makes the loss smaller wherever few are kept; let the number "
    "be *at least* 1 instead: `.clamp(min=1)`."
)
def one_more_pixel(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label).sum() / ((label != -1).sum() + 1)
