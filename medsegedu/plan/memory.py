"""How much memory a training step takes: counted on the meta device, where a network has shapes but no numbers.

Nearly all of it are the maps that the forward pass keeps for the backward pass. torch tells which those are
(`saved_tensors_hooks`), and on the meta device asking costs milliseconds and no memory, however large the network.

What comes on top was measured: gradients of the maps, copies in another layout or precision, the convolutions' own room. Real
peaks of a process (resident memory during steps of `training.fit`'s stepper with augmentation, less what it held before) of
U-Nets in 2D and 3D with 8 to 16 channels, depth 2 to 5, batch 2 to 8, batch and instance normalisation, were 1.1 to 1.85 times
the maps in float32, and 0.3 to 1.4 times in bfloat16, after six times the weights were taken off: the weights, their gradients,
two averages of AdamW, and copies of them. `tests/plan/test_memory.py` measures it again.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from medsegedu.device import autocast_dtype, best_device
from medsegedu.losses import dice_ce_loss

OF_WEIGHTS = 6.0
OF_MAPS = {
    torch.float32: 1.9,
    torch.bfloat16: 1.4,
}  # by the precision of the forward pass: the largest ratio, rounded up


def saved_bytes(model: nn.Module, channels: int, patch: Sequence[int], batch: int) -> int:
    """Bytes of the maps that one forward pass and the loss keep for the backward pass; `model` is on the meta device."""
    kept: dict[
        int, tuple[Tensor, int]
    ] = {}  # a storage is counted once, and held, so that its number is not given again

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = (tensor, storage.nbytes())
        return tensor

    image = torch.empty(batch, channels, *patch, device="meta")
    label = torch.empty(batch, *patch, dtype=torch.int64, device="meta")
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = dice_ce_loss(model.train()(image), label)
    own = {p.untyped_storage()._cdata for p in model.parameters()}
    total = sum(size for storage, (_, size) in kept.items() if storage not in own)
    del loss
    return total


def training_bytes(
    model: nn.Module, channels: int, patch: Sequence[int], batch: int, dtype: torch.dtype | None = None
) -> int:
    """The peak of a training step, from above: more than it takes, seldom by more than a half.

    Args:
        model: on the meta device (`with torch.device("meta"): model = UNet(...)`).
        dtype: of the forward pass; by default as `medsegedu.device` chooses for this computer.
    """
    fixed, each = training_cost(model, channels, patch, dtype)
    return round(fixed + each * batch)


def training_cost(
    model: nn.Module, channels: int, patch: Sequence[int], dtype: torch.dtype | None = None
) -> tuple[float, float]:
    """Bytes of a training step that its weights take, and those that each patch of the batch adds; as `training_bytes`."""
    dtype = dtype or autocast_dtype(best_device()) or torch.float32
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    maps = saved_bytes(model, channels, patch, 2)  # the fewest that every normalisation takes
    return OF_WEIGHTS * weights, OF_MAPS[dtype] * maps / 2
