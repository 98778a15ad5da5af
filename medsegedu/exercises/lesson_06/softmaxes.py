"""Exercise 6.5: two softmaxes in the place of one, masks that make NaN, and scores that were joined the other way."""

import torch
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.crosses import criss_cross, gather, scores


def plain(x: Tensor, query: nn.Module, key: nn.Module) -> tuple[Tensor, Tensor]:
    """The scores with the column (N, H, W, H) and with the row (N, H, W, W), the pixel itself in both."""
    q, k = query(x), key(x)
    return torch.einsum("nchw,ncjw->nhwj", q, k), torch.einsum("nchw,nchj->nhwj", q, k)


def masked_in_the_column(x: Tensor, query: nn.Module, key: nn.Module) -> tuple[Tensor, Tensor]:
    """Like `scores`, but the column goes without the pixel itself."""
    column, row = plain(x, query, key)
    return column.masked_fill(torch.eye(x.shape[2], dtype=torch.bool)[:, None], -torch.inf), row


@criss_cross.mistake(
    "You took one softmax over the column and one over the row, so the weights of a pixel sum to 2. All pixels of the cross "
    "compete: join the scores first, then one softmax."
)
def two_softmaxes(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    return x + gamma * gather(column.softmax(-1), row.softmax(-1), value(x))


@criss_cross.mistake(
    "You took two softmaxes, one over the column and one over the row, so the weights of a pixel sum to 2 (and where the masked "
    "line has one pixel only, they are NaN). All pixels of the cross compete: join the scores first, then one softmax."
)
def two_softmaxes_other_mask(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = masked_in_the_column(x, query, key)  # a column of one pixel gives NaN
    return x + gamma * gather(column.softmax(-1), row.softmax(-1), value(x))


@criss_cross.mistake(
    "Two things. First: you took one softmax over the column and one over the row, so the weights sum to 2; join the scores, "
    "then one softmax. Then: the pixel itself still counts twice; set its score to -inf in one of the two."
)
def two_softmaxes_itself_twice(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = plain(x, query, key)
    return x + gamma * gather(column.softmax(-1), row.softmax(-1), value(x))


@criss_cross.mistake(
    "Two things. First: the pixel itself counts twice; before the softmax set its score to -inf, in its row or in its column. "
    "Then: `gamma` is missing in x + gamma * gathered."
)
def itself_twice_no_gamma(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = plain(x, query, key)
    first, second = torch.cat([column, row], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gather(first, second, value(x))


@criss_cross.mistake(
    "Two things. First: the pixel itself counts twice; before the softmax set its score to -inf, in its row or in its column. "
    "Then: `x` is missing in x + gamma * gathered."
)
def itself_twice_no_input(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = plain(x, query, key)
    first, second = torch.cat([column, row], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "Your mask makes NaN: `torch.eye(...) * -torch.inf` is 0 * -inf beside the diagonal, and that is not 0 but NaN. Write the "
    "-inf into its places only: `masked_fill` with a boolean `torch.eye(..., dtype=torch.bool)`."
)
def zero_times_infinity(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = plain(x, query, key)
    row = row + torch.eye(x.shape[3]) * -torch.inf
    first, second = torch.cat([column, row], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "Your mask makes NaN: `torch.eye(...) * -torch.inf` has 0 * -inf beside its diagonal, and that is NaN, not 0. Write "
    "the -inf where it belongs and nowhere else: `masked_fill` with a boolean `torch.eye(..., dtype=torch.bool)`."
)
def zero_times_infinity_in_the_column(
    x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor
) -> Tensor:
    column, row = plain(x, query, key)
    column = column + (torch.eye(x.shape[2]) * -torch.inf)[:, None]
    first, second = torch.cat([column, row], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "You joined the row in front of the column, but cut as if the column came first, so weights went to the wrong pixels. Cut "
    "in the order in which you joined."
)
def joined_the_other_way(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    first, second = torch.cat([row, column], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "You joined the scores in one order, row and column, and cut the weights in the other, so they went to the wrong pixels. "
    "Cut in the order in which you joined."
)
def joined_the_other_way_other_mask(
    x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor
) -> Tensor:
    column, row = masked_in_the_column(x, query, key)
    first, second = torch.cat([row, column], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "Your mask lies along the wrong dimensions: over (H, W) it shuts the whole column to every pixel whose h equals its w. The "
    "pixel itself is where the one that answers, j, equals h in the column, or w in the row."
)
def masked_elsewhere(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = plain(x, query, key)
    wrong = torch.eye(x.shape[2], x.shape[3], dtype=torch.bool)[:, :, None]  # (H, W, 1): where h is w
    column = column.masked_fill(wrong, -torch.inf)
    first, second = torch.cat([column, row], -1).softmax(-1).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))


@criss_cross.mistake(
    "The exponentials are your own. Beyond a score of about 88 they are infinite in float32, and where all of a row's scores lie "
    "far below, they are 0 and so is their sum. `softmax` takes away each row's largest score first: let it do the work."
)
def exponentials_by_hand(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module, gamma: Tensor) -> Tensor:
    column, row = scores(x, query, key)
    weights = torch.cat([column, row], -1).exp()
    first, second = (weights / weights.sum(-1, keepdim=True)).split([column.shape[-1], row.shape[-1]], -1)
    return x + gamma * gather(first, second, value(x))
