"""Checks beyond the cases speak only to an attempt that is right so far: so one that is wrong already is known by that alone.

A first try has two mistakes. If volumes, constants and units were among the cases, each wrong answer would need a name for
every way to treat those too.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def result(attempt: Callable[..., Any], *arguments: Any) -> Tensor | None:
    """What the attempt makes of copies; None if it raises, or returns something else than a tensor."""
    try:
        value = attempt(*copy.deepcopy(arguments))
    except Exception:
        return None
    return value if isinstance(value, Tensor) else None


def agrees(attempt: Callable[..., Any], reference: Callable[..., Tensor], *arguments: Any) -> bool:
    """Whether both give the same numbers."""
    mine, wanted = result(attempt, *arguments), reference(*copy.deepcopy(arguments))
    return mine is not None and mine.shape == wanted.shape and torch.allclose(mine.to(wanted), wanted, 1e-3, 1e-4)
