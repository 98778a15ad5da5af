"""Exercise 6.2: the second half of CBAM, which places matter."""

from typing import Any

import torch
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_06 import answers
from medsegedu.exercises.lesson_06.layers import filled, with_parts
from medsegedu.layers import CBAM


def reference(x: Tensor, window: nn.Module) -> Tensor:
    """(N, C, H, W) -> (N, 1, H, W), in 0..1; the layer of the core with this window and no normalisation."""
    return with_parts(CBAM(x.shape[1]), window=window, norm=nn.Identity()).spatial_attention(x)


spatial_attention = Exercise(
    "06.spatial_attention",
    reference=reference,
    shown=answers.spatial_attention,
    title="Weigh the places",
    minutes=8,
    difficulty=2,
    hints=(
        "This time the channels are squeezed and the pixels stay: over which dimension do you take the maximum and the mean?",
        "`x.max(dim=1)` gives two things, the values and where they were found; `x.amax(1)` gives the values only. With "
        "`keepdim=True` the dimension stays, with length 1.",
        "`torch.cat([largest, average], dim=1)` has two channels, as the window expects; behind it comes a sigmoid.",
    ),
    after="The next cell lays such a map over the slice, from a network that was trained with it.",
    gradients=True,
)


def _situation(random: Random, kernel: int, *shape: int) -> tuple[Any, ...]:
    window = filled(nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False), random, 1)
    return 2 * random.tensor(*shape) - 0.5, window


@spatial_attention.case
def wide(random: Random) -> tuple[Any, ...]:
    return _situation(random, 7, 2, 5, 6, 9)


@spatial_attention.case
def tall(random: Random) -> tuple[Any, ...]:
    return _situation(random, 7, 3, 4, 11, 5)


@spatial_attention.case
def all_dimensions_alike(random: Random) -> tuple[Any, ...]:
    return _situation(random, 3, 6, 6, 6, 6)


@spatial_attention.case
def two_channels(random: Random) -> tuple[Any, ...]:
    return _situation(random, 7, 2, 2, 8, 7)


def pools(x: Tensor) -> tuple[Tensor, Tensor]:
    """The maximum and the mean over the channels, (N, 1, H, W) each."""
    return x.amax(1, keepdim=True), x.mean(1, keepdim=True)


@spatial_attention.behaviour
def every_image_by_itself(attempt: Any, random: Random) -> str | None:
    x, window = _situation(random, 7, 3, 4, 6, 5)
    if not torch.allclose(attempt(x, window)[:1], attempt(x[:1], window), atol=1e-5):
        return "The map of an image changes with the other images of its batch."
    return None


@spatial_attention.mistake(
    "Right parts, other order: you put the mean in front of the maximum. The window has one kernel for each, and published "
    "weights expect the maximum first."
)
def mean_first(x: Tensor, window: nn.Module) -> Tensor:
    largest, average = pools(x)
    return window(torch.cat([average, largest], 1)).sigmoid()


@spatial_attention.mistake(
    "The sigmoid is missing: your map holds raw scores, also negative ones. As factors of pixels they must lie between 0 and 1."
)
def no_sigmoid(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat(pools(x), 1))


@spatial_attention.mistake(
    "You return the weighted map with all its channels. This function shall give the attention itself, (N, 1, H, W), so "
    "that it can be looked at; the multiplication comes afterwards."
)
def multiplied_already(x: Tensor, window: nn.Module) -> Tensor:
    return x * window(torch.cat(pools(x), 1)).sigmoid()


@spatial_attention.mistake(
    "You gave the window the maximum twice. The mean tells something else: whether many channels answer there or a single one."
)
def maximum_twice(x: Tensor, window: nn.Module) -> Tensor:
    largest, _ = pools(x)
    return window(torch.cat([largest, largest], 1)).sigmoid()


@spatial_attention.mistake(
    "You gave the window the mean twice. The maximum tells something else: whether any channel at all answers there."
)
def mean_twice(x: Tensor, window: nn.Module) -> Tensor:
    _, average = pools(x)
    return window(torch.cat([average, average], 1)).sigmoid()


@spatial_attention.mistake(
    "Your second channel is the smallest value instead of the mean. CBAM asks: does any channel answer here (maximum), and how "
    "strongly do they answer together (mean)?"
)
def minimum(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat([x.amax(1, keepdim=True), x.amin(1, keepdim=True)], 1)).sigmoid()


@spatial_attention.mistake(
    "Your second channel is the sum over the channels. It is the mean times their number, so it grows with the network's "
    "width: take the mean."
)
def summed(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat([x.amax(1, keepdim=True), x.sum(1, keepdim=True)], 1)).sigmoid()


@spatial_attention.mistake(
    "`x.max(dim=1)` gives a pair, and its second part says in which channel the maximum was found, not how large it was. You "
    "used the number of the channel; take `.values`, or `x.amax(1)`."
)
def indices(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat([x.max(1, keepdim=True).indices.to(x), x.mean(1, keepdim=True)], 1)).sigmoid()


@spatial_attention.mistake(
    "Without `keepdim=True` the dimension of the channels is gone, and joining along dimension 1 stacks the rows of both maps "
    "into one tall map. Keep the dimension, or use `torch.stack(..., dim=1)`."
)
def dimension_lost(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat([x.amax(1), x.mean(1)], 1)).sigmoid()


@spatial_attention.mistake(
    "You joined along dimension 0, the batch: twice as many images instead of two channels. Join along dimension 1."
)
def joined_the_batch(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat(pools(x), 0)).sigmoid()


@spatial_attention.mistake(
    "You took a softmax over the pixels. Then all pixels of the image share a sum of 1, and on a slice of ten thousand "
    "pixels each factor is next to nothing. A sigmoid decides each pixel by itself."
)
def softmax_over_pixels(x: Tensor, window: nn.Module) -> Tensor:
    scores = window(torch.cat(pools(x), 1))
    return scores.flatten(2).softmax(-1).reshape(scores.shape)


@spatial_attention.mistake(
    "You squeezed the pixels again, as in SE, and spread the result over the map: maximum and mean of the whole image, the "
    "same everywhere. Here the pixels stay and the channels are squeezed: `dim=1`."
)
def squeezed_the_pixels(x: Tensor, window: nn.Module) -> Tensor:
    largest, average = x.amax((1, 2, 3), keepdim=True), x.mean((1, 2, 3), keepdim=True)
    return window(torch.cat([largest, average], 1).expand(-1, -1, *x.shape[2:])).sigmoid()


@spatial_attention.mistake(
    "You took the absolute values before pooling. A channel that is strongly negative does not answer; the maximum should not "
    "count it as if it did."
)
def absolute_values(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat(pools(x.abs()), 1)).sigmoid()
