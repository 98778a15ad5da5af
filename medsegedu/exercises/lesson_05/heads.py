"""Exercise 5.2: one loss for all heads."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_05 import answers
from medsegedu.losses import DeepSupervision, cross_entropy, dice_ce_loss, dice_loss

Loss = Callable[[Tensor, Tensor], Tensor]


def reference(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    """Heads (N, C, H, W) each, label (N, H, W) -> the weighted mean of the heads' losses, a scalar."""
    return DeepSupervision(loss, weights)(heads, label)


deep_supervision = Exercise(
    "05.deep_supervision",
    reference=reference,
    title="One loss for all heads",
    minutes=8,
    difficulty=1,
    hints=(
        "How many losses are there? Each head is compared with the same label.",
        "Multiply the loss of each head by its own weight, and add them up. A loop with `zip(heads, weights)` does it.",
        "A weighted mean: at the end divide by the sum of the weights, not by the number of heads.",
    ),
    after="With it the next cell trains all levels at once.",
    gradients=True,
    shown=answers.deep_supervision,
)


def drawn(random: Random, heads: int, shape: tuple[int, ...]) -> tuple[list[Tensor], Tensor]:
    """Random logits (N, C, H, W) of several heads, and a label (N, H, W) with every class."""
    return [2 * random.tensor(*shape) for _ in range(heads)], random.integers(0, shape[1], shape[0], *shape[2:])


@deep_supervision.case
def four_heads_alike(random: Random) -> tuple[Any, ...]:
    return *drawn(random, 4, (2, 3, 7, 5)), dice_ce_loss, [1.0, 1.0, 1.0, 1.0]


@deep_supervision.case
def the_deepest_counts_most(random: Random) -> tuple[Any, ...]:
    return *drawn(random, 3, (3, 5, 4, 9)), cross_entropy, [0.5, 1.0, 3.0]


@deep_supervision.case
def one_head_switched_off(random: Random) -> tuple[Any, ...]:
    return *drawn(random, 3, (2, 4, 6, 5)), dice_loss, [2.0, 0.0, 1.0]


@deep_supervision.case
def a_single_head(random: Random) -> tuple[Any, ...]:
    return *drawn(random, 1, (2, 2, 5, 8)), cross_entropy, [0.4]


@deep_supervision.case
def five_heads(random: Random) -> tuple[Any, ...]:
    return *drawn(random, 5, (1, 3, 6, 4)), dice_ce_loss, [4.0, 2.0, 1.0, 1.0, 2.0]


@deep_supervision.behaviour
def every_head_learns(attempt: Any, random: Random) -> str | None:
    heads, label = drawn(random, 4, (2, 3, 5, 6))
    for logits in heads:
        logits.requires_grad_()
    total = attempt(list(heads), label, cross_entropy, [1.0, 1.0, 1.0, 1.0])
    if not isinstance(total, Tensor) or not total.requires_grad:
        return "Your loss is a plain number (`.item()`, `float(...)`) or cut off: nothing could be trained with it."
    total.backward()
    silent = [number for number, logits in enumerate(heads) if logits.grad is None]
    return f"No gradient reaches head {silent[0]} (counted from 0), so its level would never learn." if silent else None


@deep_supervision.mistake(
    "You added the losses without dividing. With four heads the loss, and with it each step, is four times as large as with "
    "one: divide by the sum of the weights."
)
def not_divided(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(h, label) for h, w in zip(heads, weights, strict=True))


@deep_supervision.mistake(
    "You divided by the number of heads. That is the mean only when the weights are all 1: divide by `sum(weights)`."
)
def divided_by_the_number(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(w * loss(h, label) for h, w in zip(heads, weights, strict=True)) / len(heads)


@deep_supervision.mistake(
    "You ignored the weights: all heads count alike in yours. Multiply each head's loss by its own weight."
)
def weights_ignored(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Any:
    return sum(loss(h, label) for h in heads) / len(heads)


@deep_supervision.mistake(
    "You averaged the logits first and took one loss of the mean. Then a good head may cover for a bad one, and no head has to "
    "be right alone, as it must be when the others are cut off. One loss for each head, then the mean."
)
def logits_averaged(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    mean = sum(w * h for h, w in zip(heads, weights, strict=True)) / sum(weights)
    assert isinstance(mean, Tensor)
    return loss(mean, label)


@deep_supervision.mistake(
    "Only the last head counts. That is the ordinary way to train, with no deep supervision: the levels above it would be "
    "guesses when you prune. Use every head."
)
def last_head_only(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return loss(heads[-1], label)


@deep_supervision.mistake(
    "You overwrite the total in each round of the loop (`total = ...` instead of adding), so only the last head is left at the "
    "end, and its loss is multiplied by its share of the weights."
)
def overwritten(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return weights[-1] * loss(heads[-1], label) / sum(weights)


@deep_supervision.mistake(
    "Your loop returns in its first round: the `return` stands inside it, so only the first head counts. Move it out to the "
    "left."
)
def returned_in_the_loop(heads: Sequence[Tensor], label: Tensor, loss: Loss, weights: Sequence[float]) -> Tensor:
    return weights[0] * loss(heads[0], label) / sum(weights)
