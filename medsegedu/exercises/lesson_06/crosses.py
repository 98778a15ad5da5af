"""Exercise 6.5: criss-cross attention, where each pixel asks its row and its column."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_06 import answers
from medsegedu.exercises.lesson_06.layers import pointwise, with_parts
from medsegedu.exercises.lesson_06.pairs import beside_large_scores
from medsegedu.layers import CrissCross


def reference(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    """(N, C, H, W) -> the same shape; the layer of the core with these convolutions, run once."""
    return with_parts(CrissCross(x.shape[1], recurrences=1), query=query, key=key, value=value, gamma=gamma)(x)


criss_cross = Exercise(
    "06.criss_cross",
    reference=reference,
    shown=answers.criss_cross,
    title="Ask your row and your column",
    minutes=20,
    difficulty=3,
    hints=(
        "`torch.einsum` names the dimensions: what stands behind the arrow stays, all else is multiplied and summed. The scores "
        'of a pixel (h, w) with its row are `"nchw,nchj->nhwj"`. How does the column read?',
        "One softmax over both, H + W scores: `torch.cat` on dimension 3. Before that, in one of the two, the pixel's score with "
        "itself becomes -inf, or it would count twice; `masked_fill` with `torch.eye` does it.",
        'Cut the weights apart with `.split([H, W], dim=3)` and gather: `torch.einsum("nhwj,ncjw->nchw", in_column, v)` for the '
        "column, and the row likewise. Add both, times `gamma`, to `x`.",
    ),
    after="The next cell applies it twice and looks at how far one pixel is heard.",
    gradients=True,
)


def situation(random: Random, channels: int, inner: int, *shape: int) -> tuple[Any, ...]:
    x = random.tensor(shape[0], channels, *shape[1:])
    query, key = pointwise(channels, inner, random, 1), pointwise(channels, inner, random, 2, bias=False)
    return x, query, key, pointwise(channels, channels, random, 3), torch.tensor(random.uniform(0.5, 0.9))


@criss_cross.case
def tall(random: Random) -> tuple[Any, ...]:
    return situation(random, 4, 2, 2, 7, 3)


@criss_cross.case
def wide(random: Random) -> tuple[Any, ...]:
    return situation(random, 3, 4, 3, 2, 6)


@criss_cross.case
def square(random: Random) -> tuple[Any, ...]:
    return situation(random, 4, 4, 4, 4, 4)  # nothing but the values tells one dimension from another


@criss_cross.case
def a_single_row(random: Random) -> tuple[Any, ...]:
    return situation(random, 5, 2, 2, 1, 8)


@criss_cross.case
def in_double_precision(random: Random) -> tuple[Any, ...]:
    return tuple(part.double() for part in situation(random, 2, 1, 2, 5, 3))


@criss_cross.case
def gamma_at_its_start(random: Random) -> tuple[Any, ...]:
    return *situation(random, 3, 2, 2, 4, 5)[:-1], torch.tensor(0.0)  # the output is x, but gamma has to learn


@criss_cross.case
def gamma_below_zero(random: Random) -> tuple[Any, ...]:
    return *situation(random, 3, 2, 2, 3, 4)[:-1], torch.tensor(random.uniform(-1.9, -1.2))


class _Largest(TorchDispatchMode):
    """The entries of the largest tensor that any operation returns."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        self.entries = max([self.entries, *(leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor))])
        return result


@criss_cross.behaviour
def never_all_pairs(attempt: Any, random: Random) -> str | None:
    x, *layers = situation(random, 2, 2, 1, 30, 20)
    pixels = x.shape[2] * x.shape[3]
    with torch.no_grad(), _Largest() as largest:
        attempt(x, *layers)
    if largest.entries >= pixels**2:
        return (
            f"For {pixels} pixels your function makes a tensor of {largest.entries:,} entries, as many as there are pairs of "
            f"pixels. The cross needs {pixels} x (30 + 20) only."
        )
    return None


@criss_cross.behaviour
def large_scores_are_weighed_well(attempt: Any, random: Random) -> str | None:
    parts = [part.double() for part in situation(random, 4, 2, 2, 4, 3)]
    for scale in (6, 15, 40, 120):
        x, *others = copy.deepcopy(parts)  # an attempt may write into its inputs
        expected = reference(scale * x, *others)
        if trouble := beside_large_scores(attempt(scale * x, *others), expected):
            return trouble
    return None


