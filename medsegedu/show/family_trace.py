"""What a network does, step by step, written down while it runs on an image without pixels (torch's meta device)."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from medsegedu.layers.attention import Attention

Work = Literal["conv", "linear", ""]


@dataclass(frozen=True)
class Step:
    """One operation of torch: the steps whose results it reads, and the map that it makes.

    `level` says how often the map was halved since the image, `weight` which weights the step has (None without), `attention`
    which attention layer it belongs to (None outside of any).
    """

    inputs: tuple[int, ...]
    channels: int
    level: float
    work: Work
    weight: int | None
    attention: int | None


def trace(model: nn.Module, size: Sequence[int]) -> list[Step]:
    """The steps of `model` for one image of spatial size `size`, the image itself first. Neither time nor memory is needed.

    Raises:
        UserError: from the model, where the size does not fit.
    """
    weights = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    state = {name: tensor.detach().to("meta") for name, tensor in weights.items()}
    channels = int(getattr(model, "in_channels", next(model.parameters()).shape[1]))
    image = torch.empty(1, channels, *size, device="meta", dtype=next(model.parameters()).dtype)
    recorder, training = _Recorder(image), {module: module.training for module in model.modules()}
    with ExitStack() as stack:
        for index, module in enumerate(model.modules()):
            if isinstance(module, Attention):
                stack.enter_context(module.register_forward_pre_hook(lambda *_, index=index: recorder.enter(index)))
                stack.enter_context(module.register_forward_hook(lambda *_: recorder.leave()))
        try:
            with torch.no_grad(), recorder:
                functional_call(model.eval(), state, (image,))
        finally:
            for module, mode in training.items():
                module.training = mode
    return recorder.steps


class _Recorder(TorchDispatchMode):
    """Sees each operation that torch carries out."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.steps = [Step((), image.shape[1], 0, "", None, None)]
        self.made = {id(image): 0}  # which step made a tensor
        self.kept: list[Any] = [image]  # a tensor that is gone would lend its id to another
        self.attention: int | None = None

    def enter(self, index: int) -> None:
        self.attention = index

    def leave(self) -> None:
        self.attention = None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        inputs = tuple(dict.fromkeys(self.made[id(tensor)] for tensor in tensors if id(tensor) in self.made))
        name = func.__name__.split(".")[0]
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        self.kept.append(outputs)
        if not inputs or not outputs or name.endswith("_like") or name.startswith("new_"):
            return result  # makes a tensor from nothing that the image says
        work: Work = "conv" if name == "convolution" else "linear" if name == "addmm" else ""
        weight = next((id(tensor) for tensor in tensors if id(tensor) not in self.made), None) if work else None
        level = max(self.steps[step].level for step in inputs) + _halvings(name, args, outputs[0])
        channels = outputs[0].shape[1] if outputs[0].ndim > 1 else 1
        self.steps.append(Step(inputs, channels, level, work, weight, self.attention))
        for output in outputs:
            self.made[id(output)] = len(self.steps) - 1
        return result


def _halvings(name: str, args: Any, output: Tensor) -> float:
    """By how many halvings of its size an operation takes a map down (or up: less than 0)."""
    if name == "convolution":
        stride, transposed = args[3][0], args[6]
        return -math.log2(stride) if transposed else math.log2(stride)
    if name.startswith(("max_pool", "avg_pool")):
        kernel, stride = args[1], args[2] if len(args) > 2 else None
        return math.log2(stride[0] if stride else kernel[0])
    if name.startswith("upsample"):
        return -float(round(math.log2(output.shape[2] / args[0].shape[2])))
    return 0
