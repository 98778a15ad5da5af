"""Exercises 6.1 and 6.2: what a first try stumbles over, and two mistakes at a time."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.channels import spread, squeeze_excite
from medsegedu.exercises.lesson_06.places import pools, spatial_attention


@squeeze_excite.mistake(
    "`squeeze` is a Linear layer and works on the last dimension: it wants (N, C), one row of averages an image. With "
    "`keepdim=True` it got (N, C, 1, 1). Average without it."
)
def dimensions_kept(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * excite(squeeze(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


@squeeze_excite.mistake(
    "You averaged over dimension 1, the channels, and kept the pixels. It is the other way round: of (N, C, H, W) the pixels "
    "go, dimensions 2 and 3, and (N, C) stays."
)
def averaged_the_channels(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * excite(squeeze(x.mean(1)).relu()).sigmoid()


@squeeze_excite.mistake(
    "You averaged over dimension 2 only, the rows; the columns are still there. One number a channel: average over both, "
    "`dim=(2, 3)`."
)
def averaged_the_rows_only(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * excite(squeeze(x.mean(2)).relu()).sigmoid()


@squeeze_excite.mistake(
    "You averaged nothing: `squeeze` got the map itself. First one number a channel, its average over the pixels, (N, C)."
)
def nothing_averaged(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * excite(squeeze(x).relu()).sigmoid()


@squeeze_excite.mistake(
    "ReLU and sigmoid have changed places. The ReLU belongs between the two layers; the sigmoid comes last, since only it makes "
    "factors between 0 and 1."
)
def relu_and_sigmoid_exchanged(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3))).sigmoid()).relu())


@squeeze_excite.mistake(
    "You multiplied by the layers' weights and left out their biases. Call the layers, `squeeze(...)` and `excite(...)`: that "
    "adds the biases, too."
)
def biases_forgotten(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(
        F.linear(
            F.linear(x.mean((2, 3)), squeeze.get_parameter("weight")).relu(), excite.get_parameter("weight")
        ).sigmoid()
    )


@squeeze_excite.mistake(
    "You called `excite` before `squeeze`. `squeeze` narrows C values to a few, `excite` widens them back to C: first "
    "squeeze, then excite."
)
def layers_exchanged(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(squeeze(excite(x.mean((2, 3))).relu()).sigmoid())


@squeeze_excite.mistake(
    "You cut the values between the two layers off at the top as well (ReLU6, clamp). A ReLU cuts below 0 only: what is large "
    "may stay large."
)
def cut_at_six(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(F.relu6(squeeze(x.mean((2, 3))))).sigmoid())


@squeeze_excite.mistake(
    "You averaged over the pixels that are not 0. A feature that answers at few places should weigh little: average over all "
    "pixels, `x.mean(dim=(2, 3))`."
)
def zeros_left_out(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    averages = x.sum((2, 3)) / (x != 0).sum((2, 3))
    return x * spread(excite(squeeze(averages).relu()).sigmoid())


@squeeze_excite.mistake(
    "Two things. First: the sigmoid is missing, so the factors may be negative or large. Then: between the two layers the ReLU "
    "is missing."
)
def neither_sigmoid_nor_relu(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3)))))


@squeeze_excite.mistake(
    "Two things. First: `x` has four dimensions and the factors two; give them two more, `[:, :, None, None]`. Then: between the "
    "two layers the ReLU is missing."
)
def lined_up_and_no_relu(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * excite(squeeze(x.mean((2, 3)))).sigmoid()


@spatial_attention.mistake(
    "`x.max(dim=1)` gives a pair, the values and where they were found, and a pair cannot be joined. Take `.values`, or use "
    "`x.amax(dim=1, keepdim=True)`."
)
def pair_instead_of_values(x: Tensor, window: nn.Module) -> Tensor:
    pair: Any = x.max(1, keepdim=True)
    return window(torch.cat([pair, x.mean(1, keepdim=True)], 1)).sigmoid()


@spatial_attention.mistake(
    "`torch.stack` without `dim` puts the new dimension in front: (2, N, H, W), as if the two maps were the images. The window "
    "wants (N, 2, H, W): `torch.stack(..., dim=1)`."
)
def stacked_in_front(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.stack([x.amax(1), x.mean(1)])).sigmoid()


@spatial_attention.mistake(
    "You took maximum and mean over the pixels, as in SE; what is left has C channels and one pixel. Here the pixels stay and "
    "the channels are squeezed: `dim=1`."
)
def over_the_pixels(x: Tensor, window: nn.Module) -> Tensor:
    return window(torch.cat([x.amax((2, 3), keepdim=True), x.mean((2, 3), keepdim=True)], 1)).sigmoid()


@spatial_attention.mistake(
    "The window got `x` itself. It expects two maps, the largest and the mean of the channels at each pixel: squeeze first."
)
def nothing_squeezed(x: Tensor, window: nn.Module) -> Tensor:
    return window(x).sigmoid()


@spatial_attention.mistake(
    "Two things. First: the mean stands in front of the maximum, the window expects the maximum first. Then: the sigmoid is "
    "missing."
)
def mean_first_and_no_sigmoid(x: Tensor, window: nn.Module) -> Tensor:
    largest, average = pools(x)
    return window(torch.cat([average, largest], 1))


@spatial_attention.mistake(
    "Two things. First: you return `x` multiplied, but the factors alone are asked for, (N, 1, H, W). Then: the mean stands in "
    "front of the maximum, the window expects the maximum first."
)
def multiplied_and_mean_first(x: Tensor, window: nn.Module) -> Tensor:
    largest, average = pools(x)
    return x * window(torch.cat([average, largest], 1)).sigmoid()
