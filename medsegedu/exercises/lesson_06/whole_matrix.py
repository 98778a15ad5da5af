"""Exercise 6.4: weights that sum to something else, and values of the wrong kind."""

import torch
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.pairs import lists, non_local, picture


@non_local.mistake(
    "You took one softmax over all pairs of pixels together. Then all weights of an image sum to 1, and each pixel hears next "
    "to nothing. For *each* pixel that asks they must sum to 1: `softmax(dim=2)` over the row."
)
def softmax_over_all_pairs(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    scores = queries @ keys.transpose(1, 2)
    return x + out(picture(scores.flatten(1).softmax(1).reshape(scores.shape) @ values, x))


@non_local.mistake(
    "Your scores are queries times transposed keys, (N, E, E): channels compared with channels. From lists of (N, E, P) it is "
    "transposed queries times keys, (N, P, P), one score for each pair of pixels."
)
def channels_compared_otherwise(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = (part.transpose(1, 2) for part in lists(x, theta, phi, g))  # (N, E, P)
    return x + out(((queries @ keys.transpose(1, 2)).softmax(-1) @ values).unflatten(2, x.shape[2:]))


@non_local.mistake(
    "Your sum runs over the pixels, and (N, E, E) is left: channels compared with channels. The letter of the channels must "
    'vanish and those of both pixels stay: `"nei,nej->nij"`.'
)
def channels_compared_by_einsum(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = (part.transpose(1, 2) for part in lists(x, theta, phi, g))  # (N, E, P)
    weights = torch.einsum("nep,nfp->nef", queries, keys).softmax(-1)
    return x + out(torch.einsum("nef,nfp->nep", weights, values).unflatten(2, x.shape[2:]))


@non_local.mistake(
    "You divided by the number of pixels although the softmax has made weights of sum 1. What was gathered is a mean "
    "already; a second division lets it vanish on large maps."
)
def divided_by_the_pixels(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    gathered = (queries @ keys.transpose(1, 2)).softmax(2) @ values
    return x + out(picture(gathered / values.shape[1], x))


@non_local.mistake(
    "You divided the raw scores by the number of pixels, where a softmax should be. Such blocks exist, too, but here the pixels "
    "compete: weights that are positive and sum to 1 for each pixel that asks."
)
def scores_over_the_pixels(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + out(picture(queries @ keys.transpose(1, 2) @ values / values.shape[1], x))


@non_local.mistake(
    "You kept each pixel from hearing itself. Here it may: all P pixels answer, also the one that asks. (The mask comes in the "
    "next exercise, for another reason.)"
)
def itself_excluded(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    scores = queries @ keys.transpose(1, 2)
    scores = scores.masked_fill(torch.eye(scores.shape[1], dtype=torch.bool), -torch.inf)
    return x + out(picture(scores.softmax(2) @ values, x))


@non_local.mistake(
    "You gathered `x` itself instead of the values. What a pixel has to say comes from a layer of its own, `g(x)`, with the E "
    "channels that `out` expects."
)
def input_as_value(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, _ = lists(x, theta, phi, g)
    weights = (queries @ keys.transpose(1, 2)).softmax(2)
    return x + out(picture(weights @ x.flatten(2).transpose(1, 2), x))


@non_local.mistake(
    "`out` is missing: you added the gathered values as they are. They have E channels and are made of values; `out` brings "
    "them back to the C channels of `x`."
)
def out_forgotten(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return x + picture((queries @ keys.transpose(1, 2)).softmax(2) @ values, x)


@non_local.mistake(
    "You unflattened to (W, H). `flatten` went row by row, so the list becomes a picture of H rows and W columns again: "
    "`.unflatten(2, (H, W))`."
)
def columns_before_rows(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    answers = ((queries @ keys.transpose(1, 2)).softmax(2) @ values).transpose(1, 2)
    return x + out(answers.unflatten(2, (x.shape[3], x.shape[2])))


@non_local.mistake(
    "The exponentials are your own. Beyond a score of about 88 they are infinite in float32, and where all of a row's scores lie "
    "far below, they are 0 and so is their sum. `softmax` takes away each row's largest score first: let it do the work."
)
def exponentials_by_hand(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    weights = (queries @ keys.transpose(1, 2)).exp()
    return x + out(picture(weights / weights.sum(2, keepdim=True) @ values, x))


@non_local.mistake(
    "Two things. First: your softmax runs over the pixels that ask; along a row, `dim=2`, stand those that answer. Then: `x` "
    "is missing, to which the block adds."
)
def askers_and_no_input(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return out(picture((queries @ keys.transpose(1, 2)).softmax(1) @ values, x))


@non_local.mistake(
    "Two things. First: the softmax is missing, your scores are used raw; make weights of them that sum to 1 for each pixel "
    "that asks. Then: `x` is missing, to which the block adds."
)
def no_softmax_and_no_input(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return out(picture(queries @ keys.transpose(1, 2) @ values, x))


@non_local.mistake(
    "Two things. First: you divided the scores by the root of the channels, as transformers do; this block does not. Then: `x` "
    "is missing, to which the block adds."
)
def scaled_and_no_input(x: Tensor, theta: nn.Module, phi: nn.Module, g: nn.Module, out: nn.Module) -> Tensor:
    queries, keys, values = lists(x, theta, phi, g)
    return out(picture((queries @ keys.transpose(1, 2) / queries.shape[2] ** 0.5).softmax(2) @ values, x))
