"""The mean teacher: a network whose weights are a running mean of the student's.

A. Tarvainen, H. Valpola, "Mean teachers are better role models", NeurIPS 2017. Each step of gradient descent leaves the student
somewhere beside the best weights; their mean over the last hundred steps is steadier, and so are its answers on images that
nobody has labelled.

*Deviation*: the teacher answers in evaluation mode, by BatchNorm statistics that are a running mean of the student's, as its
weights are; the paper's code leaves it in training mode, where it normalises each batch by itself.
"""

import copy
import itertools

import torch
from torch import Tensor, nn

from medsegedu.errors import UserError


class Teacher(nn.Module):
    """Images (N, C, *spatial) -> the teacher's logits, without gradients; call `update(student)` after each step.

    The state dict holds the step too, so that a run that is resumed goes on as if it had not stopped.

    Args:
        student: the network to follow; it is copied.
        decay: how much of itself the teacher keeps at each step, in the long run: 0.99 looks back about 100 steps.
    """

    step: Tensor

    def __init__(self, student: nn.Module, *, decay: float = 0.99) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise UserError(f"decay is {decay}; give a number of at least 0 and less than 1.")
        self.decay = decay
        self.network = copy.deepcopy(student).requires_grad_(False)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self.eval()

    @torch.no_grad()
    def update(self, student: nn.Module) -> None:
        """Move every weight and every statistic towards the student's; whole numbers, such as counts of batches, become its own.

        The first steps are a plain mean, alpha = 1 - 1 / (step + 1), so that the random weights of the start are
        forgotten at once.

        Raises:
            UserError: the student is not the network that the teacher was made from.
        """
        own, theirs = (_tensors(network) for network in (self.network, student))
        if {name: tensor.shape for name, tensor in own.items()} != {name: t.shape for name, t in theirs.items()}:
            raise UserError(
                "The student has other weights than the network that this teacher is a copy of; make a new one."
            )
        alpha = min(1 - 1 / (int(self.step) + 1), self.decay)
        for name, tensor in own.items():
            if tensor.is_floating_point():
                tensor.lerp_(theirs[name].to(tensor), 1 - alpha)  # alpha * own + (1 - alpha) * the student's
            else:
                tensor.copy_(theirs[name])
        self.step += 1

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        return self.network(image)

    def train(self, mode: bool = True) -> "Teacher":
        """Stays in evaluation mode, also where it is part of a network that is put to training."""
        return super().train(False)


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer once, also where two layers share it."""
    return dict(itertools.chain(network.named_parameters(), network.named_buffers()))
