"""Exercise 1.4: the sliding window itself."""

from typing import Any

import torch
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
    return net.eval()


@segment_by_patches.case
def wide_image(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 2, 5, 4), random.tensor(2, 7, 10), 5


@segment_by_patches.case
def tall_image(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 3, 3, 9), random.tensor(3, 11, 6), 3


@segment_by_patches.case
def two_classes(random: Random) -> tuple[Any, ...]:
    return _classifier(random, 2, 7, 2), random.tensor(2, 5, 9), 7


class _Watched(nn.Module):
    """Passes patches on, and remembers how many came in each call and whether it was in training mode."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.batches: list[int] = []
        self.trained = False

    def forward(self, patches: Tensor) -> Tensor:
        self.batches.append(len(patches))
        self.trained |= self.training
        return self.inner(patches)


@segment_by_patches.behaviour
def a_row_at_a_time(attempt: Any, random: Random) -> str | None:
    watched = _Watched(_classifier(random, 1, 3, 3)).eval()
    attempt(watched, random.tensor(1, 12, 8), 3)
    if len(watched.batches) > 12:
        asked = f"For 12 rows of 8 pixels you called the classifier {len(watched.batches)} times"
        return f"{asked}; hand it a row of windows at once."
    if max(watched.batches, default=0) > 12:
        asked = f"You handed the classifier {max(watched.batches)} windows at once; the image is 12 x 8"
        return f"{asked}. A whole slice of windows does not fit into every memory: ask row by row."
    return None


@segment_by_patches.behaviour
def the_classifier_is_left_as_it_was(attempt: Any, random: Random) -> str | None:
    watched = _Watched(_classifier(random, 2, 3, 3)).eval()
    attempt(watched, random.tensor(2, 5, 4), 3)
    if watched.trained or watched.training:
        return "You switched the classifier to training mode (`train()`); to ask it, leave it in `eval()` mode as you got it."
    return None
