"""Exercise 3.4: a U of any depth, and further ways to lose the way."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_03.filled import alike
from medsegedu.exercises.lesson_03.passes import forward
from medsegedu.exercises.lesson_03.ways import Modules, reference, u_parts, way_down, way_up


@forward.behaviour
def any_depth(attempt: Any, random: Random) -> str | None:
    for depth in (4, 5, 6, 8):
        image, encoder, decoder, head = u_parts(random, (2**depth, 2**depth), (2,) * (depth + 1))
        with torch.no_grad():
            wanted = reference(image, encoder, decoder, head)
            try:
                mine = attempt(image, encoder, decoder, head)
            except Exception:  # whatever goes wrong at this depth, it is the depth
                mine = None
        if not isinstance(mine, Tensor) or not alike(mine, wanted):
            return f"A U-Net may have any depth, and with {depth} skips your function goes wrong: let loops count the levels."
    return None


@forward.mistake(
    "You wrote out the paper's four levels by hand, but a U-Net may be of any depth. Loop over `encoder[:-1]` on the way "
    "down and over `decoder` on the way up."
)
def four_levels_by_hand(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, [encoder[0], encoder[1], encoder[2], encoder[3], encoder[4]])
    return head(way_up(x, skips, [decoder[0], decoder[1], decoder[2], decoder[3]]))


@forward.mistake(
    "You look at the depth and treat 1, 2 and 3 levels one by one; the paper's network has four. One loop over `encoder[:-1]` "
    "and one over `decoder` serve every depth."
)
def ladder_of_depths(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    if len(decoder) > 3:
        raise ValueError("too deep")
    return reference(image, encoder, decoder, head)


@forward.mistake(
    "You go down four levels at most. That is the paper's depth, but a U-Net may be deeper: loop over all of `encoder[:-1]`, and "
    "over all of `decoder`."
)
def four_levels_at_most(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, [*encoder[:-1][:4], encoder[-1]])
    return head(way_up(x, skips, decoder))


@forward.mistake(
    "The last encoder block, the bottom of the U, is never used: you go up with what the last pool left. Apply "
    "`encoder[-1]` between the two loops."
)
def bottom_left_out(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    _, skips = way_down(image, encoder)
    return head(way_up(F.max_pool2d(skips[-1], 2), skips, decoder))


@forward.mistake(
    "You go down and never up: the head gets the bottom's map, small and with too many channels. Walk through `decoder` first, "
    "and give each step its skip."
)
def never_up(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    return head(way_down(image, encoder)[0])


@forward.mistake(
    "Every step up got the same skip, the last one stored. Each level has its own: `skips.pop()` takes one out, so that the next "
    "step finds the next; `skips[-1]` leaves it where it is."
)
def last_skip_for_all(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, [skips[-1]] * len(decoder), decoder))


@forward.mistake(
    "Every step up got the same skip, the first one stored, at full resolution. Each level has its own: take the last one stored "
    "first, with `skips.pop()`."
)
def first_skip_for_all(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, [skips[0]] * len(decoder), decoder))


@forward.mistake(
    "You took a logarithm of the softmax at the end. The losses of this course take raw scores and do that themselves. Return "
    "the head's output as it is."
)
def log_softmax_at_the_end(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, skips, decoder)).log_softmax(1)


@forward.mistake(
    "You took a sigmoid at the end. Probabilities are for looking at; the losses of this course take raw scores. Return the "
    "head's output as it is."
)
def sigmoid_at_the_end(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x, skips, decoder)).sigmoid()


@forward.mistake(
    "You cut the map off (`.detach()`, `.data`) on its way through the bottom: the deep levels of the encoder would never learn. "
    "Pass on each map as it is."
)
def detached_bottom(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = way_down(image, encoder)
    return head(way_up(x.detach(), skips, decoder))


@forward.mistake(
    "You loop over the whole encoder and then apply its last block once more. The bottom has no pool and no skip: loop over "
    "`encoder[:-1]`, and apply `encoder[-1]` once, behind the loop."
)
def bottom_twice(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x, skips = image, []
    for block in encoder:
        skips.append(block(x))
        x = F.max_pool2d(skips[-1], 2)
    return head(way_up(encoder[-1](x), skips, decoder))


@forward.mistake(
    "You go down, pool behind the bottom too, and never go up. Loop over `encoder[:-1]` only, let the bottom's block stand "
    "alone, and then walk through `decoder`."
)
def down_only(image: Tensor, encoder: Modules, decoder: Modules, head: nn.Module) -> Tensor:
    x = image
    for block in encoder:
        x = F.max_pool2d(block(x), 2)
    return head(x)
