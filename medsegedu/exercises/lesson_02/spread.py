"""Exercise 2.2: how far apart the values lie once no layer skips any of them."""

from typing import Any

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise


def reference(strides: list[int]) -> list[int]:
    """The strides of the layers, first to last -> the dilation that each layer needs once every stride is 1."""
    needed, distance = [], 1
    for stride in strides:
        needed.append(distance)  # the layer itself: only the strides before it have spread its inputs
        distance *= stride
    return needed


dilations = Exercise(
    "02.dilations",
    reference=reference,
    title="Keep every value",
    minutes=8,
    difficulty=2,
    hints=(
        "Before the first pool, neighbours lie 1 pixel apart. Behind a pool of stride 2 that keeps everything, 2 apart. "
        "Behind two such pools?",
        "A layer's dilation depends on the layers before it, not on its own stride. And strides multiply.",
        "Walk through the list with one running number, which starts at 1: note it down, then multiply it by the stride.",
    ),
    after="Right. The next cell sets these dilations, and asks the classifier about every pixel at once.",
)


@dilations.case
def our_classifier(random: Random) -> tuple[Any, ...]:
    return ([1, 1, 2, 1, 1, 2, 1, 1, 1],)


@dilations.case
def three_pools_in_a_row(random: Random) -> tuple[Any, ...]:
    return ([2, 2, 2, 1],)


@dilations.case
def pools_of_three(random: Random) -> tuple[Any, ...]:
    return ([1, 3, 1, 2, 1, 4, 1],)


@dilations.case
def any_strides(random: Random) -> tuple[Any, ...]:
    return (random.integers(1, 5, 8).tolist(),)


@dilations.case
def large_strides(random: Random) -> tuple[Any, ...]:
    return ([5, 1, *random.integers(4, 33, 4).tolist(), 7],)


@dilations.case
def a_long_network(random: Random) -> tuple[Any, ...]:
    return (random.integers(1, 4, 20).tolist(),)


@dilations.case
def no_layers(random: Random) -> tuple[Any, ...]:
    return ([],)


@dilations.case
def one_layer(random: Random) -> tuple[Any, ...]:
    return ([2],)


@dilations.mistake(
    "You multiply before you note the number down, so each layer is dilated by its own stride too. The first pool reads "
    "neighbours that lie 1 apart: note down first, then multiply."
)
def own_stride_included(strides: list[int]) -> list[int]:
    needed, distance = [], 1
    for stride in strides:
        distance *= stride
        needed.append(distance)
    return needed


@dilations.mistake(
    "You look at the layer just before and forget those before that. Distances pile up: behind two pools of stride 2 the "
    "values lie 4 apart, however many convolutions follow."
)
def previous_layer_only(strides: list[int]) -> list[int]:
    return [1, *strides[:-1]][: len(strides)]


@dilations.mistake(
    "You shifted the strides by one place, so each layer gets the stride just before it. Distances pile up: behind two pools "
    "of stride 2 the values lie 4 apart. (And for an empty list you return one number too many.)"
)
def strides_shifted(strides: list[int]) -> list[int]:
    return [1, *strides[:-1]]


@dilations.mistake(
    "Right as long as there are layers, but for an empty list you return `[1]`: no layers, no dilations. Begin with an empty "
    "list, and note one number down for each stride."
)
def one_for_no_layers(strides: list[int]) -> list[int]:
    return reference(strides) or [1]


@dilations.mistake(
    "The running number is *increased by* the stride. Strides multiply: the second pool spreads values that already lie 2 "
    "apart, which makes 4; and a stride of 1 must change nothing. Write `*=` for `+=`."
)
def increased_by_the_stride(strides: list[int]) -> list[int]:
    return [1 + sum(strides[:k]) for k in range(len(strides))]


@dilations.mistake(
    "You add `stride - 1` for each layer. That leaves a stride of 1 alone, as it should, and is right for the first pool; but "
    "behind the second the values lie 2 x 2 apart, not 3. Strides multiply."
)
def increased_by_the_stride_less_one(strides: list[int]) -> list[int]:
    return [1 + sum(stride - 1 for stride in strides[:k]) for k in range(len(strides))]


@dilations.mistake(
    "You add the strides up. They multiply: the second pool spreads values that already lie 2 apart, which makes 4, and the "
    "third makes 8, not 6."
)
def added_up(strides: list[int]) -> list[int]:
    return [1 + sum(stride for stride in strides[:k] if stride > 1) for k in range(len(strides))]


@dilations.mistake(
    "You double the dilation behind every layer, also behind the convolutions. A convolution of stride 1 skips nothing: only "
    "a stride above 1 spreads the values."
)
def doubled_at_each_layer(strides: list[int]) -> list[int]:
    return [2**k for k in range(len(strides))]


@dilations.mistake(
    "You double the distance at each pool, whatever its stride. That is right for strides of 2, and only for them: multiply by "
    "the stride itself."
)
def always_a_stride_of_two(strides: list[int]) -> list[int]:
    return [2 ** sum(stride > 1 for stride in strides[:k]) for k in range(len(strides))]


@dilations.mistake(
    "You left every dilation at 1. With stride 1 alone the later kernels put values side by side that come from "
    "neighbouring windows, and the answers change: the former neighbours lie further apart now."
)
def nothing_dilated(strides: list[int]) -> list[int]:
    return [1 for _ in strides]


@dilations.mistake(
    "You gave each layer its own stride as its dilation. What counts is how far the layers *before* it have spread the "
    "values: the product of their strides."
)
def the_strides_themselves(strides: list[int]) -> list[int]:
    return list(strides)


@dilations.mistake(
    "You counted from the end: the product of the strides that still follow. The values are spread by the layers before, from "
    "the image on."
)
def counted_from_the_end(strides: list[int]) -> list[int]:
    return reference(strides[::-1])[::-1]


@dilations.mistake(
    "You dilate the convolutions only, and leave a pool at 1. A pool reads neighbours as well: the second pool must take "
    "values that lie 2 apart, or it takes the maximum of the wrong ones."
)
def pools_not_dilated(strides: list[int]) -> list[int]:
    return [d if stride == 1 else 1 for d, stride in zip(reference(strides), strides, strict=True)]


@dilations.mistake(
    "You return one number, how far apart the values lie at the very end. Each layer needs its own: a list as long as "
    "`strides`."
)
def the_last_distance(strides: list[int]) -> int:
    distance = 1
    for stride in strides:
        distance *= stride
    return distance


@dilations.mistake(
    "Your list is one longer than the list of layers: what comes out behind the last layer has no layer that would read it. "
    "One dilation for each layer."
)
def one_too_many(strides: list[int]) -> list[int]:
    needed = [1]
    for stride in strides:
        needed.append(needed[-1] * stride)
    return needed
