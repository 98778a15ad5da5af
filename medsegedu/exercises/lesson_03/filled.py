"""Weights that do not depend on the order in which a student made the layers."""

from typing import Any

from torch import nn

from medsegedu.exercises.cases import fill_parameters


def filled(answer: Any) -> nn.Module:
    """The module that an attempt built, with weights fixed by the kind of each layer and its place among that kind.

    `fill_parameters` counts parameters of one shape, and an up-convolution's bias has the shape of a normalisation's: without
    sorting, an attempt that makes its block before its up-convolution would seem wrong.

    Raises:
        TypeError: the attempt returned no module.
    """
    if not isinstance(answer, nn.Module):
        kind = "nothing" if answer is None else f"a {type(answer).__name__}"
        raise TypeError(f"a module is expected, such as nn.Sequential(...), but your code gave {kind}")
    leaves = [layer for layer in answer.modules() if not list(layer.children())]
    fill_parameters(answer)  # reaches parameters outside of torch's layers too
    fill_parameters(nn.ModuleList(sorted(leaves, key=lambda layer: type(layer).__name__)))
    return answer
