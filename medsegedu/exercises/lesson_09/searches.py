"""Exercise 9.4, what goes wrong in the search and in what is returned."""

import torch
from torch import Tensor

from medsegedu.exercises.lesson_09 import answers
from medsegedu.exercises.lesson_09.neighbours import Found, found, nearest_neighbour, table


@nearest_neighbour.mistake(
    "Your search starts with a best distance of 10, or some such number. If all real images are farther away than that, none is "
    "found, and you return the 10. Start with `float('inf')`, or take the minimum of them all."
)
def best_starts_at_ten(made: Tensor, real: Tensor) -> Found:
    distance, index = answers.nearest_neighbour(made, real)
    return distance.clamp(max=10), torch.where(distance < 10, index, 0)


@nearest_neighbour.mistake(
    "Your search starts with a best distance of 1. If all real images are farther away than that, none is found, and you return "
    "the 1. Start with `float('inf')`, or take the minimum of them all."
)
def best_starts_at_one(made: Tensor, real: Tensor) -> Found:
    distance, index = answers.nearest_neighbour(made, real)
    return distance.clamp(max=1), torch.where(distance < 1, index, 0)


@nearest_neighbour.mistake(
    "Right for slices. A volume has one axis more, and your average leaves it over. Write it so that the number of axes does not "
    "matter: `.flatten(2).mean(2)` behind (M, N, ...)."
)
def slices_only(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).square().mean((2, 3, 4)).sqrt())


@nearest_neighbour.mistake(
    "You count the real images from 1. In Python the first is number 0, and the next cell takes `references[number]`."
)
def counted_from_one(made: Tensor, real: Tensor) -> Found:
    distance, index = answers.nearest_neighbour(made, real)
    return distance, index + 1


@nearest_neighbour.mistake(
    "You return two lists. The next cells take the median of the distances and use the numbers as an index: make tensors of "
    "them, `torch.tensor(distances), torch.tensor(numbers)`."
)
def two_lists(made: Tensor, real: Tensor) -> tuple[list[float], list[int]]:
    distance, index = answers.nearest_neighbour(made, real)
    return distance.tolist(), index.tolist()


@nearest_neighbour.mistake(
    "You took a root for each channel and averaged the roots. It is one distance of two images: average the squares over all "
    "channels and pixels together, and take one root at the end."
)
def root_of_each_channel(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).square().flatten(3).mean(3).sqrt().mean(2))


@nearest_neighbour.mistake(
    "Your average stops before the last axis: you took a root for each row of pixels, and averaged those. Flatten everything "
    "behind M and N, and average once."
)
def root_of_each_row(made: Tensor, real: Tensor) -> Found:
    return found((made[:, None] - real[None]).square().mean(-1).sqrt().flatten(2).mean(2))


@nearest_neighbour.mistake(
    "You compared picture i with real image i. The copied image may stand anywhere in the training set: compare each with all."
)
def one_to_one(made: Tensor, real: Tensor) -> Found:
    count = min(len(made), len(real))
    distance = (made[:count] - real[:count]).square().flatten(1).mean(1).sqrt()
    return distance, torch.arange(count)


@nearest_neighbour.mistake(
    "You left distances of 0 out, as one does when an image is compared with its own set. Here 0 is the very thing that "
    "you are looking for: an exact copy."
)
def copies_left_out(made: Tensor, real: Tensor) -> Found:
    distances = table(made, real)
    return found(distances.masked_fill(distances == 0, float("inf")))


@nearest_neighbour.mistake(
    "You returned (index, distance). The exercise wants the distance first, then which real image it is."
)
def other_order(made: Tensor, real: Tensor) -> Found:
    distance, index = answers.nearest_neighbour(made, real)
    return index, distance
