"""Exercise 3.4: down the contracting path and up the expanding one."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_03.ways import Modules, Zeroed, reference, u_parts, way_down, way_up

forward = Exercise(
    "03.forward",
    reference=reference,
    title="Through the U",
    minutes=12,
    difficulty=3,
    hints=(
        "How many blocks are there, and how many skips? Which block has none?",
        "On the way down: convolve, store, pool. What is stored after the pool would be too small.",
        "`skips.pop()` takes the skip that was stored last. The decoder's first step needs the deepest one.",
    ),
    after="That is the U-Net. The next cell builds one from your parts.",
    gradients=True,
)


@forward.case
def channels_double(random: Random) -> tuple[Any, ...]:
    return u_parts(random, (12, 20), (3, 6, 12))


@forward.case
def all_levels_alike(random: Random) -> tuple[Any, ...]:
    return u_parts(random, (32, 16), (4, 4, 4, 4))  # nothing but the values tells one skip from another


@forward.case
def valid_convolutions(random: Random) -> tuple[Any, ...]:
    return u_parts(random, (52, 44), (2, 2, 2), padding="valid")


@forward.case
def one_level(random: Random) -> tuple[Any, ...]:
    return u_parts(random, (6, 10), (3, 5), norm="batch")


@forward.behaviour
def every_skip_counts(attempt: Any, random: Random) -> str | None:
    image, encoder, decoder, head = u_parts(random, (16, 24), (3, 6, 12))
    whole = attempt(image, encoder, decoder, head)
    for k, step in enumerate(decoder):
        if torch.equal(whole, attempt(image, encoder, [*decoder[:k], Zeroed(step), *decoder[k + 1 :]], head)):
            return f"Setting the skip of step {k + 1} to zero does not change your output, so it carries nothing."
    return None


@forward.behaviour
def every_weight_learns(attempt: Any, random: Random) -> str | None:
    image, encoder, decoder, head = u_parts(random, (16, 24), (3, 6, 12))
    attempt(image, encoder, decoder, head).square().sum().backward()
    for name, module in {"encoder": encoder, "decoder": decoder, "head": [head]}.items():
        weights = [weight for part in module for weight in part.parameters()]
        if any(weight.grad is None or not weight.grad.any() for weight in weights):
            return f"No gradient reaches part of the {name}, so it would never learn."
    return None


@forward.mistake(
    "You stored each skip after the pool, at half its size. A skip exists to carry the detail that the pool throws away: "
    "store first, pool afterwards."
)
def stored_behind_the_pool(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder[:-1]:
        x = F.max_pool2d(block(x), 2)
        skips.append(x)
    return head(way_up(encoder[-1](x), skips, decoder))


@forward.mistake(
    "You stored what goes into a block instead of what comes out: the first skip is then the bare image. Convolve, store, "
    "pool, in that order."
)
def stored_before_the_block(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder[:-1]:
        skips.append(x)
        x = F.max_pool2d(block(x), 2)
    return head(way_up(encoder[-1](x), skips, decoder))


@forward.mistake(
    "Your skips come in the order in which they were stored: the first step up got the full-resolution one. The U is "
    "symmetric, so the last skip stored is the first one used: `skips.pop()`."
)
def skips_in_order_of_storage(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, skips[::-1], decoder))


@forward.mistake(
    "You pooled behind the last block too. The bottom of the U goes up, not further down; with the crop no error tells you, but "
    "your logits cover only the middle of the image."
)
def pooled_at_the_bottom(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(F.max_pool2d(x, 2), skips, decoder))


@forward.mistake(
    "You stored the bottom's map as a skip too, so the first step up was handed its own input. There is one skip less than "
    "there are encoder blocks."
)
def bottom_stored_too(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, [*skips, x], decoder))


@forward.mistake(
    "Nothing is pooled on your way down, so every level sees the same few pixels around it, and the steps up outgrow their "
    "skips. Halve the map behind each stored skip: `F.max_pool2d(x, 2)`."
)
def never_pooled(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder[:-1]:
        x = block(x)
        skips.append(x)
    return head(way_up(encoder[-1](x), skips, decoder))


@forward.mistake(
    "You pooled by averaging. U-Net takes the maximum of each 2x2 square: what matters is whether a feature was found there, "
    "not how often."
)
def average_pooled(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder[:-1]:
        skips.append(block(x))
        x = F.avg_pool2d(skips[-1], 2)
    return head(way_up(encoder[-1](x), skips, decoder))


@forward.mistake(
    "You walked through the decoder backwards. Its steps are given in the order of use, from the deepest level up to the full "
    "resolution."
)
def decoder_reversed(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, skips, decoder[::-1]))


@forward.mistake(
    "You returned the last feature map. The head, a 1x1 convolution, turns its channels into one score per class: "
    "`return head(x)`."
)
def head_forgotten(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return way_up(x, skips, decoder)


@forward.mistake(
    "You took a softmax at the end. The losses of this course take logits and apply it themselves; twice gives almost equal "
    "probabilities and a feeble gradient. Return the head's output."
)
def softmax_at_the_end(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, skips, decoder)).softmax(1)


@forward.mistake(
    "Your output is right, but no gradient flows through the skips (`.detach()`, `.data` or `no_grad`): the encoder would "
    "learn only through the bottom. Store the map itself."
)
def detached_skips(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, [skip.detach() for skip in skips], decoder))


@forward.mistake(
    "You treat the bottom like every other level: it is stored as a skip, and pooled once more. But there the way turns round. "
    "Loop over `encoder[:-1]`, and let the last block stand alone."
)
def bottom_like_the_others(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder:
        skips.append(block(x))
        x = F.max_pool2d(skips[-1], 2)
    return head(way_up(x, skips, decoder))
