"""Slips of lesson 10: a threshold below one half, a sum in the wrong place, a detached half, a table that counts once."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.lesson_10 import answers
from medsegedu.exercises.lesson_10.agreement import consistency
from medsegedu.exercises.lesson_10.cuts import in_all, inside, soft_ncut
from medsegedu.exercises.lesson_10.kept import each, kept_loss
from medsegedu.exercises.lesson_10.names import counted, match_clusters
from medsegedu.exercises.lesson_10.sure import labelled, pseudo_label


@pseudo_label.case
def a_threshold_below_one_half(random: Random) -> tuple[Any, ...]:
    return 0.7 * random.tensor(2, 5, 6, 7), 0.3  # two classes of a pixel may reach it, or none


@pseudo_label.mistake(
    "You took the first class that reaches the threshold. With a threshold below 1/2 two classes may reach it; the likeliest one "
    "is wanted."
)
def first_to_reach_it(logits: Tensor, threshold: float) -> Tensor:
    reached = logits.softmax(1) >= threshold
    return torch.where(reached.any(1), reached.float().argmax(1), -1)


@pseudo_label.mistake(
    "Two things. Where no class reaches the threshold, `argmax` of nothing but False is 0, so unsure pixels became background "
    "and not -1. And where two reach it, which happens below 1/2, you took the first and not the likeliest."
)
def first_to_reach_it_or_background(logits: Tensor, threshold: float) -> Tensor:
    return (logits.softmax(1) >= threshold).float().argmax(1)


@pseudo_label.mistake(
    "You never go below a confidence of 1/2. With five classes the likeliest may have 0.4; whether that is enough the "
    "threshold says, whatever it is."
)
def at_least_one_half(logits: Tensor, threshold: float) -> Tensor:
    return answers.pseudo_label(logits, max(threshold, 0.5))


@pseudo_label.mistake(
    "You ignore nothing where the threshold is below 1/2. With five classes the likeliest may have a probability of 0.25: "
    "compare, whatever the threshold is."
)
def low_thresholds_not_used(logits: Tensor, threshold: float) -> Tensor:
    return answers.pseudo_label(logits, threshold if threshold >= 0.5 else 0)


@pseudo_label.mistake(
    "`probabilities.max()` without a dimension is one number, the largest of the whole batch: it decides for all pixels at once. "
    "`.max(1)` gives the largest of each pixel."
)
def one_confidence_for_all(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return labelled(confidence.max().expand_as(confidence), label, threshold)


@pseudo_label.mistake(
    "You compared the class *number* with the threshold: class 0 is below 0.7, class 4 is not. Compare the confidence, the "
    "largest probability; `.max(1)` gives both, first the confidence, then the number."
)
def number_compared(logits: Tensor, threshold: float) -> Tensor:
    label = logits.argmax(1)
    return labelled(label, label, threshold)


@pseudo_label.mistake(
    "You ignore what lies *above* the threshold: those are the pixels that the network is sure of. `confidence < threshold`."
)
def above_ignored(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return label.masked_fill(confidence > threshold, -1)


@pseudo_label.mistake(
    "You keep every background pixel, however unsure. Unsure background is no lesson either: -1 wherever the confidence is below "
    "the threshold, class 0 included."
)
def background_always_kept(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return label.masked_fill((confidence < threshold) & (label > 0), -1)


@pseudo_label.mistake(
    "Your classes are one too small: class 0 became -1, which means *ignore*, and every tissue has its neighbour's number. "
    "The argmax is the class as it is."
)
def one_too_small(logits: Tensor, threshold: float) -> Tensor:
    confidence, label = logits.softmax(1).max(1)
    return (label - 1).masked_fill(confidence < threshold, -1)


@kept_loss.mistake(
    "The labels are smoothed (`label_smoothing`). Asked for is the plain cross-entropy: minus the logarithm of the probability "
    "of the pixel's own class. See also what it gives where no pixel is kept."
)
def smoothed(logits: Tensor, label: Tensor) -> Tensor:
    return F.cross_entropy(logits, label, ignore_index=-1, label_smoothing=0.1)


@kept_loss.mistake(
    "You divided by the tissue's pixels alone (`label > 0`), but your sum has all kept ones. Count class 0 too: `label != -1`."
)
def divided_by_the_tissue(logits: Tensor, label: Tensor) -> Tensor:
    return each(logits, label).sum() / (label > 0).sum().clamp(min=1)


@kept_loss.mistake(
    "Two things. You wrote class 0 into the caller's label where -1 stood: whoever uses it next no longer knows what was unsure. "
    "And those pixels now teach *background*. Leave the label as it is and the pixels out."
)
def label_overwritten(logits: Tensor, label: Tensor) -> Tensor:
    label[label == -1] = 0
    return F.cross_entropy(logits, label)


@kept_loss.mistake(
    "You took the logarithm of a softmax: where the network is sure and wrong it is rounded to 0, and the loss is infinite. "
    "`F.nll_loss` wants `log_softmax`, which never forms that 0."
)
def nll_of_log_of_softmax(logits: Tensor, label: Tensor) -> Tensor:
    total = F.nll_loss(logits.softmax(1).log(), label, ignore_index=-1, reduction="sum")
    return total / (label != -1).sum().clamp(min=1)


@consistency.mistake(
    "You compared the *decisions* (argmax). Class numbers are names, so their differences mean nothing, and an argmax passes no "
    "gradient on. Compare the probabilities."
)
def decisions_compared(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.argmax(1).float(), teacher.argmax(1).float())


@consistency.mistake(
    "You took the length of the difference (`norm`): the root of the *sum* of the squares. Wanted is their mean, without a root, "
    "whose slope is infinite where both agree."
)
def length(student: Tensor, teacher: Tensor) -> Tensor:
    return torch.linalg.vector_norm(student.softmax(1) - teacher.detach().softmax(1))


@consistency.mistake(
    "You compared logarithms of probabilities. 0.001 and 0.00001 then differ by more than 0.9 and 0.1, though both say no. "
    "`softmax`, not `log_softmax`."
)
def logarithms(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.log_softmax(1), teacher.detach().log_softmax(1))


@consistency.mistake(
    "You left the background out (`[:, 1:]`). The mean is over all classes, and class 0 is where most disagreements end."
)
def without_background(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.softmax(1)[:, 1:], teacher.detach().softmax(1)[:, 1:])


@consistency.mistake(
    "You wrote the softmax of the student yourself. `exp` of a logit of 100 is infinite, and infinite / infinite is NaN: "
    "`torch.softmax` subtracts the largest logit first."
)
def overflow_in_the_student(student: Tensor, teacher: Tensor) -> Tensor:
    return F.mse_loss(student.exp() / student.exp().sum(1, keepdim=True), teacher.detach().softmax(1))


@soft_ncut.mistake(
    "You detached what stands below the line. The number is right, the gradient is not: a segment can also become cheaper by "
    "taking pixels with few bonds, and that is what the lower sum tells it."
)
def lower_sum_detached(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities, bonds) / in_all(probabilities.detach(), bonds, 1e-12)).sum()


@soft_ncut.mistake(
    "You detached what stands above the line. The number is right, the gradient is not: the bonds that a segment keeps are what "
    "it should learn to keep."
)
def upper_sum_detached(probabilities: Tensor, bonds: Tensor) -> Tensor:
    return (1 - inside(probabilities.detach(), bonds) / in_all(probabilities, bonds, 1e-12)).sum()


@soft_ncut.mistake(
    "You added up whole rows of `P @ bonds @ P.T`. Its entry (a, b) holds the bonds between segment a and segment b, so a row is "
    "all bonds of a segment, and 1 minus that share is 0. Within a segment: the diagonal."
)
def rows_for_the_diagonal(probabilities: Tensor, bonds: Tensor) -> Tensor:
    between = probabilities @ bonds @ probabilities.T  # (K, K)
    return (1 - between.sum(1) / in_all(probabilities, bonds, 1e-12)).sum()


@match_clusters.mistake(
    "Two things. You took the mean of the labels and rounded it, but class numbers are names, not amounts: between CSF (1) and "
    "white matter (3) lies grey matter (2). Take the commonest. And the mean of no pixels is NaN: such a cluster becomes 0."
)
def rounded_mean(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    found = [labels[train][clusters[train] == k] for k in range(int(clusters.max()) + 1)]
    return torch.tensor([int(of_one.float().mean().round()) for of_one in found])


@match_clusters.mistake(
    "Your table knows *whether* a class occurs in a cluster, not how often. `table[a, b] += 1` with many equal pairs adds 1 only "
    "once; `torch.bincount`, or `index_put_(..., accumulate=True)`, counts them all."
)
def counted_once(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    return (counted(clusters, labels, train) > 0).long().argmax(1)


@match_clusters.mistake(
    "You divided by how common each class is. A rare class then beats a common one in a cluster where it has fewer pixels, and a "
    "class that no training slice has gives 0 / 0. Count: what are *most* of this cluster's pixels?"
)
def share_of_a_class_that_may_be_missing(clusters: Tensor, labels: Tensor, train: Tensor) -> Tensor:
    pixels = counted(clusters, labels, train).float()
    return (pixels / pixels.sum(0)).argmax(1)
