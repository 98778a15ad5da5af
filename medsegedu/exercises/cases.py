"""What an attempt is given: seeded random arguments, a fresh copy for every call, and their description in words."""

import copy
import inspect
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Random:
    """Random arguments for a case: the same on every machine and in every run, different for every exercise and case.

    Attributes:
        seed: the number that everything else follows from.
        numpy: the `np.random.Generator` behind it, for whatever the methods below do not give.
    """

    def __init__(self, name: str) -> None:
        self.seed = zlib.crc32(name.encode())
        self.numpy = np.random.default_rng(self.seed)

    def tensor(self, *shape: int) -> Tensor:
        """A float32 tensor of standard normal numbers."""
        return torch.from_numpy(self.numpy.standard_normal(shape, dtype=np.float32))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """An int64 tensor with `low <= value < high`; without a shape a single number, `int(random.integers(2, 5))`."""
        return torch.from_numpy(np.asarray(self.numpy.integers(low, high, shape, dtype=np.int64)))

    def uniform(self, low: float, high: float) -> float:
        """A Python float between `low` and `high`."""
        return float(self.numpy.uniform(low, high))

    def mask(self, *shape: int, share: float = 0.3) -> Tensor:
        """A boolean tensor; each pixel is True with probability `share`."""
        return torch.from_numpy(np.asarray(self.numpy.random(shape) < share))


def fill_parameters(module: nn.Module, seed: int = 0) -> nn.Module:
    """Give `module` weights that two modules built alike share, so that what they compute can be compared.

    The k-th `weight` of a `Conv2d` of some shape gets the same numbers in every module; what the module calls its layers,
    the order of layers of different kinds and the random state do not matter. Parameters that do not belong to a layer of
    torch go by their shape. Use it in an exercise's `call=` when the answer is a class of modules:
    `call=lambda attempt, channels, image: fill_parameters(attempt(channels))(image)`.
    """
    seen: dict[str, int] = {}
    with torch.no_grad():
        for owner in module.modules():
            known = type(owner).__module__.startswith("torch.")
            for name, parameter in owner.named_parameters(recurse=False):
                kind = f"{type(owner).__name__}.{name}" if known else "own"
                place = f"{seed} {kind} {tuple(parameter.shape)}"
                seen[place] = seen.get(place, 0) + 1
                numbers = Random(f"{place} {seen[place]}").tensor(*parameter.shape)
                parameter.copy_(numbers / max(1, parameter[0].numel()) ** 0.5 if parameter.ndim else numbers)
    return module


def fresh_copy(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copy all arguments together, so that an optimiser still holds the parameters of the module beside it."""
    return copy.deepcopy(arguments)


def with_gradients(names: Sequence[str], arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Tensor]]:
    """Make every float tensor among `arguments` require a gradient.

    Returns:
        the arguments to call with, and the leaves (by name) whose gradients tell what is connected. An argument is a
        clone of its leaf, so that writing into it in place works and is noticed like anywhere else.
    """
    leaves: dict[str, Tensor] = {}

    def prepare(name: str, value: Any) -> Any:
        if isinstance(value, Tensor) and value.is_floating_point():
            leaves[name] = value.detach().clone().requires_grad_()
            return leaves[name].clone()
        if isinstance(value, nn.Module):
            leaves.update({f"{name}.{key}": parameter for key, parameter in value.named_parameters()})
        if type(value) in (list, tuple):
            return type(value)(prepare(f"{name}[{i}]", item) for i, item in enumerate(value))
        return value

    with torch.enable_grad():
        prepared = tuple(prepare(name, value) for name, value in zip(names, arguments, strict=True))
    return prepared, leaves


def argument_names(function: Callable[..., Any], count: int, skip: int = 0) -> list[str]:
    """The names of the first `count` parameters of `function`, after leaving out `skip`; invented where it has none."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [named[i] if i < len(named) else f"argument {i + 1}" for i in range(count)]


def shape_text(shape: Sequence[int]) -> str:
    """`2x3x5`; `(7,)` for a vector of seven, `()` for a single number."""
    if len(shape) == 1:
        return f"({shape[0]},)"
    return "x".join(str(size) for size in shape) or "()"


def describe(names: Sequence[str], arguments: Sequence[Any], most: int = 4) -> str:
    """The arguments in words, e.g. `up 2x3x5x7 and skip 2x4x8x12`."""
    words = [f"{name} {_one(value)}" for name, value in zip(names, arguments, strict=True)][:most]
    if len(arguments) > most:
        words.append(f"{len(arguments) - most} more")
    return " and ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " and " + words[-1]


def _one(value: Any) -> str:
    if isinstance(value, Tensor | np.ndarray):
        if value.ndim < 2 and np.prod(value.shape) <= 6:
            return str([round(item, 4) for item in value.tolist()] if value.ndim else round(value.item(), 4))
        kind = str(value.dtype).removeprefix("torch.")
        size = f"{len(value)} value" + "s" * (len(value) != 1) if value.ndim == 1 else shape_text(value.shape)
        return size + (f" {kind}" if kind != "float32" else "")
    if isinstance(value, list | tuple | dict) and len(repr(value)) > 40:
        return f"({type(value).__name__} of {len(value)})"
    if isinstance(value, list | tuple | dict | str | bool | int | float | complex | None):
        text = f"{value:.6g}" if isinstance(value, float) else repr(value)
        return text if len(text) <= 40 else text[:37] + "..."
    return f"({getattr(value, '__name__', type(value).__name__)})"
