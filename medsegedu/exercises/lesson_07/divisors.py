"""Exercise 7.5: wrong divisors, wrong places, wrong shapes."""

from collections.abc import Sequence

from torch import Tensor

from medsegedu.exercises.lesson_07.stitches import Starts, blended, reference, stitch

Size = Sequence[int]


@stitch.mistake(
    "You put 0.001 into the divisor against a division by 0. No weight is 0, so there is nothing to fear; but where weights are "
    "as small as 0.001, yours halves the scores. Leave it out."
)
def thousandth_added(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / (weights + 1e-3)


@stitch.mistake(
    "You put a small number (such as 1e-6 or 1e-5) into the divisor against a division by 0. No weight is 0, so there is nothing "
    "to fear; but the smaller the weights, the more it shrinks the scores. Leave it out."
)
def millionth_added(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / (weights + 1e-6)


@stitch.mistake(
    "You put 0.00001 into the divisor against a division by 0. No weight is 0, so there is nothing to fear; where weights are as "
    "small as 0.001, yours takes a hundredth off the scores. Leave it out."
)
def hundred_thousandth_added(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / (weights + 1e-5)


@stitch.mistake(
    "Your divisor is not quite the sum of the weights: you raised it to a least value (`clamp(min=0.001)`) or added a little. "
    "These windows hide it, lighter ones don't: where weights add up to less, the scores fade. Divide by the sum as it is."
)
def divisor_raised(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / weights.clamp(min=1e-3)


@stitch.mistake(
    "You put 0.0001 into the divisor against a division by 0. No weight is 0, so there is nothing to fear; where weights are as "
    "small as 0.001, yours takes a tenth off the scores. Leave it out."
)
def ten_thousandth_added(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / (weights + 1e-4)


@stitch.mistake(
    "You raised the divisor to at least 0.01 (`clamp`). In the volume's corners the weights add up to less, and the scores fade "
    "there. Divide by the sum as it is."
)
def divisor_at_least_a_hundredth(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / weights.clamp(min=1e-2)


@stitch.mistake(
    "You raised the divisor to at least 1 (`clamp(min=1)`). In the corners the weights add up to far less, and the scores fade "
    "there. Divide by the sum as it is."
)
def divisor_at_least_one(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, starts, size, weight)
    return total / weights.clamp(min=1)


@stitch.mistake(
    "You divide by the number of windows of the whole volume. A voxel in a corner lies in one of them, one in the middle in "
    "many; divide by the sum of the weights at each voxel, a volume of its own."
)
def divided_by_all_windows(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    return blended(answers, starts, size, weight)[0] / len(answers)


@stitch.mistake(
    "You divide by the sum of one window's weights. How heavily a voxel is covered differs from place to place: add up the "
    "weights at each voxel, in a volume of their own."
)
def divided_by_one_window(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    return blended(answers, starts, size, weight)[0] / weight.sum()


@stitch.mistake(
    "You put every window into the same corner of the volume, and the rest stays empty (0 / 0). Window number n begins at "
    "`starts[n]`: the first axis is `i:i + x`."
)
def all_in_one_corner(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = blended(answers, [[0, 0, 0]] * len(starts), size, weight)
    return total / weights


@stitch.mistake("Your slices end at the window's size, `i:x`. They begin at i and are x voxels long: `i:i + x`.")
def ends_at_the_size(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    (total, weights), (x, y, z) = (answers.new_zeros(answers.shape[1], *size), answers.new_zeros(*size)), weight.shape
    for answer, (i, j, k) in zip(answers, starts, strict=True):
        total[:, i:x, j:y, k:z] += answer * weight
        weights[i:x, j:y, k:z] += weight
    return total / weights


@stitch.mistake(
    "Your sum has no axis for the classes: `torch.zeros(size)` is one volume, and each window brings C of them. Collect in "
    "(C, *size): `torch.zeros(answers.shape[1], *size)`."
)
def no_room_for_classes(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, (x, y, z) = answers.new_zeros(*size), weight.shape
    for answer, (i, j, k) in zip(answers, starts, strict=True):
        total[i : i + x, j : j + y, k : k + z] += answer * weight
    return total


@stitch.mistake(
    "You sliced the classes in the place of the first axis: `total[i:i + x, ...]`. The sum is (C, *size), so all classes come "
    "first: `total[:, i:i + x, j:j + y, k:k + z]`."
)
def classes_sliced(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, (x, y, z) = answers.new_zeros(answers.shape[1], *size), weight.shape
    for answer, (i, j, k) in zip(answers, starts, strict=True):
        total[i : i + x, j : j + y, k : k + z] += answer * weight
    return total


@stitch.mistake(
    "You mixed the axes of the starts: the first number of `starts[n]` belongs to the first axis, `i:i + x`, and the last "
    "to the last."
)
def starts_reversed(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, weights = answers.new_zeros(answers.shape[1], *size), answers.new_zeros(*size)
    x, y, z = weight.shape
    for answer, (i, j, k) in zip(answers, starts, strict=True):
        total[:, k : k + x, j : j + y, i : i + z] += answer * weight
        weights[k : k + x, j : j + y, i : i + z] += weight
    return total / weights


@stitch.mistake(
    "You take the window for a cube, as long along all axes as along the first. It need not be: `x, y, z = weight.shape`."
)
def cube(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    total, x = answers.new_zeros(answers.shape[1], *size), weight.shape[0]
    for answer, (i, j, k) in zip(answers, starts, strict=True):
        total[:, i : i + x, j : j + x, k : k + x] += answer * weight
    return total


@stitch.mistake(
    "You return classes as the sum of weighted class numbers (an `argmax` in the loop): half class 1 and half class 3 is not "
    "class 2. Blend the scores of each class, (C, *size); the choice comes last."
)
def class_numbers_blended(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    return reference(answers.argmax(1, keepdim=True).to(answers), starts, size, weight)[0]


@stitch.mistake(
    "The classes went behind the space, (*size, C). Everywhere in this course, and in torch, they stand in front: (C, *size)."
)
def classes_last(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    return reference(answers, starts, size, weight).movedim(0, -1)


@stitch.mistake("You return two things, the sum and the weights. Finish the mean yourself: one divided by the other.")
def both_returned(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> tuple[Tensor, Tensor]:
    return blended(answers, starts, size, weight)


@stitch.mistake(
    "The values are right, but float64 (NumPy's zeros, or `dtype=torch.float64`): twice the memory for every volume. Return the "
    "type of the answers, `.to(answers.dtype)`."
)
def twice_the_memory(answers: Tensor, starts: Starts, size: Size, weight: Tensor) -> Tensor:
    return reference(answers.double(), starts, size, weight.double())
