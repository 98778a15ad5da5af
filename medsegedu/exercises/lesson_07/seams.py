"""Exercise 7.5: further ways to stitch wrongly."""

from collections.abc import Sequence

import torch
from torch import Tensor

from medsegedu.exercises.lesson_07.stitches import Starts, blended, boxes, reference, stitch


@stitch.mistake(
    "You divide by one number for the whole volume. How many windows cover a voxel, and how heavily, differs from place to "
    "place: add up the weights in a volume of their own."
)
def one_number_for_all(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return blended(answers, starts, size, weight)[0] / (len(starts) * weight.sum())


@stitch.mistake(
    "You take the largest answer at each voxel. The most excited window is not the one that sees best; take the weighted mean."
)
def largest_wins(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total = answers.new_full((answers.shape[1], *size), -torch.inf)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] = torch.maximum(total[:, *box], answer)
    return total


@stitch.mistake(
    "You averaged each window with what was there before, `(old + new) / 2`. Later windows then count more than earlier ones, "
    "and the first is halved with zeros. Add all of them, and divide once."
)
def averaged_on_the_way(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total = answers.new_zeros(answers.shape[1], *size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] = (total[:, *box] + weight * answer) / 2
    return total


@stitch.mistake(
    "You divided inside the loop. What is divided there is divided again at the next window; divide once, after the loop."
)
def divided_in_the_loop(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, weights = answers.new_zeros(answers.shape[1], *size), answers.new_zeros(*size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        weights[box] += weight
        total[:, *box] = (total[:, *box] + weight * answer) / weights[box]
    return total


@stitch.mistake(
    "You return a softmax of the blend. Scores were asked for; whoever needs probabilities takes the softmax once, afterwards."
)
def softmax_taken(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return reference(answers, starts, size, weight).softmax(0)


@stitch.mistake(
    "You return classes (`argmax`). Keep the scores of all classes: whoever wants classes chooses later, and can choose "
    "otherwise."
)
def classes_returned(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return reference(answers, starts, size, weight).argmax(0)


@stitch.mistake(
    "You let each window choose first (a softmax of its answers) and blended the choices. An unsure window then pulls as hard as "
    "a sure one: blend the scores themselves."
)
def softmax_before(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return reference(answers.softmax(1), starts, size, weight)


@stitch.mistake(
    "You weigh each answer twice: once would be enough. With the weight squared in the sum and plain in the divisor, scores "
    "shrink away from the windows' middles."
)
def weighed_twice(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight**2, weight)
    return total / weights


@stitch.mistake(
    "Your windows lie in a row, without overlap: you counted their places yourself (number times size) and did not look "
    "at `starts`. Windows overlap; `starts[n]` says where number n lies."
)
def own_starts(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    window = answers.shape[2:]
    counts = [max(1, -(-n // w)) for n, w in zip(size, window, strict=True)]
    places = torch.cartesian_prod(*(torch.arange(c) for c in counts)).tolist()
    inside = [[min(p * w, n - w) for p, w, n in zip(place, window, size, strict=True)] for place in places]
    kept = min(len(answers), len(inside))
    return reference(answers[:kept], inside[:kept], size, weight)


@stitch.mistake(
    "Two things. First: you overwrite (`=`), add instead (`+=`). Then: divide the sum by the sum of the weights, after the loop."
)
def weighed_and_overwritten(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total = answers.new_zeros(answers.shape[1], *size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] = weight * answer
    return total


@stitch.mistake(
    "Your sum of answers is overwritten (`=`) while the weights add up. Add both: `+=` for the weighted answers too."
)
def answers_overwritten(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return weighed_and_overwritten(answers, starts, size, weight) / blended(answers, starts, size, weight)[1]


@stitch.mistake(
    "Two things. First: `weight` is never used, multiply each answer by it. Then: you add and never divide; divide by the sum of "
    "the weights."
)
def plain_sum(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return blended(answers, starts, size, torch.ones_like(weight))[0]


@stitch.mistake(
    "Two things. First: `weight` is never used; multiply each answer by it. Then: you divide by the number of all windows. "
    "Divide each voxel by the sum of the weights that fell on it."
)
def plain_sum_over_all(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return plain_sum(answers, starts, size, weight) / len(answers)


@stitch.mistake(
    "You divide twice, by the sum of the weights and by the number of windows. The first is all that a weighted mean needs."
)
def divided_twice(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    return reference(answers, starts, size, weight) / len(answers)


@stitch.mistake(
    "You made room for *three* classes (`torch.zeros(3, ...)`), as many as this lesson's networks know. Two or five may come: "
    "`answers.shape[1]` tells how many."
)
def three_classes(answers: Tensor, starts: Starts, size: Sequence[int], weight: Tensor) -> Tensor:
    total, weights = answers.new_zeros(3, *size), answers.new_zeros(*size)
    for answer, box in zip(answers, boxes(starts, answers.shape[2:]), strict=True):
        total[:, *box] += weight * answer
        weights[box] += weight
    return total / weights
