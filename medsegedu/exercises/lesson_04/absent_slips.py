"""Exercise 4.2: further slips, in what is put in, asked, added or handed back, and two at once."""

import torch
from torch import Tensor

from medsegedu.exercises.lesson_04.absent import empty_masks, present
from medsegedu.exercises.lesson_04.overlaps import by_class


def settled(p: Tensor, t: Tensor, loss: Tensor) -> Tensor:
    """The price of absent classes, as it should be."""
    return torch.where(present(t), loss, p.mean((2, 3)))


@empty_masks.mistake(
    "You took `probabilities.mean()` over everything, one number for all absent classes. Each is to pay for its own claims: "
    "`probabilities.mean((2, 3))`, which is (N, C)."
)
def mean_over_everything(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), probabilities.mean())


@empty_masks.mistake(
    "You took a softmax. These are probabilities already, and a second softmax squeezes them together (of a single class it even "
    "makes 1 everywhere). Use `probabilities` as they come."
)
def softmax_again(probabilities: Tensor, truth: Tensor) -> Tensor:
    p = torch.softmax(probabilities, 1)
    return settled(p, truth, by_class(p, truth))


@empty_masks.mistake(
    "You took a sigmoid. These are probabilities already, and a sigmoid of them lies between 0.5 and 0.73. Use `probabilities` "
    "as they come."
)
def sigmoid_again(probabilities: Tensor, truth: Tensor) -> Tensor:
    p = torch.sigmoid(probabilities)
    return settled(p, truth, by_class(p, truth))


@empty_masks.mistake(
    "You cut off the first class, as in 4.1. Here the background was left out before, so the first class is a lesion already: "
    "keep all of them, (N, C)."
)
def background_left_out_again(probabilities: Tensor, truth: Tensor) -> Tensor:
    return settled(probabilities, truth, by_class(probabilities, truth))[:, 1:]


@empty_masks.mistake(
    "You asked whether the *sample* is empty, over all its classes. One class may be there and another not: decide for each "
    "sample and class, `truth.sum((2, 3)) > 0`, which is (N, C)."
)
def asked_of_the_sample(probabilities: Tensor, truth: Tensor) -> Tensor:
    somewhere = (truth.sum((1, 2, 3)) > 0)[:, None].expand(truth.shape[:2])
    return torch.where(somewhere, by_class(probabilities, truth), probabilities.mean((2, 3)))


@empty_masks.mistake(
    "You put (N, C) answers into one `if`, and Python cannot tell whether that is yes or no. Choose entry by entry with "
    "`torch.where(present, loss, instead)`."
)
def a_single_if(probabilities: Tensor, truth: Tensor) -> Tensor:
    if truth.sum((2, 3)) == 0:
        return probabilities.mean((2, 3))
    return by_class(probabilities, truth)


@empty_masks.mistake(
    "The price of an absent class has the right value, but no slope (`detach`, `.item()` or `no_grad`): the network pays and "
    "cannot learn to pay less. Leave it connected."
)
def price_detached(probabilities: Tensor, truth: Tensor) -> Tensor:
    return torch.where(present(truth), by_class(probabilities, truth), probabilities.mean((2, 3)).detach())


@empty_masks.mistake(
    "You added the mean probability to the formula. It is to stand in its place, and only where the class is absent: "
    "`torch.where(present, loss, mean)`."
)
def mean_added(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth) + probabilities.mean((2, 3))


@empty_masks.mistake(
    "You added the mean probability to the formula where the class is absent. There the formula is nearly 1 for any claim: the "
    "mean is to stand in its place, not beside it."
)
def mean_added_where_absent(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth) + probabilities.mean((2, 3)) * ~present(truth)


@empty_masks.mistake(
    "You took means over the pixels in the formula, where it has sums. The fraction alone would stay the same, but 1e-5 beside a "
    "*mean* weighs as much as 1e-5 times all pixels beside a sum: a missed small lesion becomes cheap in a large image. Only the "
    "price of an absent class is a mean."
)
def means_for_sums(probabilities: Tensor, truth: Tensor) -> Tensor:
    both, sizes = (probabilities * truth).mean((2, 3)), probabilities.mean((2, 3)) + truth.mean((2, 3))
    return settled(probabilities, truth, 1 - (2 * both + 1e-5) / (sizes + 1e-5))


@empty_masks.mistake(
    "You return the loss of 4.1, a single number with nothing settled. First: replace what an absent class costs by its mean "
    "probability. Then return all of (N, C), without the mean."
)
def formula_as_it_stands_and_averaged(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth).mean()


@empty_masks.mistake(
    "An absent class still costs what the formula says: first replace it by the mean probability. Then add 1e-5 above and below, "
    "or a class that is neither there nor claimed makes 0 / 0."
)
def formula_as_it_stands_and_nothing_added(probabilities: Tensor, truth: Tensor) -> Tensor:
    return by_class(probabilities, truth, eps=0)


@empty_masks.mistake(
    "You compare a *mean* of the truth with some small number, so a lesion that is small beside the image counts as absent. Even "
    "a single pixel is there: `truth.sum((2, 3)) > 0`."
)
def small_is_nothing(probabilities: Tensor, truth: Tensor) -> Tensor:
    there = truth.mean((2, 3)) > 1e-3
    return torch.where(there, by_class(probabilities, truth), probabilities.mean((2, 3)))


def _smoothed(eps: float, name: str, missed: str) -> None:
    def attempt(probabilities: Tensor, truth: Tensor) -> Tensor:
        return settled(probabilities, truth, by_class(probabilities, truth, eps=eps))

    attempt.__name__ = f"smoothed_by_{name}"
    empty_masks.mistake(
        f"You added {eps:g} above and below. A missed lesion of a single pixel then costs {missed} and not 1, and the absent "
        "ones have a price of their own already. Add 1e-5, which only keeps the fraction defined."
    )(attempt)


_smoothed(1.0, "one", "a half")
_smoothed(0.1, "a_tenth", "0.91")
_smoothed(0.01, "a_hundredth", "0.99")
_smoothed(0.001, "a_thousandth", "0.999")
