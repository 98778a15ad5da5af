"""Exercise 1.3: probabilities for the world as it is, from a classifier that saw it balanced."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise


def reference(probabilities: Tensor, shares: Tensor) -> Tensor:
    """(N, K) probabilities from balanced training, (K,) true shares of the classes -> (N, K), rows that add up to 1."""
    weighted = probabilities * shares  # (N, K)
    return weighted / weighted.sum(dim=1, keepdim=True)


undo_balance = Exercise(
    "01.undo_balance",
    reference=reference,
    title="Undo the balance",
    minutes=6,
    difficulty=2,
    hints=(
        "In training, each class came equally often. In the image, class k comes `shares[k]` of the time. Which classes must "
        "lose, and which must gain?",
        "Multiply each column by its class's share. What do the rows add up to now?",
        "Divide by the row's sum, `dim=1`; with `keepdim=True` it stays (N, 1) and fits.",
    ),
    after="That is Bayes' rule. The next cell applies it to every pixel of the patients held out.",
)


def _probabilities(random: Random, n: int, classes: int) -> Tensor:
    return (2 * random.tensor(n, classes)).softmax(dim=1)


@undo_balance.case
def five_classes(random: Random) -> tuple[Any, ...]:
    return _probabilities(random, 7, 5), torch.tensor([0.69, 0.01, 0.17, 0.12, 0.01])


@undo_balance.case
def as_many_pixels_as_classes(random: Random) -> tuple[Any, ...]:
    return _probabilities(random, 3, 3), torch.tensor([0.5, 0.3, 0.2])


@undo_balance.case
def equal_shares_change_nothing(random: Random) -> tuple[Any, ...]:
    return _probabilities(random, 4, 2), torch.tensor([0.5, 0.5])


@undo_balance.case
def seven_classes(random: Random) -> tuple[Any, ...]:
    return _probabilities(random, 5, 7), torch.tensor([0.4, 0.3, 0.15, 0.1, 0.03, 0.015, 0.005])


@undo_balance.case
def sure_of_a_very_rare_class(random: Random) -> tuple[Any, ...]:
    unlikely = 1e-4 * (1 + torch.from_numpy(random.numpy.random((4, 2))).float())  # (4, 2)
    probabilities = torch.cat([unlikely, 1 - unlikely.sum(1, keepdim=True)], dim=1)  # (4, 3)
    return probabilities, torch.tensor([0.8999, 0.1, 0.0001])


@undo_balance.behaviour
def rows_add_up_to_one(attempt: Any, random: Random) -> str | None:
    sums = attempt(_probabilities(random, 6, 3), torch.tensor([0.9, 0.09, 0.01])).sum(dim=1)
    if torch.allclose(sums, torch.ones(6), atol=1e-5):
        return None
    return "The probabilities of a pixel must add up to 1: divide each row by its sum."


@undo_balance.mistake(
    "You multiplied and stopped. The rows no longer add up to 1, so they are not probabilities; divide each row by its sum."
)
def not_normalised(probabilities: Tensor, shares: Tensor) -> Tensor:
    return probabilities * shares


@undo_balance.mistake(
    "You divided by the shares. That makes a rare class rarer in training and commoner here, the wrong way round: the "
    "balance flattered rare classes, so they must lose. Multiply."
)
def divided_by_the_shares(probabilities: Tensor, shares: Tensor) -> Tensor:
    return reference(probabilities, 1 / shares)


@undo_balance.mistake(
    "You divided by the sum over dimension 0, over all pixels. Each pixel's own classes must add up to 1: that is dimension 1."
)
def normalised_over_pixels(probabilities: Tensor, shares: Tensor) -> Tensor:
    weighted = probabilities * shares
    return weighted / weighted.sum(dim=0, keepdim=True)


@undo_balance.mistake(
    "You divided by the sum of everything, so all pixels together add up to 1. Sum each row on its own: "
    "`sum(dim=1, keepdim=True)`."
)
def normalised_over_everything(probabilities: Tensor, shares: Tensor) -> Tensor:
    weighted = probabilities * shares
    return weighted / weighted.sum()


@undo_balance.mistake(
    "You took a softmax of what are probabilities already. It squeezes them together: nothing falls far below 1/K any more. "
    "Dividing by the row's sum is all that is needed."
)
def softmax_again(probabilities: Tensor, shares: Tensor) -> Tensor:
    return (probabilities * shares).softmax(dim=1)


@undo_balance.mistake(
    "You added the shares. Adding is right for logits, and then it is log(share); probabilities are multiplied."
)
def shares_added(probabilities: Tensor, shares: Tensor) -> Tensor:
    weighted = probabilities + shares
    return weighted / weighted.sum(dim=1, keepdim=True)


@undo_balance.mistake(
    "You multiplied by log(share), which is negative. Logarithms belong to logits; a probability is multiplied by the share "
    "itself."
)
def multiplied_by_logarithms(probabilities: Tensor, shares: Tensor) -> Tensor:
    return reference(probabilities, shares.log())


@undo_balance.mistake(
    "You wrote into `probabilities` (`*=`), so the caller's tensor is changed as well. Make a new one: `probabilities * shares`."
)
def in_place(probabilities: Tensor, shares: Tensor) -> Tensor:
    probabilities *= shares
    return probabilities / probabilities.sum(dim=1, keepdim=True)


@undo_balance.mistake(
    "You returned the winning class. Keep the probabilities (N, K): where the classifier is unsure, the lesson wants to see it."
)
def only_the_winner(probabilities: Tensor, shares: Tensor) -> Tensor:
    return reference(probabilities, shares).argmax(dim=1)


@undo_balance.mistake(
    "You changed nothing: the probabilities are those of the balanced world still. Weigh each class with its share."
)
def left_alone(probabilities: Tensor, shares: Tensor) -> Tensor:
    return probabilities.clone()


@undo_balance.mistake(
    "You added a little to the sum, against a division by 0. Here the sum of a rare class may be as small as that little, and "
    "the rows no longer add up to 1. A row's sum is never 0: divide by it alone."
)
def a_little_added(probabilities: Tensor, shares: Tensor) -> Tensor:
    weighted = probabilities * shares
    return weighted / (weighted.sum(dim=1, keepdim=True) + 1e-6)
