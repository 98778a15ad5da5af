"""Weights that do not depend on the order in which a student made the layers, and what is asked of every module."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from medsegedu.exercises.cases import fill_parameters


def filled(answer: Any, *inputs: Tensor) -> nn.Module:
    """The module that an attempt built, with weights fixed by the kind of each layer and its place among that kind.

    `fill_parameters` counts parameters of one shape, and an up-convolution's bias has the shape of a normalisation's: without
    sorting, an attempt that makes its block before its up-convolution would seem wrong. Lazy layers (`nn.LazyConv2d`) learn
    their shapes from `inputs` first.

    Raises:
        TypeError: the attempt returned no module, or one with parameters that belong to no layer of torch.
    """
    if not isinstance(answer, nn.Module):
        kind = "nothing" if answer is None else f"a {type(answer).__name__}"
        raise TypeError(f"a module is expected, such as nn.Sequential(...), but your code gave {kind}")
    own = (
        m for m in answer.modules() if not type(m).__module__.startswith("torch.") and list(m.parameters(recurse=False))
    )
    if layer := next(own, None):
        raise TypeError(
            f"your {type(layer).__name__} holds an `nn.Parameter` of its own. That may be right, but this check can only compare "
            f"layers of torch: use `nn.Conv2d`, `nn.ConvTranspose2d` and the like"
        )
    if any(is_lazy(parameter) for parameter in answer.parameters()):
        with torch.no_grad():
            answer(*inputs)
    for layer in answer.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()  # as if it had not been called before
    leaves = [layer for layer in answer.modules() if not list(layer.children())]
    fill_parameters(nn.ModuleList(sorted(leaves, key=lambda layer: type(layer).__name__)))
    return answer


def used(answer: Any, *inputs: Tensor) -> dict[str, Any]:
    """The module, to be compared by its parameters' shapes, and its output; without the output if it owns no parameters."""
    module = filled(answer, *inputs)
    before = [id(parameter) for parameter in module.parameters()]
    output = module(*inputs)
    if not before or before != [id(parameter) for parameter in module.parameters()]:  # made in `forward`, or not held
        return {"your module": nn.ModuleList()}
    return {"your module": module, "output": output}


def does_not_learn(answer: Any, *inputs: Tensor) -> str | None:
    """The sentence for a module of which some weight gets no gradient; layers are called by their kind, not their name."""
    module = filled(answer, *inputs)
    if any(not parameter.requires_grad for parameter in module.parameters()):
        return "Weights of your module are frozen (`requires_grad` is False), so training would never change them."
    output = module(*inputs)
    if not output.requires_grad:
        return "Your module's output is cut off from its weights (`torch.no_grad`, `.detach()` or `.data`)."
    output.sin().sum().backward()  # a plain sum of normalised values has no gradient
    for layer in module.modules():
        for weight in layer.parameters(recurse=False):
            if weight.grad is None or not weight.grad.any():
                kind = type(layer).__name__
                return f"No gradient reaches a weight of your {kind}: it is never used, or cut off by `.detach()`."
    return None


def shared(first: Any, second: Any) -> str | None:
    """The sentence for two modules that hold the same parameters."""
    if {id(parameter) for parameter in first.parameters()} & {id(parameter) for parameter in second.parameters()}:
        return (
            "Two modules that your code makes one after the other share their weights; each needs weights of its own."
        )
    return None


def alike(first: Tensor, second: Tensor) -> bool:
    """Whether two maps have the same shape and nearly the same values."""
    return first.shape == second.shape and torch.allclose(first, second, rtol=1e-4, atol=1e-5)
