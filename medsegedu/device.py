"""Where to compute, and in which precision: found out, never assumed."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode


def best_device() -> torch.device:
    """An NVIDIA or AMD GPU, else an Apple one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the hardware computes in it (about half the time of float32), else None.

    A processor without bfloat16 instructions would emulate them and be slower, so its flags are asked.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type == "cpu":
        flags = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return torch.bfloat16 if any(getattr(torch.cpu, flag, bool)() for flag in flags) else None
    return None


def channels_last(dims: int) -> torch.memory_format:
    """The memory layout in which convolutions of this many dimensions run fastest."""
    return torch.channels_last if dims == 2 else torch.channels_last_3d


class PadsThinVolumes(TorchFunctionMode):
    """Pads volumes of fewer slices than the kernel by an operation of its own, before the convolution, not inside it.

    The result is the same, but for an error of torch on processors that compute in bfloat16 (seen in 2.13 and 2.14, in oneDNN's
    kernels): where a 3x3x3 convolution pads two slices, or a 5x5x5 one up to four, the gradient of its weights is mixed with
    memory that nobody wrote, sometimes NaN. Patches halved to two slices at the bottom of a U-Net are enough.
    """

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: tuple[Any, ...] = (), options: Any = None
    ) -> Any:
        if function is torch.conv3d and len(arguments) > 4 and not isinstance(arguments[4], str):
            image, weight, bias, stride, padding, *rest = arguments
            if image.shape[2] < weight.shape[2] and any(padding):
                image = F.pad(image, [p for p in reversed(padding) for _ in "<>"])
                arguments = (image, weight, bias, stride, 0, *rest)
        return function(*arguments, **(options or {}))
