"""More that goes wrong in exercise 10.6: how a cluster's class is chosen, and which rows the table has."""

from collections import Counter

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.names import counted, match_clusters, sizes


@match_clusters.mistake("You named a cluster by its rarest class: `argmin` in the place of `argmax`.")
def rarest(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return counted(clusters, labels, train).argmin(1)


@match_clusters.mistake(
    "You returned the named slices. Wanted is the table, one class for each cluster; `table[clusters]` then names them all."
)
def slices_returned(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return answers.match_clusters(clusters, labels, train)[clusters]


@match_clusters.mistake(
    "You returned how many pixels of each class a cluster has. Which is the commonest? `.argmax(1)`."
)
def table_returned(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return counted(clusters, labels, train)


@match_clusters.mistake(
    "Where two classes are equally common in a cluster you took the larger number. The smaller is asked for, so that everybody "
    "gets the same table."
)
def ties_to_the_larger(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train)
    last = pixels.shape[1] - 1 - pixels.flip(1).argmax(1)
    return torch.where(pixels.sum(1) > 0, last, 0)


@match_clusters.mistake(
    "Where two classes are equally common in a cluster you took the one that comes *first in the image*: that is how "
    "`Counter.most_common` decides. Take the smaller number; `torch.bincount(...).argmax()` does."
)
def ties_to_the_first_seen(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    names = []
    for k in range(sizes(clusters, labels)[0]):
        found = Counter(labels[train][clusters[train] == k].tolist())
        names.append(found.most_common(1)[0][0] if found else 0)
    return torch.tensor(names)


@match_clusters.mistake(
    "You gave each cluster the class with which it has the best Dice (or overlap). A small part of a large class then goes to "
    "some rare class that it overlaps a little. Count: what are *most* of its pixels?"
)
def best_dice(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train).double()
    return (pixels / (pixels.sum(0) + pixels.sum(1)[:, None]).clamp(min=1)).argmax(1)


@match_clusters.mistake(
    "You assigned clusters and classes one to one (the Hungarian method), and what was left over became 0. But there are more "
    "clusters than classes on purpose: two may both be white matter. Each cluster takes its own commonest class."
)
def one_to_one(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    rows, columns = linear_sum_assignment(-counted(clusters, labels, train).numpy())
    names = np.zeros(sizes(clusters, labels)[0], dtype=np.int64)
    names[rows] = columns
    return torch.from_numpy(names)


@match_clusters.mistake(
    "You left cluster 0 as background. Its number means nothing: a method without labels numbers its clusters by chance, and 0 "
    "may be white matter. It votes like any other."
)
def cluster_0_is_background(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    names = answers.match_clusters(clusters, labels, train)
    names[0] = 0
    return names


@match_clusters.mistake(
    "You set the count of background to 0 before you chose. Then the air, the largest cluster of all, is called by the few "
    "pixels of tissue in it. Background is a class like any other here."
)
def background_not_counted(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train)
    pixels[:, 0] = 0
    return pixels.argmax(1)


@match_clusters.mistake(
    "You added up the *shares* of each slice, so that every slice has one voice. A slice with three pixels of a cluster then "
    "counts as much as one with a thousand; count the pixels of all training slices together."
)
def a_share_a_slice(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    count, classes = sizes(clusters, labels)
    votes = torch.zeros(count, classes)
    for one, label in zip(clusters[train], labels[train], strict=True):
        pixels = torch.bincount(one.flatten() * classes + label.flatten(), minlength=count * classes).view(
            count, classes
        )
        votes += pixels / pixels.sum(1, keepdim=True).clamp(min=1)
    return votes.argmax(1)


@match_clusters.mistake(
    "Your table has rows only for the numbers that occur, so row 3 may be cluster 5, and `table[clusters]` finds the wrong "
    "name or none. A row for every number from 0 to the largest: `range(int(clusters.max()) + 1)`."
)
def gaps_closed(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return answers.match_clusters(clusters, labels, train)[clusters.unique()]


@match_clusters.mistake(
    "Your table is one row short: clusters count from 0, so the largest number is one less than the number of rows. "
    "`int(clusters.max()) + 1`."
)
def a_row_short(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return answers.match_clusters(clusters, labels, train)[:-1]


@match_clusters.mistake(
    "Your table always has eight rows. That suits this lesson's k-means; Otsu has four clusters, and Kim's network as many as "
    "are left. Ask the clusters: `int(clusters.max()) + 1`."
)
def always_eight(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    names = answers.match_clusters(clusters, labels, train)
    return torch.cat([names, torch.zeros(8, dtype=torch.int64)])[:8]


@match_clusters.mistake(
    "A cluster without training pixels became -1. It becomes 0, as the task says; and as an index -1 would mean the last class."
)
def empty_is_minus_one(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return answers.match_clusters(clusters, labels, train).masked_fill(counted(clusters, labels, train).sum(1) == 0, -1)


@match_clusters.mistake(
    "A cluster without training pixels has no labels to count, and `bincount` of nothing is empty: `argmax` fails. "
    "`minlength=...` makes it a row of zeros, whose argmax is 0."
)
def nothing_to_count(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    found = [labels[train][clusters[train] == k] for k in range(int(clusters.max()) + 1)]
    return torch.tensor([int(torch.bincount(one).argmax()) for one in found])


@match_clusters.mistake(
    "You took the *first* so many slices. `train` is a mask that says of each slice whether it is for training, and these need "
    "not be the first: `clusters[train]`."
)
def the_first_so_many(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    first = torch.arange(len(train)) < train.sum()
    return answers.match_clusters(clusters, labels, first)


@match_clusters.mistake(
    "You made numbers of the mask. As an index, 0 and 1 mean *slice 0* and *slice 1*, again and again; leave it boolean, and it "
    "picks the slices where it is True."
)
def mask_as_numbers(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    taken, count = train.long(), int(clusters.max()) + 1
    seen, drawn = clusters[taken], labels[taken]
    return torch.stack([drawn[seen == k].bincount(minlength=int(labels.max()) + 1).argmax() for k in range(count)])


@match_clusters.mistake("You returned a list. `table[clusters]` needs a tensor: `torch.tensor(...)` around it.")
def list_returned(clusters: Tensor, labels: Tensor, train: Tensor) -> list[int]:
    return answers.match_clusters(clusters, labels, train).tolist()
