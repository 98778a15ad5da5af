"""Exercise 1.4, the mistakes: other ways to slide a window."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_01.loops import segment_by_patches


def _windows(image: Tensor, size: int, mode: str = "reflect") -> Tensor:
    """(C, H, W) -> (H, W, C, size, size): every window at once."""
    half = size // 2
    padded = F.pad(image[None], (half,) * 4, mode=mode)[0] if half else image
    return padded.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4)


def _logits(classifier: nn.Module, windows: Tensor) -> Tensor:
    """(H, W, C, size, size) -> (H, W, K), a row at a time."""
    return torch.stack([classifier(row).detach() for row in windows])


@segment_by_patches.mistake(
    "Your map is turned: its rows are the image's columns. The outer loop runs over the rows, so that each stacked line is "
    "one row of the image."
)
def turned(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size)).argmax(-1).T.contiguous()


@segment_by_patches.mistake(
    "Your map lacks the border: you slid only as far as whole windows fit. Every pixel wants a label; `extract_patch` mirrors "
    "what is missing."
)
def border_left_out(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    windows = image.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4)
    return _logits(classifier, windows).argmax(-1)


@segment_by_patches.mistake(
    "You filled the outside with zeros; the classifier was trained on mirrored borders. Cut the windows with `extract_patch`."
)
def zeros_outside(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size, "constant")).argmax(-1)


@segment_by_patches.mistake(
    "You moved by a whole window each time and gave all its pixels one label. The label belongs to the centre pixel alone: "
    "move by one pixel."
)
def whole_windows(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    coarse = _logits(classifier, _windows(image, size)).argmax(-1)[size // 2 :: size, size // 2 :: size]
    fine = coarse.repeat_interleave(size, 0).repeat_interleave(size, 1)  # (>= H - size, >= W - size)
    rows, columns = (torch.arange(n).clamp(max=m - 1) for n, m in zip(image.shape[1:], fine.shape, strict=True))
    return fine[rows[:, None], columns]


@segment_by_patches.mistake(
    "You took the `argmax` over dimension 0: the window of the row that is most like class k, not the class that is most "
    "likely for a window. Classes are dimension 1."
)
def argmax_over_windows(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return torch.stack([classifier(row).argmax(dim=0) for row in _windows(image, size)])


@segment_by_patches.mistake(
    "You returned how sure the classifier is, not of what: `max` gives the largest logit, `argmax` its class."
)
def largest_logit(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size)).max(-1).values


@segment_by_patches.mistake(
    "You returned all the logits, (H, W, K). A label map has one whole number a pixel: take the `argmax` over the classes."
)
def all_logits(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size))


@segment_by_patches.mistake(
    "Your label map holds floats. Labels are numbers of classes, int64, which is what `argmax` gives; copying them into "
    "`torch.zeros(H, W)` made them floats."
)
def float_labels(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size)).argmax(-1).float()


@segment_by_patches.mistake(
    "Your windows mix channels and places: after `unfold` the channel is still the first dimension, and `reshape` only cuts "
    "the numbers into other lengths. Move it behind the windows first (`permute`)."
)
def reshaped_not_permuted(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    padded = F.pad(image[None], (size // 2,) * 4, mode="reflect")[0]
    mixed = padded.unfold(1, size, 1).unfold(2, size, 1).reshape(-1, image.shape[0], size, size)
    return classifier(mixed).detach().argmax(1).reshape(image.shape[1:])


@segment_by_patches.mistake(
    "Only the first row was labelled: a `return` inside the loop ends the function after one turn. Move it to the left."
)
def returned_too_early(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size)).argmax(-1)[:1]


@segment_by_patches.mistake(
    "Right, but slow: you call the classifier once for each pixel. Collect a row of windows with `torch.stack` and ask once; "
    "the calls cost more than the arithmetic."
)
def one_window_at_a_time(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    rows = [[int(classifier(window[None]).argmax()) for window in row] for row in _windows(image, size)]
    return torch.tensor(rows)


@segment_by_patches.mistake(
    "Right, but all windows at once: a slice of 117 x 99 has 11,583 of them, with their maps some gigabytes. Ask the classifier "
    "inside the loop over the rows."
)
def everything_at_once(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    windows = _windows(image, size)
    return classifier(windows.flatten(0, 1)).argmax(1).reshape(windows.shape[:2])


@segment_by_patches.mistake(
    "You gave the classifier a list of windows. A network takes one tensor: make a batch (W, C, size, size) of the list with "
    "`torch.stack`."
)
def list_of_windows(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return torch.stack([classifier(list(row)).argmax(1) for row in _windows(image, size)])


@segment_by_patches.mistake(
    "You labelled only the pixels whose window lies inside the image; the border kept its zeros. `extract_patch` mirrors, so you "
    "can go from the first row and column to the last."
)
def border_left_at_zero(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    labels = _logits(classifier, _windows(image, size)).argmax(-1)
    inner = slice(size // 2, -(size // 2))
    empty = torch.zeros_like(labels)
    empty[inner, inner] = labels[inner, inner]
    return empty


@segment_by_patches.mistake(
    "The last row is missing. `range(height)` already stops before `height`; with `height - 1` it stops a row too early."
)
def last_row_missing(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    return _logits(classifier, _windows(image, size)[:-1]).argmax(-1)


@segment_by_patches.mistake(
    "Your windows begin at the pixel, so each label belongs to a place half a window further down and to the right. The pixel "
    "stands in the middle: that is what `extract_patch` gives."
)
def window_begins_at_the_pixel(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    padded = F.pad(image[None], (0, size - 1, 0, size - 1), mode="reflect")[0]
    windows = padded.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4)
    return _logits(classifier, windows).argmax(-1)