@criss_cross.behaviour
def mask_is_below_every_score(attempt: Any, random: Random) -> str | None:
    x, query, key, value, gamma = (part.double() for part in situation(random, 3, 1, 2, 4, 3))
    x = 1000 * x[:, :1].abs().expand_as(x)  # all keys have one sign, and all queries
    if query(x).mean() * key(x).mean() > 0:
        key.weight.data.neg_()
    expected = reference(x, query, key, value, gamma)
    if trouble := beside_large_scores(attempt(x.clone(), query, key, value, gamma), expected):
        return (
            trouble
            if "finite" in trouble
            else (
                "Where all scores lie far below zero, the pixel itself is heard too much: the number with which you masked it is "
                "larger than they are. Only `-torch.inf` lies below every score."
            )
        )
    return None


def scores(x: Tensor, query: nn.Module, key: nn.Module) -> tuple[Tensor, Tensor]:
    """Those with the column (N, H, W, H), and those with the row (N, H, W, W), without the pixel itself."""
    q, k = query(x), key(x)
    column = torch.einsum("nchw,ncjw->nhwj", q, k)
    row = torch.einsum("nchw,nchj->nhwj", q, k)
    return column, row.masked_fill(torch.eye(x.shape[3], dtype=torch.bool), -torch.inf)


def weigh(column: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of the column and those of the row, together of sum 1 for each pixel."""
    weights = torch.cat([column, row], -1).softmax(-1)
    return weights[..., : column.shape[-1]], weights[..., column.shape[-1] :]


def gather(column: Tensor, row: Tensor, v: Tensor) -> Tensor:
    """(N, C, H, W) from the weights."""
    return torch.einsum("nhwj,ncjw->nchw", column, v) + torch.einsum("nhwj,nchj->nchw", row, v)


@criss_cross.mistake(
    "The pixel itself counts twice: it lies in its row and in its column. Set its score to -inf in one of the two before the "
    "softmax, so that it gets weight 0 there."
)
def itself_twice(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    q, k = query(x), key(x)
    column, row = torch.einsum("nchw,ncjw->nhwj", q, k), torch.einsum("nchw,nchj->nhwj", q, k)
    return x + gamma * gather(*weigh(column, row), value(x))


@criss_cross.mistake(
    "You masked the pixel in its row and in its column, so it cannot hear itself at all. Mask it in one of the two only."
)
def itself_never(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    itself = torch.eye(x.shape[2], dtype=torch.bool)[:, None]  # (H, 1, H)
    weights = weigh(column.masked_fill(itself, -torch.inf), row)
    return x + gamma * gather(*weights, value(x))


@criss_cross.mistake(
    "You set the pixel's second score to 0. A score of 0 still gets a weight, since the softmax takes its exponential, 1. Only "
    "-inf becomes 0."
)
def masked_with_zero(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    return x + gamma * gather(*weigh(column, row.masked_fill(row == -torch.inf, 0)), value(x))


@criss_cross.mistake(
    "You asked the row only. Then a pixel never hears of another row, however often you repeat it; the column belongs to "
    "the cross."
)
def row_only(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    weights = torch.einsum("nchw,nchj->nhwj", query(x), key(x)).softmax(-1)
    return x + gamma * torch.einsum("nhwj,nchj->nchw", weights, value(x))


@criss_cross.mistake(
    "You asked the column only. Then a pixel never hears of another column, however often you repeat it; the row belongs "
    "to the cross."
)
def column_only(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    weights = torch.einsum("nchw,ncjw->nhwj", query(x), key(x)).softmax(-1)
    return x + gamma * torch.einsum("nhwj,ncjw->nchw", weights, value(x))


@criss_cross.mistake(
    "The numbers are right, but you compared all pairs of pixels and masked most of them away. That costs all the memory that "
    "the cross exists to save: compute only the scores with the row and with the column."
)
def all_pairs_masked(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    h, w = x.shape[2:]
    rows, columns = torch.arange(h).repeat_interleave(w), torch.arange(w).repeat(h)
    off = (rows[:, None] != rows) & (columns[:, None] != columns)  # (P, P)
    pairs = torch.einsum("ncp,ncq->npq", query(x).flatten(2), key(x).flatten(2)).masked_fill(off, -torch.inf)
    gathered = torch.einsum("npq,ncq->ncp", pairs.softmax(-1), value(x).flatten(2))
    return x + gamma * gathered.unflatten(2, (h, w))
