"""Exercise 4.1: further slips, in what is added, squared, chosen, averaged or handed back."""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_04.overlaps import by_class, maps, soft_dice


@soft_dice.mistake(
    "You added 1 above and below. Beside a lesion of four pixels that is no small number: a missed one would cost 0.8 and not 1. "
    "Add 1e-5, which only keeps the fraction defined."
)
def smoothed_by_one(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label), eps=1.0)[:, 1:].mean()


@soft_dice.mistake(
    "You added 1e-5 below, but not above. Where a class is absent and not claimed either, a perfect answer, your loss is 1 and "
    "not 0. Add it on both sides of the fraction."
)
def smoothed_below_only(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    return (1 - 2 * (p * t).sum((2, 3)) / (p.sum((2, 3)) + t.sum((2, 3)) + 1e-5))[:, 1:].mean()


@soft_dice.mistake(
    "Nothing keeps your fraction from 0 / 0. A class that is neither there nor claimed makes the whole loss nan, and with it "
    "every weight. Add 1e-5 above and below."
)
def nothing_added(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label), eps=0.0)[:, 1:].mean()


@soft_dice.mistake(
    "You squared the terms of the denominator. V-Net's paper does that, and it is a good loss too; this one is the plain sum, as "
    "in most libraries. Leave the squares out."
)
def squared_sizes(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    sizes = (p**2).sum((2, 3)) + t.sum((2, 3))
    return (1 - (2 * (p * t).sum((2, 3)) + 1e-5) / (sizes + 1e-5))[:, 1:].mean()


@soft_dice.mistake(
    "You kept class 1 alone (`[:, 1]`). With two classes that is right; with more, all the others go unheard. "
    "`[:, 1:]` has a colon."
)
def first_class_only(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label))[:, 1].mean()


@soft_dice.mistake(
    "You moved the classes of `one_hot` to the wrong place, with a `reshape` or `view`: the numbers stay in their old order and "
    "land at other pixels. Axes are moved by `movedim(-1, 1)` or `permute(0, 3, 1, 2)`."
)
def reshaped(logits: Tensor, label: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(label, logits.shape[1]).reshape(logits.shape)
    return by_class(torch.softmax(logits, 1), truth.to(logits.dtype))[:, 1:].mean()


@soft_dice.mistake(
    "You compared the probabilities with the class *numbers*, not with yes and no. Class 3 then counts three times. Make one "
    "map of zeros and ones for each class: `F.one_hot`, or `label == c`."
)
def class_numbers(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, 1), label[:, None].expand(logits.shape).to(logits.dtype))[:, 1:].mean()


@soft_dice.mistake(
    "You converted to double precision. The number is right, but of another type than the scores: a loss should leave them as "
    "they are, or the first mixed sum raises an error. Drop `.double()`."
)
def doubled(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    value = by_class(p.double(), t.double())[:, 1:].mean()
    return value if logits.dtype == torch.float32 else value.float()


@soft_dice.mistake(
    "You return a Python number (`.item()` or `float`). It has the right value, but has forgotten how it came about: no "
    "gradient can flow back. Return the tensor."
)
def python_number(logits: Tensor, label: Tensor) -> float:
    return by_class(*maps(logits, label))[:, 1:].mean().item()


@soft_dice.mistake(
    "You let `F.one_hot` guess the number of classes. It takes the largest number that it meets, so it fails as soon as the last "
    "class is absent from a batch. Tell it: `F.one_hot(label, logits.shape[1])`."
)
def classes_guessed(logits: Tensor, label: Tensor) -> Tensor:
    truth = F.one_hot(label).movedim(-1, 1)
    return by_class(torch.softmax(logits, 1), truth)[:, 1:].mean()


@soft_dice.mistake(
    "Your softmax runs over the samples (axis 0): the patients of a batch compete with one another. The classes must compete, "
    "and they are axis 1: `dim=1`."
)
def softmax_over_samples(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, 0), maps(logits, label)[1])[:, 1:].mean()


