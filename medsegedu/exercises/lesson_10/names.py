"""Exercise 10.6: which class is a cluster? Found on training patients alone."""

from typing import Any

import torch
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_10 import answers

match_clusters = Exercise(
    "10.match_clusters",
    reference=answers.match_clusters,
    title="Name the clusters, honestly",
    minutes=12,
    difficulty=2,
    hints=(
        "`clusters[train]` and `labels[train]` are the slices that you may look at. How many rows the table has, however, all "
        "slices tell: `int(clusters.max()) + 1`, one for each number from 0 on, so that `table[k]` is the class of cluster k.",
        "For each cluster: `labels[train][clusters[train] == k]` are the labels of its pixels. Which of them is commonest?",
        "`torch.bincount(those, minlength=classes).argmax()` is the commonest (of equal ones the smaller; 0 if none).",
    ),
    after="Each cluster has the name that most of its training pixels have, and no test label was touched. Next: how good is it?",
)


@match_clusters.case
def clusters_that_follow_the_label(random: Random) -> tuple[Any, ...]:
    labels = random.integers(0, 4, 5, 6, 7)
    clusters = (labels * 2 + random.integers(0, 2, 5, 6, 7)) % 7
    return clusters, labels, torch.tensor([True, False, True, True, False])


@match_clusters.case
def test_slices_say_otherwise(random: Random) -> tuple[Any, ...]:
    labels = random.integers(0, 3, 4, 5, 8)
    clusters = labels.clone()
    clusters[2:] = (labels[2:] + 1) % 3
    return clusters, labels, torch.tensor([True, False, False, False])


@match_clusters.case
def two_clusters_in_one_class(random: Random) -> tuple[Any, ...]:
    clusters = random.integers(0, 4, 3, 7, 5)
    labels = torch.tensor([1, 1, 0, 1])[clusters]
    labels[random.mask(3, 7, 5, share=0.2)] = 2
    return clusters, labels, torch.tensor([True, True, False])


@match_clusters.case
def a_cluster_that_only_tests_have(random: Random) -> tuple[Any, ...]:
    clusters, labels = random.integers(0, 3, 3, 4, 6), random.integers(1, 4, 3, 4, 6)
    clusters[1, 2:] = 5  # and 3 and 4 nobody has
    return clusters, labels, torch.tensor([True, False, True])


@match_clusters.case
def one_slice_dominates(random: Random) -> tuple[Any, ...]:
    clusters, labels = torch.zeros(4, 5, 9, dtype=torch.int64), torch.zeros(4, 5, 9, dtype=torch.int64)
    clusters[0, :, 1:], labels[0, :, 1:] = 1, 2  # 40 pixels of cluster 1 in one slice are of class 2,
    clusters[1:, 0, :3], labels[1:, 0, :3] = 1, 1  # and 3 in each of three others of class 1
    return clusters, labels, torch.tensor([True, True, True, True])


@match_clusters.case
def rare_and_common_classes(random: Random) -> tuple[Any, ...]:
    labels = (random.integers(0, 20, 2, 8, 9) == 0).long() * 2
    labels[:, :2] = 1
    return (labels == 2).long() + random.integers(0, 2, 2, 8, 9), labels, torch.tensor([True, True])


@match_clusters.case
def two_classes_equally_common(random: Random) -> tuple[Any, ...]:
    clusters, labels = torch.zeros(2, 4, 6, dtype=torch.int64), torch.zeros(2, 4, 6, dtype=torch.int64)
    clusters[:, 2:], labels[:, 2:] = 1, 3
    labels[0, :2, ::2], labels[0, :2, 1::2] = 2, 1  # six of each, and the first pixel is of the larger number;
    clusters[0, 3, :4], labels[0, 3, :2], labels[0, 3, 2:4] = 2, 1, 2  # here it is of the smaller
    return clusters, labels, torch.tensor([True, False])


@match_clusters.case
def a_small_cluster_of_a_large_class(random: Random) -> tuple[Any, ...]:
    clusters, labels = torch.ones(1, 5, 6, dtype=torch.int64), torch.ones(1, 5, 6, dtype=torch.int64)
    clusters[0, 0], labels[0, 0, 4:] = 0, 2  # four pixels of class 1 and two of class 2, which has no others
    return clusters, labels, torch.tensor([True])


