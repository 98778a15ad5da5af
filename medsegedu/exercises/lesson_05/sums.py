"""Exercise 5.2: further wrong ways to sum up the heads."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.lesson_05.heads import Loss, deep_supervision, reference
from medsegedu.losses import dice_ce_loss


@deep_supervision.mistake(
    "The weights are paired with the wrong heads: yours run backwards. The first weight belongs to the first, shallowest head."
)
def weights_reversed(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(h, label) for h, w in zip(heads, weights[::-1], strict=True)) / sum(weights)


@deep_supervision.mistake(
    "You applied a softmax to the heads first. The losses of this course take logits and do that themselves; twice makes all "
    "probabilities nearly equal. Hand over the logits as they are."
)
def softmax_first(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(h.softmax(1), label) for h, w in zip(heads, weights, strict=True)) / sum(weights)


@deep_supervision.mistake(
    "You put the weight on the logits instead of on the loss. Logits times two are another, surer answer, and not one that "
    "counts twice: `weight * loss(logits, label)`."
)
def logits_weighted(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(loss(w * h, label) for h, w in zip(heads, weights, strict=True)) / sum(weights)


@deep_supervision.mistake(
    "Your number is right, but only a number (`.item()`, `float(...)`): no gradient flows, and nothing can be trained with it. "
    "Keep the tensor."
)
def a_plain_number(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> float:
    return reference(heads, label, loss, weights).item()


@deep_supervision.mistake(
    "You made a new tensor of the losses (`torch.tensor([...])`, `.detach()`): it holds the right numbers and has forgotten "
    "where they came from. Add the losses themselves, or use `torch.stack`."
)
def a_new_tensor(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return reference(heads, label, loss, weights).detach()


@deep_supervision.mistake(
    "The number is right, but only the last head gets a gradient; the others were cut off (`.detach()`, `.item()`). Their "
    "levels would learn nothing of their own: keep every loss a tensor."
)
def others_detached(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return reference([*(h.detach() for h in heads[:-1]), heads[-1]], label, loss, weights)


@deep_supervision.mistake(
    "You took the largest of the losses. So in each step only the worst head would learn; here all of them count, by their "
    "weights."
)
def worst_head(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return torch.stack([loss(h, label) for h in heads]).max()


@deep_supervision.mistake(
    "You left out the last head (`heads[:-1]`, or a `range` that ends too soon). It is the most complete one: every head of "
    "the list counts."
)
def last_head_missing(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    parts = [w * loss(h, label) for h, w in zip(heads, weights, strict=True)]
    return sum(parts[:-1], start=0 * parts[-1]) / sum(weights)


@deep_supervision.mistake(
    "You wrote the number 4 into your code. A network of depth 3 has three heads, one that was pruned has one: loop over "
    "`heads`, and divide by `sum(weights)`."
)
def always_four(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(h, label) for h, w in zip(heads, weights, strict=True)) / 4


@deep_supervision.mistake(
    "You return a list, one loss a head. Training needs a single number to go down: their weighted mean."
)
def a_list(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> list[Tensor]:
    return [w * loss(h, label) for h, w in zip(heads, weights, strict=True)]


@deep_supervision.mistake(
    "You multiplied the losses. A product is small as soon as one head is good, whatever the others do: add them."
)
def multiplied(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    product = weights[0] * loss(heads[0], label)
    for h, w in zip(heads[1:], weights[1:], strict=True):
        product = product * w * loss(h, label)
    return product / sum(weights)


@deep_supervision.mistake(
    "You averaged the heads first, as `forward` does, and took one loss of the mean. Then a good head may cover for a bad one, "
    "and the weights are not used: one loss for each head, times its weight, then the mean."
)
def plain_mean_of_the_logits(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return loss(torch.stack(list(heads)).mean(0), label)


@deep_supervision.mistake(
    "Two things. First the weights: multiply each head's loss by its own. Then the scale: you added without dividing; divide "
    "by the sum of the weights."
)
def just_a_sum(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(loss(h, label) for h in heads)


@deep_supervision.mistake(
    "Two things. First keep the gradients: `torch.tensor([...])` forgets where the losses came from, so add them or use "
    "`torch.stack`. Then multiply each by its weight and divide by the sum of the weights."
)
def a_new_tensor_without_weights(
    heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]
) -> Tensor:
    return torch.stack([loss(h, label).detach() for h in heads]).mean()


@deep_supervision.mistake(
    "Your number stands in a list of one (`[None]`, `keepdim=True`, `reshape(1)`). Training goes down from a tensor without "
    "any dimension: leave that off."
)
def in_a_vector(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return reference(heads, label, loss, weights)[None]


@deep_supervision.mistake(
    "You return a list: each head's share of the weighted mean is right, but nobody has added them up. `sum(...)` makes one "
    "number of it."
)
def shares_not_added(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> list[Tensor]:
    return [w * loss(h, label) / sum(weights) for h, w in zip(heads, weights, strict=True)]


@deep_supervision.mistake(
    "You wrote `dice_ce_loss` into your function. It gets the loss as an argument, and that may be another one: call "
    "`loss(logits, label)`."
)
def a_loss_of_its_own(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return reference(heads, label, dice_ce_loss, weights)


@deep_supervision.mistake(
    "The arguments of the loss are exchanged: first what the network says, then the truth, `loss(logits, label)`."
)
def truth_first(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(label, h) for h, w in zip(heads, weights, strict=True)) / sum(weights)


@deep_supervision.mistake(
    "You sent the weights through a softmax. They are shares already, as soon as you divide by their sum; a weight of 0 must "
    "switch its head off, which a softmax never does."
)
def softmax_of_the_weights(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    shares = torch.tensor(weights).softmax(0)
    return sum(share * loss(h, label) for h, share in zip(heads, shares, strict=True))
