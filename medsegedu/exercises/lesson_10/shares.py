"""More that goes wrong in exercise 10.5: which shares are added up, and what stands below the line."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.cuts import (
    cut,
    hard,
    in_all,
    inside,
    kept_share,
    mean_over_segments,
    no_bond_with_itself,
    one_for_all,
    only_one_end,
    soft_ncut,
    squared_below,
    with_itself,
)


@soft_ncut.mistake("You gave one number for each segment. Add them up to a single one, which `backward()` needs.")
def one_a_segment(probabilities: Tensor, bonds: Tensor, low: float = 1e-12) -> Tensor:
    return 1 - inside(probabilities, bonds) / in_all(probabilities, bonds, low)


@soft_ncut.mistake(
    "You counted the bonds between pixels of *different* segments and left it at that. The smallest such sum cuts off a single "
    "pixel. Divide the cut of each segment by all bonds of its pixels."
)
def plain_cut(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (probabilities @ bonds.sum(1) - inside(probabilities, bonds)).sum()


@soft_ncut.mistake(
    "You divided the sum over all segments by the sum over all segments. Then the large ones decide. Divide each segment's, and "
    "add up afterwards."
)
def ratio_of_sums(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return len(probabilities) * (1 - inside(probabilities, bonds).sum() / in_all(probabilities, bonds).sum())


@soft_ncut.mistake(
    "You divided the sum over all segments by the sum over all segments: one share for all, in which the large ones decide. Each "
    "segment has a share of its own; add up K times 1 minus a share."
)
def one_ratio(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return 1 - inside(probabilities, bonds).sum() / in_all(probabilities, bonds).sum()


@soft_ncut.mistake(
    "You took K minus *one* fraction, all segments above the line and all below. Divide each segment's own two sums first, and "
    "add the fractions up afterwards; otherwise the large segments decide."
)
def one_ratio_from_k(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return len(probabilities) - inside(probabilities, bonds).sum() / in_all(probabilities, bonds).sum()


@soft_ncut.mistake(
    "You reckoned with the first segment and *all the rest*. There may be more than two segments: go through the rows of "
    "`probabilities`."
)
def first_against_the_rest(probabilities: Tensor, bonds: Tensor) -> Tensor:
    first = probabilities[0]
    return cut(torch.stack([first, 1 - first]), bonds, 1e-12)


@soft_ncut.mistake(
    "A segment that nobody claims costs nothing in your loss (left out, or a small number stands *above* the line as well); "
    "a network would be glad to let its segments die. Its share counts as 0: it costs 1."
)
def empty_costs_nothing(probabilities: Tensor, bonds: Tensor) -> Tensor:
    there = probabilities.sum(1) > 0
    return cut(probabilities[there], bonds, 1e-12)


@soft_ncut.mistake(
    "You lifted the sum below the line to 1, or to a number that is felt (0.1, 0.01). That suits a *count* of pixels, which is "
    "0 or at least 1; a sum of weak bonds may well be 0.001, and then even a perfect segment seems cut. `.clamp(min=1e-12)`."
)
def clamped_at_one(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return cut(probabilities, bonds, 1)


@soft_ncut.mistake(
    "You added 0.001 below the line, against 0 / 0. Where bonds are weak this is felt, and a perfect segment seems cut: let "
    "the sum be *at least* a tiny number instead, `.clamp(min=1e-12)`."
)
def a_thousandth_added(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities, bonds) / (in_all(probabilities, bonds, 0) + 1e-3)).sum()


@soft_ncut.mistake(
    "You divided 0 by 0 for a segment that nobody claims and mended the NaN afterwards (`nan_to_num`, `where`). The number is "
    "right, but the gradient passes through the division and is NaN: clamp below the fraction *before* you divide."
)
def nan_mended(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - (inside(probabilities, bonds) / in_all(probabilities, bonds, 0)).nan_to_num()).sum()


@soft_ncut.mistake(
    "You decided first (argmax) and counted then; a decision passes no gradient, so keep the probabilities. (It also makes "
    "float32 of whatever came in: `.to(probabilities)` keeps the kind.)"
)
def hard_in_float32(probabilities: Tensor, bonds: Tensor) -> Tensor:
    one_hot = F.one_hot(probabilities.argmax(0), len(probabilities)).T.float()
    reached = one_hot @ bonds
    return (1 - (reached * one_hot).sum(1) / reached.sum(1).clamp(min=1e-12)).sum()


@soft_ncut.mistake(
    "You returned a plain number (`.item()`, `float()`). The value is right, but `backward()` needs the tensor: leave it out."
)
def item(probabilities: Tensor, bonds: Tensor) -> float:
    return answers.soft_ncut(probabilities, bonds).item()


def _and_nan() -> None:
    """The same first mistakes without `clamp`."""
    firsts = (
        kept_share,
        one_for_all,
        mean_over_segments,
        only_one_end,
        squared_below,
        with_itself,
        no_bond_with_itself,
        hard,
    )
    for first in firsts:

        def both(probabilities: Tensor, bonds: Tensor, first: Callable[..., Tensor] = first) -> Tensor:
            return first(probabilities, bonds, 0.0)

        both.__name__ = f"{first.__name__}_and_nan"
        more = " Then mend a second thing: a segment that nobody claims gives 0 / 0. `.clamp(min=1e-12)` below the fraction."
        soft_ncut.mistake(soft_ncut.sentences[first.__name__] + more)(both)


_and_nan()
