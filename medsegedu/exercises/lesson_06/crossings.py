"""Exercise 6.5: further wrong ways through the cross."""

import torch
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.crosses import criss_cross, gather, reference, scores, weigh


@criss_cross.mistake(
    "You ran it twice at once. The second run comes later, as a second call with the same layers; this function is one."
)
def twice(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return reference(reference(x, query, key, value, gamma), query, key, value, gamma)


@criss_cross.mistake(
    "The weights of the column are used for the row and those of the row for the column. That runs without an error only where "
    "the map is square. The first H weights belong to the column if you joined it first."
)
def weights_exchanged(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = weigh(*scores(x, query, key))
    return x + gamma * gather(row, column, value(x))


@criss_cross.mistake(
    "You cut the joined scores at W instead of H, so some weights of the column went to the row. You joined H scores of the "
    "column and W of the row, in this order: `split([H, W], dim=3)`."
)
def cut_at_the_width(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    (h, w), v = x.shape[2:], value(x)
    first, second = torch.cat(scores(x, query, key), -1).softmax(-1).split([w, h], -1)
    return x + gamma * gather(first, second, v)


@criss_cross.mistake(
    "You exchanged queries and keys: the pixel weighs the others by what they would ask of it. The pixel (h, w) that asks "
    "brings its query, the pixels j of the cross their keys."
)
def queries_and_keys_exchanged(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return reference(x, key, query, value, gamma)


@criss_cross.mistake(
    "You gathered the queries or the input itself instead of the values. What a pixel has to say is `value(x)`."
)
def input_as_value(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    return x + gamma * gather(*weigh(*scores(x, query, key)), x)


@criss_cross.mistake(
    "You divided the scores by the root of their channels. Transformers do so; this layer does not: leave the scores as "
    "they are."
)
def scaled(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    root = query(x).shape[1] ** 0.5
    column, row = scores(x, query, key)
    return x + gamma * gather(*weigh(column / root, row / root), value(x))


@criss_cross.mistake(
    "Your softmax runs over dimension 1, the rows that ask, not over the H + W pixels that answer. For each pixel that asks "
    "the weights must sum to 1: take the last dimension, after joining."
)
def softmax_over_the_askers(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    row = torch.where(row.isinf(), torch.finfo(row.dtype).min, row)
    first, second = torch.cat([column, row], -1).softmax(1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "The softmax is missing: you gathered with raw scores, which may be negative and grow with the size of the map. Weights "
    "are positive and sum to 1."
)
def no_softmax(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    return x + gamma * gather(column, row.masked_fill(row.isinf(), 0), value(x))


@criss_cross.mistake(
    "You wrote 0 into the weight after the softmax. By then the pixel had taken its share twice, and the weights no longer "
    "sum to 1: mask the score before the softmax, with -inf."
)
def masked_too_late(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    q, k = query(x), key(x)
    column, row = weigh(torch.einsum("nchw,ncjw->nhwj", q, k), torch.einsum("nchw,nchj->nhwj", q, k))
    row = row.masked_fill(torch.eye(x.shape[3], dtype=torch.bool), 0)
    return x + gamma * gather(column, row, value(x))
