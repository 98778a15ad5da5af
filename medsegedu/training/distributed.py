"""Several processes or GPUs train one network together: `torchrun --nproc_per_node 2 -m medsegedu train ...`.

Every process draws the same batch and works on its own part of it; torch's DistributedDataParallel averages the gradients, so
that two processes take the steps that one would take. What a batch normalisation averages over is the exception: each
process sees the statistics of its own part only (use norm="instance" where that matters).
"""

import atexit
import os
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from medsegedu.errors import UserError


@dataclass(frozen=True)
class World:
    """This process's number among those that train together, and how many they are."""

    rank: int = 0
    size: int = 1

    def part_of(self, batch: Tensor) -> Tensor:
        """This process's share of a batch (N, ...) -> (N / size, ...)."""
        return batch.chunk(self.size)[self.rank]

    def spread(self, module: nn.Module) -> nn.Module:
        """The module, with gradients averaged over the processes and the weights of the first one."""
        return nn.parallel.DistributedDataParallel(module) if self.size > 1 else module

    def mean(self, value: Tensor) -> float:
        """The mean of a number over the processes."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
        return float(value) / self.size

    def gather(self, found: list[Any]) -> list[Any]:
        """What all processes found, in one list, the same everywhere."""
        if self.size == 1:
            return found
        parts: list[list[Any]] = [[] for _ in range(self.size)]
        dist.all_gather_object(parts, found)
        return [item for part in parts for item in part]

    def same_buffers(self, model: nn.Module) -> None:
        """Give every process the first one's running averages, which no gradient keeps equal."""
        if self.size > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)


def join_world(batch: int) -> World:
    """This process's place among those that `torchrun` started; a world of one without it.

    Raises:
        UserError: the processes can't share `batch` evenly.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if batch % size:
        raise UserError(f"batch is {batch}, which {size} processes can't share evenly; choose a multiple of {size}.")
    if not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(_leave_world)  # threads that are still alive when Python ends may abort the process
    return World(dist.get_rank(), dist.get_world_size())


def _leave_world() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
