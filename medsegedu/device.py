"""Where to compute, and in which precision: found out, never assumed."""

import torch


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
