"""Exercise 6.1: squeeze and excitation."""

from typing import Any

from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_06 import answers
from medsegedu.exercises.lesson_06.layers import filled
from medsegedu.layers import SqueezeExcitation


def reference(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    """(N, C, H, W) -> the same shape, each channel scaled; the layer of the core with these two layers inside."""
    layer = SqueezeExcitation(x.shape[1])
    layer.excite = nn.Sequential(squeeze, nn.ReLU(), excite)
    return layer(x)


squeeze_excite = Exercise(
    "06.squeeze_excite",
    reference=reference,
    shown=answers.squeeze_excite,
    title="Weigh the channels",
    minutes=10,
    difficulty=1,
    hints=(
        "First one number a channel: over which dimensions of (N, C, H, W) do you average, and which two stay?",
        "`squeeze`, a ReLU, `excite`, a sigmoid: (N, C) -> (N, C / r) -> (N, C). Both layers work on the last dimension.",
        "To multiply (N, C, H, W) by (N, C), give the factors two dimensions of length 1: `factors[:, :, None, None]`.",
    ),
    after="Run the next cell: which channels does a trained network turn down, and does it depend on the image?",
    gradients=True,
)


def _situation(random: Random, channels: int, hidden: int, *size: int) -> tuple[Any, ...]:
    squeeze = filled(nn.Linear(channels, hidden), random, 1)
    excite = filled(nn.Linear(hidden, channels), random, 2)
    return 2 * random.tensor(size[0], channels, *size[1:]) + random.tensor(size[0], channels, 1, 1), squeeze, excite


@squeeze_excite.case
def more_rows_than_columns(random: Random) -> tuple[Any, ...]:
    return _situation(random, 6, 3, 2, 7, 4)


@squeeze_excite.case
def more_columns_than_rows(random: Random) -> tuple[Any, ...]:
    return _situation(random, 5, 2, 3, 3, 8)


@squeeze_excite.case
def as_many_channels_as_rows_and_images(random: Random) -> tuple[Any, ...]:
    return _situation(random, 4, 4, 4, 4, 4)  # nothing but the values tells one dimension from another


@squeeze_excite.case
def in_double_precision(random: Random) -> tuple[Any, ...]:
    x, squeeze, excite = _situation(random, 3, 1, 2, 2, 5)
    return x.double(), squeeze.double(), excite.double()


@squeeze_excite.case
def behind_a_relu(random: Random) -> tuple[Any, ...]:
    x, squeeze, excite = _situation(random, 5, 4, 2, 5, 6)
    x = 12 * x.relu()  # half of the pixels are 0, and what is squeezed is large: in double, for exact gradients
    return x.double(), squeeze.double(), excite.double()


def factors(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    """The factors as they should be, (N, C)."""
    return excite(squeeze(x.mean((2, 3))).relu()).sigmoid()


def spread(values: Tensor) -> Tensor:
    """(N, C) -> (N, C, 1, 1)."""
    return values[:, :, None, None]


@squeeze_excite.mistake(
    "You return the factors alone, one a channel. They are what the layer thinks; what it does is to multiply: return `x` "
    "times the factors."
)
def factors_only(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return factors(x, squeeze, excite)


@squeeze_excite.mistake(
    "The sigmoid is missing. Your factors may be negative or large, so a channel can be turned upside down; between 0 and 1 "
    "it can only be turned down."
)
def no_sigmoid(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3))).relu()))


@squeeze_excite.mistake(
    "Between the two layers the ReLU is missing. Two linear layers in a row are one: the bottleneck would only save weights "
    "and could not decide anything."
)
def no_relu(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3)))).sigmoid())


@squeeze_excite.mistake(
    "You put a ReLU before the sigmoid at the end too. So no factor is below 0.5, and no channel can be switched off. The "
    "ReLU belongs between the two layers only."
)
def relu_at_the_end(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3))).relu()).relu().sigmoid())


@squeeze_excite.mistake(
    "You put the sigmoid between the two layers as well, in the place of the ReLU. The inner layer is not a decision yet: ReLU "
    "inside, sigmoid at the end."
)
def two_sigmoids(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3))).sigmoid()).sigmoid())


@squeeze_excite.mistake(
    "You took a softmax over the channels. Then they compete: the factors sum to 1, and with 64 channels each is scaled to "
    "about a sixty-fourth. A sigmoid decides each channel by itself."
)
def softmax(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((2, 3))).relu()).softmax(1))


@squeeze_excite.mistake(
    "You squeezed with the maximum. That tells of one single pixel; SE takes the average over all. (CBAM, which comes "
    "next, uses both.)"
)
def maximum(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.amax((2, 3))).relu()).sigmoid())


@squeeze_excite.mistake(
    "You squeezed with the sum. It grows with the image: a network trained on small patches would meet sums many times as "
    "large on a whole slice. Take the mean."
)
def summed(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.sum((2, 3))).relu()).sigmoid())


@squeeze_excite.mistake(
    "You averaged over the batch too, so all images get the same factors, and an image's result depends on its neighbours "
    "in the batch. Average over the pixels only: dimensions 2 and 3."
)
def over_the_batch(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * spread(excite(squeeze(x.mean((0, 2, 3), keepdim=True).flatten(1)).relu()).sigmoid())


@squeeze_excite.mistake(
    "You added the input again: x + x * factors. A channel could then never be switched off, only doubled. SE multiplies, no "
    "more: x * factors."
)
def residual(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x + x * spread(factors(x, squeeze, excite))


@squeeze_excite.mistake(
    "You added the factors to the map. Attention turns up and down, and that is a multiplication: `x * factors`."
)
def added(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x + spread(factors(x, squeeze, excite))


@squeeze_excite.mistake(
    "You multiplied by 1 - factors, so the channels that should stay are turned down and the others stay. A factor near 1 "
    "means: let it through."
)
def upside_down(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * (1 - spread(factors(x, squeeze, excite)))


@squeeze_excite.mistake(
    "You multiplied (N, C, H, W) by (N, C) as they are. torch lines up shapes from the right, so the factors met the columns. "
    "Give them two more dimensions: `[:, :, None, None]`."
)
def lined_up_from_the_right(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    return x * factors(x, squeeze, excite)


@squeeze_excite.mistake(
    "Your function changes `x` in place (`x *= ...`). The map is still needed elsewhere, as a skip and for the backward pass: "
    "return a new one, `x * ...`."
)
def in_place(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    x *= spread(factors(x, squeeze, excite))
    return x


@squeeze_excite.mistake(
    "You let each pixel decide for itself: the two layers ran over the channels of every pixel, and nothing was averaged. "
    "SE looks at the whole image first: one average a channel."
)
def each_pixel(x: Tensor, squeeze: nn.Module, excite: nn.Module) -> Tensor:
    pixels = x.movedim(1, -1)  # (N, H, W, C)
    return x * excite(squeeze(pixels).relu()).sigmoid().movedim(-1, 1)