@soft_dice.mistake(
    "You took the softmax after you had cut off the background. Then the lesions compete among themselves alone, and with a "
    "single class left every probability is 1. First the softmax over all classes, then cut off class 0."
)
def softmax_without_background(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits[:, 1:], 1), maps(logits, label)[1][:, 1:]).mean()


@soft_dice.mistake(
    "Your softmax runs along the last axis (`dim=-1`): the pixels of a row compete with one another. The classes must compete, "
    "and they are axis 1: `dim=1`."
)
def softmax_over_columns(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, -1), maps(logits, label)[1])[:, 1:].mean()


@soft_dice.mistake(
    "Your softmax runs over all pixels of a class: they compete with one another, and the whole map adds up to 1. At each "
    "pixel the classes must compete, and they are axis 1: `torch.softmax(logits, dim=1)`."
)
def softmax_over_pixels(logits: Tensor, label: Tensor) -> Tensor:
    p = torch.softmax(logits.flatten(2), -1).reshape(logits.shape)
    return by_class(p, maps(logits, label)[1])[:, 1:].mean()


@soft_dice.mistake(
    "You decided first, with `argmax` or a threshold, and compared two masks. A mask has no slope: the scores move a little and "
    "no pixel changes sides, so nothing would be learned. Put the probabilities themselves into the formula."
)
def decided_first_in_single_precision(logits: Tensor, label: Tensor) -> Tensor:
    classes = logits.shape[1]
    p, t = (F.one_hot(each, classes).movedim(-1, 1).float() for each in (logits.argmax(1), label))
    return by_class(p, t)[:, 1:].mean()


@soft_dice.mistake(
    "You left out the classes that are not there. Here every class counts, as the formula says, also one without a true pixel; "
    "what such a class *should* cost is the question of the next exercise. Drop the condition."
)
def absent_left_out(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    return by_class(p, t)[:, 1:][t[:, 1:].sum((2, 3)) > 0].mean()


@soft_dice.mistake(
    "You compared each class with `label > 0`, which is true for *any* lesion class. With two classes that is right; with "
    "more, each class has a truth of its own: `label == c`, or `F.one_hot`."
)
def any_class_is_true(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(torch.softmax(logits, 1)[:, 1:], (label > 0).to(logits)[:, None]).mean()


@soft_dice.mistake(
    "You return a tensor with an axis of length 1. The value is right, but a loss has no axes at all: drop the `reshape`, "
    "`keepdim` or brackets around it."
)
def one_axis_too_many(logits: Tensor, label: Tensor) -> Tensor:
    return by_class(*maps(logits, label))[:, 1:].mean().reshape(1)


@soft_dice.mistake(
    "You took means over the pixels where the formula has sums. The fraction alone would stay the same, but 1e-5 beside a *mean* "
    "weighs as much as 1e-5 times all pixels beside a sum: the larger the image, the cheaper a missed small lesion. Use `.sum`."
)
def means_for_sums(logits: Tensor, label: Tensor) -> Tensor:
    p, t = maps(logits, label)
    return (1 - (2 * (p * t).mean((2, 3)) + 1e-5) / (p.mean((2, 3)) + t.mean((2, 3)) + 1e-5))[:, 1:].mean()


def _smoothed(eps: float, name: str) -> None:
    def attempt(logits: Tensor, label: Tensor) -> Tensor:
        return by_class(*maps(logits, label), eps=eps)[:, 1:].mean()

    attempt.__name__ = f"smoothed_by_{name}"
    soft_dice.mistake(
        f"You added {eps:g} above and below, and that is enough to be seen: a class that is absent, and claimed with a few "
        "hundredths of a pixel in all, becomes cheaper by it. Add 1e-5, which only keeps the fraction defined."
    )(attempt)


_smoothed(0.1, "a_tenth")
_smoothed(0.01, "a_hundredth")
_smoothed(0.001, "a_thousandth")
_smoothed(0.0001, "a_ten_thousandth")
