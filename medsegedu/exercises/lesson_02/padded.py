"""Exercise 2.5: images of any size through a network that halves them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02.halving import Network, draw, reference

any_size = Exercise(
    "02.any_size",
    reference=reference,
    title="Any size",
    minutes=8,
    difficulty=2,
    hints=(
        "How many rows does an image of 117 rows lack to a multiple of 32? And one of 96? In Python `-117 % 32` is that number.",
        "`F.pad` counts from the last axis: (left, right, top, bottom). Its mode 'replicate' repeats the edge.",
        "Keep the image's own height and width, and cut the logits back to them at the end: `[..., :height, :width]`.",
    ),
    after="Right: 117 x 99 pixels go in, and as many answers come out. Run the next cell.",
)


@any_size.case
def both_axes_lack_some(random: Random) -> tuple[Any, ...]:
    return draw(random, 8, 19, 29)


@any_size.case
def nothing_is_lacking(random: Random) -> tuple[Any, ...]:
    return draw(random, 4, 8, 12)


@any_size.case
def only_the_rows(random: Random) -> tuple[Any, ...]:
    return draw(random, 4, 13, 8)


@any_size.case
def both_axes_lack_three(random: Random) -> tuple[Any, ...]:
    return draw(random, 8, 13, 21)  # margins that may be swapped


@any_size.case
def half_a_multiple(random: Random) -> tuple[Any, ...]:
    return draw(random, 8, 12, 20)  # as much over as is lacking


@any_size.case
def smaller_than_the_multiple(random: Random) -> tuple[Any, ...]:
    return draw(random, 8, 3, 10)


def _lack(image: Tensor, multiple: int) -> tuple[int, int]:
    return -image.shape[2] % multiple, -image.shape[3] % multiple


def _cut(logits: Tensor, image: Tensor) -> Tensor:
    return logits[..., : image.shape[2], : image.shape[3]]


def _padded(network: Network, image: Tensor, multiple: int, mode: str) -> Tensor:
    bottom, right = _lack(image, multiple)
    return _cut(network(F.pad(image, (0, right, 0, bottom), mode=mode)), image)


@any_size.mistake(
    "You padded with zeros. Zero is a grey value like any other: at the border the network sees an edge that is not in the "
    "patient. Repeat the last row and column: mode='replicate'."
)
def zeros(network: Network, image: Tensor, multiple: int) -> Tensor:
    return _padded(network, image, multiple, "constant")


@any_size.mistake(
    "You mirrored the image. Good pictures, but a mirror needs more rows than it adds, so small images fail. Repeating the edge "
    "works down to a single pixel: mode='replicate'."
)
def mirrored(network: Network, image: Tensor, multiple: int) -> Tensor:
    return _padded(network, image, multiple, "reflect")


@any_size.mistake(
    "You resized the image and its logits. Then nothing keeps its size in mm, and the borders of the result are interpolated "
    "twice. Add the few pixels that are lacking, and leave the rest alone."
)
def resized(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    size = image.shape[2] + bottom, image.shape[3] + right
    logits = network(F.interpolate(image, size=size, mode="bilinear"))
    return F.interpolate(logits, size=image.shape[2:], mode="bilinear")


@any_size.mistake(
    "You padded on both sides but cut as if all of it were at the end: every answer now belongs to a pixel further up and "
    "to the left. Pad at the end only, or cut on both sides."
)
def both_sides_but_cut_at_the_end(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    around = (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2)
    return _cut(network(F.pad(image, around, mode="replicate")), image)


@any_size.mistake(
    "You padded and cut on both sides. That is sound, but the network's grid of coarse cells then starts outside the image; the "
    "course pads at the end, so that the first pixel stays the first."
)
def both_sides(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    top, left = bottom // 2, right // 2
    logits = network(F.pad(image, (left, right - left, top, bottom - top), mode="replicate"))
    return logits[..., top : top + image.shape[2], left : left + image.shape[3]]


@any_size.mistake(
    "You padded at the top left and cut the bottom right off again: answers and pixels are shifted against each other. Both "
    "belong at the end."
)
def padded_at_the_start(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    return _cut(network(F.pad(image, (right, 0, bottom, 0), mode="replicate")), image)


@any_size.mistake(
    "An image that fits already gets a whole multiple more from you: `multiple - H % multiple` is `multiple`, not 0, when "
    "nothing is lacking. Costly, and it changes the borders. `-H % multiple` is right in both cases."
)
def a_whole_multiple_more(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = (multiple - size % multiple for size in image.shape[2:])
    return _cut(network(F.pad(image, (0, right, 0, bottom), mode="replicate")), image)


@any_size.mistake(
    "You padded by the remainder `H % multiple`, which is how much stands over, not how much is lacking: 13 rows lack 3 to 16, "
    "their remainder is 1. Take `-H % multiple`."
)
def by_the_remainder(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = (size % multiple for size in image.shape[2:])
    return _cut(network(F.pad(image, (0, right, 0, bottom), mode="replicate")), image)


@any_size.mistake(
    "`F.pad` counts from the last axis, so its first pair of numbers belongs to the columns. You gave the rows' margin to "
    "the columns: (left, right, top, bottom)."
)
def axes_swapped(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    return _cut(network(F.pad(image, (0, bottom, 0, right), mode="replicate")), image)


@any_size.mistake(
    "Your logits are larger than the image: those of the padding are still there. Cut back to the image's height and width."
)
def not_cut_back(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    return network(F.pad(image, (0, right, 0, bottom), mode="replicate"))


@any_size.mistake(
    "You cut the image down to a multiple, so its last rows and columns get no answer. What lies there may be the lesion: pad "
    "instead, and lose nothing."
)
def image_cut_down(network: Network, image: Tensor, multiple: int) -> Tensor:
    height, width = (size - size % multiple for size in image.shape[2:])
    return network(image[..., :height, :width])


@any_size.mistake(
    "You squeezed the enlarged logits back to the image's size. The padded part must be cut off, not squeezed in: it belongs "
    "to no pixel of the image."
)
def squeezed_back(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    logits = network(F.pad(image, (0, right, 0, bottom), mode="replicate"))
    return F.interpolate(logits, size=image.shape[2:], mode="bilinear")


@any_size.mistake(
    "`[:-margin]` fails where nothing was padded: `:-0` is an empty slice. Write the end as the image's own height and width."
)
def negative_end(network: Network, image: Tensor, multiple: int) -> Tensor:
    bottom, right = _lack(image, multiple)
    return network(F.pad(image, (0, right, 0, bottom), mode="replicate"))[..., :-bottom, :-right]


@any_size.mistake(
    "You handed the image to the network as it is. A size that is no multiple cannot be halved that often: pad it first."
)
def nothing_done(network: Network, image: Tensor, multiple: int) -> Tensor:
    return network(image)


@any_size.mistake(
    "You padded both axes to the same size, a square. It works, and it computes many pixels that nobody asked for: each axis "
    "has its own margin."
)
def made_square(network: Network, image: Tensor, multiple: int) -> Tensor:
    side = max(image.shape[2:]) + (-max(image.shape[2:]) % multiple)
    margins = (0, side - image.shape[3], 0, side - image.shape[2])
    return _cut(network(F.pad(image, margins, mode="replicate")), image)


@any_size.mistake(
    "The right numbers, but cut off from the network by `no_grad` or `.detach()`: it could not be trained through your "
    "function. Leave that to the caller."
)
def without_gradient(network: Network, image: Tensor, multiple: int) -> Tensor:
    with torch.no_grad():
        return reference(network, image, multiple)


@any_size.behaviour
def it_can_be_trained_through(attempt: Any, random: Random) -> str | None:
    network, image, multiple = draw(random, 4, 7, 9)
    logits = attempt(network, image, multiple)
    return None if logits.requires_grad else "No gradient flows from your logits back into the network."