def table(clusters: Tensor, labels: Tensor, count: int, classes: int) -> Tensor:
    """How many pixels of each cluster have each class (count, classes)."""
    pairs = clusters.flatten() * classes + labels.flatten()
    return torch.bincount(pairs, minlength=count * classes).view(count, classes)


def sizes(clusters: Tensor, labels: Tensor) -> tuple[int, int]:
    return int(clusters.max()) + 1, int(labels.max()) + 1


def counted(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return table(clusters[train], labels[train], *sizes(clusters, labels))


@match_clusters.mistake(
    "You used the labels of all slices, also of those that will be tested. The names then fit the very answers by which they are "
    "judged; with enough clusters that alone looks like segmentation. Only `train` may be looked at."
)
def test_labels_used(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return table(clusters, labels, *sizes(clusters, labels)).argmax(1)


@match_clusters.mistake(
    "You looked at the test slices and left the training slices out: the mask is the wrong way round. It is True for training."
)
def on_test_slices(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return answers.match_clusters(clusters, labels, ~train)


@match_clusters.mistake(
    "You found the commonest cluster of each class. The question is the other way round: for each *cluster*, the commonest class."
)
def cluster_of_each_class(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return counted(clusters, labels, train).argmax(0)


@match_clusters.mistake(
    "You gave each class to one cluster only, its best. But there are more clusters than classes on purpose: two may both "
    "be white matter. Each cluster takes its own commonest class."
)
def one_cluster_a_class(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train)
    names = torch.zeros(len(pixels), dtype=torch.int64)
    for number in range(pixels.shape[1]):
        names[pixels[:, number].argmax()] = number
    return names


@match_clusters.mistake(
    "You divided by the size of the classes, so a cluster goes to the class of which it holds the largest *share*. Rare classes "
    "then get clusters in which nearly every pixel is something else. Count pixels."
)
def share_of_the_class(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train).double()
    return (pixels / pixels.sum(0).clamp(min=1)).argmax(1)


@match_clusters.mistake(
    "You took the cluster's number for its class. Cluster 2 is class 2 only by chance: a method without labels does not know how "
    "we number the tissues."
)
def numbers_taken_for_names(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    count, classes = sizes(clusters, labels)
    return torch.arange(count).clamp(max=classes - 1)


@match_clusters.mistake(
    "You counted the clusters in the training slices alone. A cluster that turns up in a test slice later has no name, and the "
    "table is too short: count in all slices; the image itself may be looked at, its label may not."
)
def too_few_clusters(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    count, classes = int(clusters[train].max()) + 1, int(labels.max()) + 1
    return table(clusters[train], labels[train], count, classes).argmax(1)


@match_clusters.mistake(
    "You never let a cluster be background. Then the air, which is the largest cluster of all, is called tissue."
)
def never_background(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return counted(clusters, labels, train)[:, 1:].argmax(1) + 1


@match_clusters.mistake(
    "You took the median of the labels. Class numbers are names, not amounts: between CSF (1) and white matter (3) it may "
    "be grey matter (2), which is not there at all. Take the commonest."
)
def median_label(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    names = torch.zeros(int(clusters.max()) + 1, dtype=torch.int64)
    for number in range(len(names)):
        found = labels[train][clusters[train] == number]
        names[number] = found.median() if len(found) else 0
    return names


@match_clusters.mistake(
    "You rounded the mean of the labels. Class numbers are names, not amounts: half air (0) and half grey matter (2) is not CSF "
    "(1). Take the commonest."
)
def mean_label(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train).double()
    mean = (pixels * torch.arange(pixels.shape[1])).sum(1) / pixels.sum(1).clamp(min=1)
    return mean.round().long()


@match_clusters.mistake(
    "You took the first training slice only. What a cluster is called should not hang on one slice: use all of them."
)
def first_slice(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    first = torch.zeros_like(train)
    first[train.long().argmax()] = True
    return answers.match_clusters(clusters, labels, first)


@match_clusters.mistake(
    "You let each slice vote with one voice. A slice with three pixels of a cluster then counts as much as one with a thousand; "
    "count the pixels of all training slices together."
)
def a_vote_a_slice(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    count, classes = sizes(clusters, labels)
    votes = torch.zeros(count, classes, dtype=torch.int64)
    for one, label in zip(clusters[train], labels[train], strict=True):
        pixels = table(one, label, count, classes)
        there = pixels.sum(1) > 0
        votes[there, pixels.argmax(1)[there]] += 1
    return votes.argmax(1)
