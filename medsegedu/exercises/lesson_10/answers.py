"""The right answers of lesson 10, each fit to be pasted into a notebook."""

import torch
import torch.nn.functional as F
from torch import nn


def pseudo_label(logits: torch.Tensor, threshold: float) -> torch.Tensor:
    """logits (N, classes, *spatial) -> label (N, *spatial), -1 where the largest probability is below the threshold."""
    confidence, label = logits.softmax(1).max(1)  # (N, *spatial) each
    label[confidence < threshold] = -1
    return label


def kept_loss(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """logits (N, classes, *spatial), label (N, *spatial) with -1 for "ignore" -> a scalar, the mean over the kept pixels."""
    total = F.cross_entropy(logits, label, ignore_index=-1, reduction="sum")
    return total / (label != -1).sum().clamp(min=1)


def consistency(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Both logits (N, classes, *spatial) -> a scalar; no gradient reaches the teacher."""
    return F.mse_loss(student.softmax(1), teacher.detach().softmax(1))


@torch.no_grad()
def ema_update(teacher: nn.Module, student: nn.Module, step: int, decay: float) -> float:
    """Move the teacher's parameters and buffers towards the student's, in place; returns the share that it keeps of its own."""
    alpha = min(1 - 1 / (step + 1), decay)
    theirs = student.state_dict()
    for name, own in teacher.state_dict().items():  # these tensors share memory with the teacher
        if own.is_floating_point():
            own.copy_(alpha * own + (1 - alpha) * theirs[name])
        else:
            own.copy_(theirs[name])
    return alpha


def soft_ncut(probabilities: torch.Tensor, bonds: torch.Tensor) -> torch.Tensor:
    """probabilities (K, pixels), bonds (pixels, pixels) -> a scalar between 0 and K."""
    inside = ((probabilities @ bonds) * probabilities).sum(1)  # (K,)
    in_all = probabilities @ bonds.sum(1)  # (K,)
    return (1 - inside / in_all.clamp(min=1e-12)).sum()


def match_clusters(clusters: torch.Tensor, labels: torch.Tensor, train: torch.Tensor) -> torch.Tensor:
    """clusters and labels (cases, H, W), train (cases,) bool -> the class of each cluster (number of clusters,)."""
    count, classes = int(clusters.max()) + 1, int(labels.max()) + 1
    pairs = clusters[train].flatten() * classes + labels[train].flatten()
    table = torch.bincount(pairs, minlength=count * classes).view(count, classes)
    return table.argmax(1)
