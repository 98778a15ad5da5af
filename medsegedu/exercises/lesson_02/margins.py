"""Wrong answers to exercise 2.5 that pad otherwise: with other values, on another side, or by another amount."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_02.halving import Network

AnySize = Callable[[Network, Tensor, int], Tensor]


def lack(image: Tensor, multiple: int) -> tuple[int, int]:
    return -image.shape[2] % multiple, -image.shape[3] % multiple


def cut(logits: Tensor, image: Tensor) -> Tensor:
    return logits[..., : image.shape[2], : image.shape[3]]


def padded(network: Network, image: Tensor, multiple: int, mode: str) -> Tensor:
    bottom, right = lack(image, multiple)
    return cut(network(F.pad(image, (0, right, 0, bottom), mode=mode)), image)


def zeros(network: Network, image: Tensor, multiple: int) -> Tensor:
    return padded(network, image, multiple, "constant")


def mirrored(network: Network, image: Tensor, multiple: int) -> Tensor:
    return padded(network, image, multiple, "reflect")


def both_sides_but_cut_at_the_end(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    around = (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2)
    return cut(network(F.pad(image, around, mode="replicate")), image)


def both_sides(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    top, left = bottom // 2, right // 2
    logits = network(F.pad(image, (left, right - left, top, bottom - top), mode="replicate"))
    return logits[..., top : top + image.shape[2], left : left + image.shape[3]]


def padded_at_the_start(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    return cut(network(F.pad(image, (right, 0, bottom, 0), mode="replicate")), image)


def a_whole_multiple_more(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = (multiple - size % multiple for size in image.shape[2:])
    return cut(network(F.pad(image, (0, right, 0, bottom), mode="replicate")), image)


def by_the_remainder(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = (size % multiple for size in image.shape[2:])
    return cut(network(F.pad(image, (0, right, 0, bottom), mode="replicate")), image)


def axes_swapped(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    return cut(network(F.pad(image, (0, bottom, 0, right), mode="replicate")), image)


def made_square(network: Network, image: Tensor, multiple: int) -> Tensor:
    side = max(image.shape[2:]) + (-max(image.shape[2:]) % multiple)
    margins = (0, side - image.shape[3], 0, side - image.shape[2])
    return cut(network(F.pad(image, margins, mode="replicate")), image)


def padded_and_cut_at_the_start(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    return network(F.pad(image, (right, 0, bottom, 0), mode="replicate"))[..., bottom:, right:]


def always_32(network: Network, image: Tensor, multiple: int) -> Tensor:
    return padded(network, image, 32, "replicate")


MISTAKES: list[tuple[str, AnySize]] = [
    (
        "You padded with zeros. Zero is a grey value like any other: at the border the network sees an edge that is not in the "
        "patient. Repeat the last row and column: mode='replicate'.",
        zeros,
    ),
    (
        "You mirrored the image. Good pictures, but a mirror needs more rows than it adds, so small images fail. Repeating the "
        "edge works down to a single pixel: mode='replicate'.",
        mirrored,
    ),
    (
        "You padded on both sides but cut as if all of it were at the end: every answer now belongs to a pixel further up and "
        "to the left. Pad at the end only, or cut on both sides.",
        both_sides_but_cut_at_the_end,
    ),
    (
        "You padded and cut on both sides. That is sound, but the network's grid of coarse cells then starts outside the image; "
        "the course pads at the end, so that the first pixel stays the first.",
        both_sides,
    ),
    (
        "You padded at the top left and cut the bottom right off again: answers and pixels are shifted against each other. "
        "Both belong at the end.",
        padded_at_the_start,
    ),
    (
        "An image that fits already gets a whole multiple more from you: `multiple - H % multiple` is `multiple`, not 0, when "
        "nothing is lacking. Costly, and it changes the borders. `-H % multiple` is right in both cases.",
        a_whole_multiple_more,
    ),
    (
        "You padded by the remainder `H % multiple`, which is how much stands over, not how much is lacking: 13 rows lack 3 to "
        "16, their remainder is 1. Take `-H % multiple`.",
        by_the_remainder,
    ),
    (
        "`F.pad` counts from the last axis, so its first pair of numbers belongs to the columns. You gave the rows' margin to "
        "the columns: (left, right, top, bottom).",
        axes_swapped,
    ),
    (
        "You padded both axes to the same size, a square. It works, and it computes many pixels that nobody asked for: each "
        "axis has its own margin.",
        made_square,
    ),
    (
        "You padded and cut at the *start*. That is sound, but the network's grid of coarse cells then begins outside the image; "
        "the course pads at the end, so that the first pixel stays the first: (0, right, 0, bottom).",
        padded_and_cut_at_the_start,
    ),
    (
        "You always pad to a multiple of 32. That serves our FCN, but the function is told what its network needs: a multiple "
        "of `multiple`, which may be 4 or 8. More padding is more work, and changes the borders.",
        always_32,
    ),
]
"""Each sentence with its wrong answer."""
