"""Exercise 2.5: images of any size through a network that halves them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02 import margins
from medsegedu.exercises.lesson_02.agreement import agrees
from medsegedu.exercises.lesson_02.halving import Halving, draw, reference
from medsegedu.exercises.lesson_02.margins import lack

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


@any_size.behaviour
def the_network_stays_the_callers(attempt: Any, random: Random) -> str | None:
    """Its mode is left alone and its gradients are kept; asked only where the numbers are right."""
    if not agrees(any_size, attempt):
        return None
    network, image, multiple = draw(random, 4, 7, 9)
    for training in (True, False):
        network.train(training)
        logits = attempt(network, image, multiple)
        if any(part.training != training for part in network.modules()):
            modes = "eval to training" if not training else "training to eval"
            return f"The numbers are right, but your function switches the caller's network from {modes} mode."
    return None if logits.requires_grad else "No gradient flows from your logits back into the network."


for _sentence, _wrong in margins.MISTAKES:
    any_size.mistake(_sentence)(_wrong)


@any_size.mistake(
    "You resized the image and its logits. Then nothing keeps its size in mm, and the borders of the result are interpolated "
    "twice. Add the few pixels that are lacking, and leave the rest alone."
)
def resized(network: Halving, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    size = image.shape[2] + bottom, image.shape[3] + right
    logits = network(F.interpolate(image, size=size, mode="bilinear"))
    return F.interpolate(logits, size=image.shape[2:], mode="bilinear")


@any_size.mistake(
    "Your logits are larger than the image: those of the padding are still there. Cut back to the image's height and width."
)
def not_cut_back(network: Halving, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    return network(F.pad(image, (0, right, 0, bottom), mode="replicate"))


@any_size.mistake(
    "You cut the image down to a multiple, so its last rows and columns get no answer. What lies there may be the lesion: pad "
    "instead, and lose nothing."
)
def image_cut_down(network: Halving, image: Tensor, multiple: int) -> Tensor:
    height, width = (size - size % multiple for size in image.shape[2:])
    return network(image[..., :height, :width])


@any_size.mistake(
    "You squeezed the enlarged logits back to the image's size. The padded part must be cut off, not squeezed in: it belongs "
    "to no pixel of the image."
)
def squeezed_back(network: Halving, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    logits = network(F.pad(image, (0, right, 0, bottom), mode="replicate"))
    return F.interpolate(logits, size=image.shape[2:], mode="bilinear")


@any_size.mistake(
    "`[:-margin]` fails where nothing was padded: `:-0` is an empty slice. Write the end as the image's own height and width."
)
def negative_end(network: Halving, image: Tensor, multiple: int) -> Tensor:
    bottom, right = lack(image, multiple)
    return network(F.pad(image, (0, right, 0, bottom), mode="replicate"))[..., :-bottom, :-right]


@any_size.mistake(
    "You handed the image to the network as it is. A size that is no multiple cannot be halved that often: pad it first."
)
def nothing_done(network: Halving, image: Tensor, multiple: int) -> Tensor:
    return network(image)


@any_size.mistake(
    "The right numbers, but cut off from the network by `no_grad` or `.detach()`: it could not be trained through your "
    "function. Leave that to the caller."
)
def without_gradient(network: Halving, image: Tensor, multiple: int) -> Tensor:
    with torch.no_grad():
        return reference(network, image, multiple)


@any_size.mistake(
    "Your function calls `network.eval()` and leaves it so. The network is the caller's: if it was in training, its layers "
    "would go on as in a test, without a word. Leave its mode alone."
)
def switched_to_eval(network: Halving, image: Tensor, multiple: int) -> Tensor:
    network.eval()
    return reference(network, image, multiple)


@any_size.mistake(
    "Your function calls `network.train()`. The network is the caller's: if it was in eval mode, its layers would behave as in "
    "training, without a word. Leave its mode alone."
)
def switched_to_train(network: Halving, image: Tensor, multiple: int) -> Tensor:
    network.train()
    return reference(network, image, multiple)
