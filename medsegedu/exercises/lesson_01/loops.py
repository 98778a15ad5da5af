"""Exercise 1.4: the sliding window itself."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.data import extract_patch
from medsegedu.exercises.cases import Random, fill_parameters
from medsegedu.exercises.engine import Exercise


@torch.inference_mode()
def reference(classifier: nn.Module, image: Tensor, size: int) -> Tensor:
    """(C, H, W) -> (H, W) int64: each pixel gets the class of the window around it, one row of windows a batch."""
    height, width = image.shape[1:]
    labels = []
    for row in range(height):
        windows = [extract_patch(image, row, column, size) for column in range(width)]
        labels.append(classifier(torch.stack(windows)).argmax(dim=1))  # (W, C, size, size) -> (W, K) -> (W,)
    return torch.stack(labels)  # (H, W)


segment_by_patches = Exercise(
    "01.segment_by_patches",
    reference=reference,
    title="Slide the window",
    minutes=10,
    difficulty=2,
    hints=(
        "Two loops: one over the rows, one over the columns. How many windows belong to one row?",
        "`torch.stack` makes one batch (W, C, size, size) of a list of W patches. The classifier answers (W, K).",
        "The largest of K logits is in dimension 1: `argmax(dim=1)`. Stack the rows' answers at the end.",
    ),
    after="That is how one segmented in 2012. The next cell runs it on a slice, with a stopwatch.",
    seconds=20,
)


def _classifier(random: Random, channels: int, size: int, classes: int) -> nn.Module:
    net = nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, classes))
    fill_parameters(net, random.seed)
    return net


@segment_by_patches.case
def wide_image(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 2, 5, 4), random.tensor(2, 7, 10), 5


@segment_by_patches.case
def tall_image(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 3, 3, 9), random.tensor(3, 11, 6), 3


@segment_by_patches.case
def two_classes(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 2, 7, 2), random.tensor(2, 5, 9), 7


@segment_by_patches.behaviour
def in_batches(attempt: Any, random: Random) -> str | None:
    calls = []

    class Counting(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, patches: Tensor) -> Tensor:
            calls.append(len(patches))
            return self.inner(patches)

    attempt(Counting(_classifier(random, 1, 3, 3)), random.tensor(1, 12, 8), 3)
    if len(calls) <= 12:
        return None
    return f"For 12 rows of 8 pixels you called the classifier {len(calls)} times; hand it at least a row of windows at once."


def _windows(image: Tensor, size: int, mode: str = "reflect") -> Tensor:
    """(C, H, W) -> (H, W, C, size, size): every window at once."""
    half = size // 2
    padded = F.pad(image[None], (half,) * 4, mode=mode)[0] if half else image
    return padded.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4)


def _logits(classifier: nn.Module, windows: Tensor) -> Tensor:
    """(H, W, C, size, size) -> (H, W, K)."""
    return classifier(windows.flatten(0, 1)).detach().unflatten(0, windows.shape[:2])


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
