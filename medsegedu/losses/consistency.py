"""Consistency: student and teacher should say the same of the same image, even if it was disturbed differently.

A. Tarvainen, H. Valpola, "Mean teachers are better role models", NeurIPS 2017; for volumes: L. Yu et al., "Uncertainty-aware
Self-ensembling Model for Semi-supervised 3D Left Atrium Segmentation", MICCAI 2019.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.losses.check import check_logits


def consistency_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the probabilities, over pixels and classes; both logits (N, C, *spatial).

    Only the student learns: the teacher is detached, since its weights are a running mean of the student's.
    """
    check_logits(student, teacher)
    dtype = torch.promote_types(student.dtype, torch.float32)
    return F.mse_loss(torch.softmax(student, 1, dtype=dtype), torch.softmax(teacher.detach(), 1, dtype=dtype))
