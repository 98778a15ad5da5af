"""Exercise 7.3: how many numbers a convolution of volumes learns."""

from collections.abc import Sequence
from math import prod
from typing import Any

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise


def reference(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    """kernel: the size along each axis, such as (3, 3, 3), or (3, 3) for images -> how many numbers are learned."""
    weights = in_channels * out_channels * prod(kernel)
    return weights + out_channels if bias else weights


def _use(attempt: Any, in_channels: int, out_channels: int, kernel: tuple[int, ...], bias: bool | None = None) -> Any:
    """Without `bias` where the case leaves it to its default."""
    return attempt(in_channels, out_channels, kernel, *(() if bias is None else (bias,)))


conv3d_parameters = Exercise(
    "07.conv3d_parameters",
    reference=reference,
    title="Count a kernel",
    minutes=5,
    difficulty=1,
    hints=(
        "One output channel has one little block of weights for each input channel. How many numbers are in a block?",
        "A block of (3, 3, 3) holds 3 * 3 * 3 numbers, one of (3, 3, 1) holds 9. `np.prod(kernel)`, or a loop, "
        "multiplies any number of them.",
        "`in_channels * out_channels * np.prod(kernel)`, and one bias for each *output* channel, if there are biases.",
    ),
    after="The next cell sets a flat and a solid U-Net side by side, and the V-Net's kernels of 5 x 5 x 5.",
    call=_use,
)


@conv3d_parameters.case
def cube(random: Random) -> tuple[Any, ...]:
    return 5, 8, (3, 3, 3), True


@conv3d_parameters.case
def no_bias(random: Random) -> tuple[Any, ...]:
    return int(random.integers(11, 40)), 7, (5, 5, 5), False


@conv3d_parameters.case
def bias_by_default(random: Random) -> tuple[Any, ...]:
    return 3, 16, (3, 3, 3)


@conv3d_parameters.case
def flat_along_one_axis(random: Random) -> tuple[Any, ...]:
    return 6, 4, (3, 5, 1), True


@conv3d_parameters.case
def image(random: Random) -> tuple[Any, ...]:
    return 9, 13, (3, 5), True


@conv3d_parameters.case
def one_point(random: Random) -> tuple[Any, ...]:
    return 12, 5, (1, 1, 1), True


@conv3d_parameters.case
def signal(random: Random) -> tuple[Any, ...]:
    return 4, 6, (7,), True


@conv3d_parameters.case
def volumes_in_time(random: Random) -> tuple[Any, ...]:
    return 3, 5, (3, 4, 2, 5), False


@conv3d_parameters.mistake(
    "You counted one input channel. Each output channel looks at all of them, with weights of its own for each: multiply by "
    "`in_channels` too."
)
def one_input(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return out_channels * prod(kernel) + out_channels * bias


@conv3d_parameters.mistake(
    "You counted one output channel. Each of them has a kernel of its own: multiply the weights by `out_channels`."
)
def one_output(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * prod(kernel) + out_channels * bias


@conv3d_parameters.mistake("The biases are missing: with `bias=True` each output channel has one number more to learn.")
def bias_forgotten(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * prod(kernel)


@conv3d_parameters.mistake(
    "You count biases where there are none. With `bias=False`, as in front of a normalisation, only the weights are learned."
)
def bias_always(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * prod(kernel) + out_channels


@conv3d_parameters.mistake(
    "You added one bias in all. Each output channel is shifted by its own number: add `out_channels`."
)
def one_bias(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * prod(kernel) + bias


@conv3d_parameters.mistake(
    "You gave every input channel a bias. The bias is added once the sum over all inputs is made, so there is one for each "
    "*output* channel."
)
def bias_per_input(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * prod(kernel) + in_channels * bias


@conv3d_parameters.mistake(
    "You gave each pair of channels a bias, `(prod(kernel) + 1) * in * out`. It is added after the sum over the inputs, so each "
    "output channel has just one."
)
def bias_per_pair(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return (prod(kernel) + bias) * in_channels * out_channels


@conv3d_parameters.mistake(
    "You added the kernel's sizes. A block of 3 x 3 x 3 holds 27 numbers, not 9: multiply them, `np.prod(kernel)`."
)
def sizes_added(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * sum(kernel) + out_channels * bias


@conv3d_parameters.mistake(
    "You took the first size to the third power. That suits cubes only; for thick slices there are kernels such as (3, 3, 1). "
    "Multiply the sizes that you are given."
)
def first_size_cubed(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * kernel[0] ** 3 + out_channels * bias


@conv3d_parameters.mistake(
    "You took the first size to the power of the number of axes. That suits cubes and squares; for thick slices there are "
    "kernels such as (3, 3, 1). Multiply the sizes themselves."
)
def first_size_for_all(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * kernel[0] ** len(kernel) + out_channels * bias


@conv3d_parameters.mistake(
    "You counted a flat kernel: only two of its sizes are in your product. A kernel for volumes has a third one; multiply "
    "all that `kernel` holds."
)
def flat_kernel(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * kernel[0] * kernel[1] + out_channels * bias


@conv3d_parameters.mistake(
    "You counted 27 weights in every block. That is right for 3 x 3 x 3 only: multiply the sizes in `kernel`."
)
def always_27(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * 27 + out_channels * bias


@conv3d_parameters.mistake(
    "You always multiply three sizes. A kernel for images has two, and your function fails there: `np.prod(kernel)` or a loop "
    "takes however many there are."
)
def always_three(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * kernel[0] * kernel[1] * kernel[2] + out_channels * bias


@conv3d_parameters.mistake(
    "You unpack exactly three sizes. A kernel for images has two, for a signal one: `np.prod(kernel)` or a loop takes however "
    "many there are."
)
def three_unpacked(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    x, y, z = kernel
    return in_channels * out_channels * x * y * z + out_channels * bias


@conv3d_parameters.mistake(
    "Your function knows images and volumes, two sizes and three. A signal has one axis, and volumes in time have four: go "
    "through the sizes in a loop, or multiply them all with `np.prod(kernel)`."
)
def two_or_three(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    block = kernel[0] * kernel[1]
    if len(kernel) == 3:
        block *= kernel[2]
    return in_channels * out_channels * block + out_channels * bias


@conv3d_parameters.mistake(
    "You multiply at most three sizes. Volumes in time have four: go through "
    "the sizes in a loop, or multiply them all with `np.prod(kernel)`."
)
def at_most_three(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return in_channels * out_channels * prod(kernel[:3]) + out_channels * bias


@conv3d_parameters.mistake(
    "You added the channels instead of multiplying them. Every output reads every input: that makes `in_channels * "
    "out_channels` blocks."
)
def channels_added(in_channels: int, out_channels: int, kernel: Sequence[int], bias: bool = True) -> int:
    return (in_channels + out_channels) * prod(kernel) + out_channels * bias
