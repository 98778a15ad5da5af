"""One step of gradient descent, and one look at how good the network is by now."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from medsegedu.data import Augment, Dataset
from medsegedu.device import PadsThinVolumes, autocast_dtype, best_device, channels_last
from medsegedu.inference import predict
from medsegedu.losses import DeepSupervision
from medsegedu.metrics import dice
from medsegedu.training.distributed import World

Loss = Callable[[Tensor, Tensor], Tensor] | DeepSupervision


class Sampler(Protocol):
    """Anything that draws batches: image (N, C, *spatial) and what the loss compares with."""

    random: Any

    def draw(self) -> tuple[Tensor, Tensor]: ...


class Stepper:
    """What stays the same from step to step: the network, its optimiser, and where its batches come from.

    Args:
        model: on its device already.
        rate, steps: the one-cycle learning rate's highest value, and its length.
        augment, spacing: how batches are changed, and the voxel size in mm in which a rotation is one; None: not at all.
    """

    def __init__(
        self, model: nn.Module, sampler: Sampler, loss: Loss, *, rate: float, steps: int,
        augment: Augment | None, spacing: tuple[float, ...] | None, world: World,
    ) -> None:  # fmt: skip
        self.model, self.sampler, self.loss, self.world = model, sampler, loss, world
        self.augment, self.spacing = augment, spacing
        # Before the network is spread: DistributedDataParallel would average gradients of another layout wrongly.
        self.layout = channels_last(next((p.ndim - 2 for p in model.parameters() if p.ndim in (4, 5)), 2))
        model.to(memory_format=self.layout)  # type: ignore[call-overload]
        self.answer = world.spread(_Answer(model, every_head=isinstance(loss, DeepSupervision)))
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
        rise = 0.25 if steps != 4 else 0.3  # of the steps; torch divides by 0 if that is one step exactly
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rate, total_steps=steps, pct_start=rise)

    def __call__(self) -> float:
        """Draw, change, answer, compare, step -> the batch's loss."""
        self.model.train()
        device = best_device()
        image, label = (part.to(device) for part in self.sampler.draw())
        if self.augment is not None:
            image, label = self.augment(image, label, self.sampler.random, spacing=self.spacing)
        image, label = self.world.part_of(image), self.world.part_of(label)
        dtype = autocast_dtype(device)
        with torch.autocast(device.type, dtype) if dtype else nullcontext(), PadsThinVolumes():
            output = self.answer(image.contiguous(memory_format=self.layout))
        if isinstance(self.loss, DeepSupervision):
            value = self.loss([logits.float() for logits in output], label)
        else:
            value = self.loss(output.float(), label)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        self.schedule.step()
        return self.world.mean(value.detach())

    def look(self, validation: Dataset, window: int | tuple[int, ...] | None = None) -> float:
        """The mean Dice over the classes drawn in each case, and over the cases; each process does its share of them."""
        self.world.same_buffers(self.model)
        scores = []
        for case in list(validation)[self.world.rank :: self.world.size]:
            assert case.label is not None
            prediction = predict(self.model, case.image, patch=window)
            present = [c for c in case.label.unique().tolist() if c > 0]
            scores += [dice(prediction == c, case.label == c) for c in present]
        return float(np.mean(self.world.gather(scores) or [0.0]))


class _Answer(nn.Module):
    """The network's logits, or those of all its heads: one `forward`, which is all that DistributedDataParallel follows."""

    def __init__(self, model: nn.Module, *, every_head: bool) -> None:
        super().__init__()
        self.model, self.every_head = model, every_head

    def forward(self, image: Tensor) -> Any:
        return self.model.heads(image) if self.every_head else self.model(image)  # type: ignore[operator]
