"""Exercise 1.2, what is asked of drawn positions: their form, how many of each class, and whether chance drew them evenly."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def fault(drawn: Any, label: Tensor, n: int) -> str | None:
    """What is wrong with the form of `drawn`, or with how many it has of each class; a sentence, None if nothing is."""
    axes = "(row, column)" if label.ndim == 2 else "(slice, row, column)"
    if drawn is None:
        return "Your function gave back None: `print` shows the positions, but only `return` hands them on."
    if isinstance(drawn, list | tuple):
        return (
            f"You returned a {type(drawn).__name__} of {len(drawn)} items, not one tensor; join the tensors of the classes "
            "with `torch.cat(...)`."
        )
    if not isinstance(drawn, Tensor | np.ndarray):
        return f"You returned a {type(drawn).__name__}; wanted is a tensor of positions, (n, {label.ndim})."
    positions = torch.as_tensor(drawn)
    if positions.is_floating_point() or positions.dtype == torch.bool:
        kind = str(positions.dtype).removeprefix("torch.")
        return f"Your positions are of dtype {kind}; rows and columns are whole numbers, int64 (`.long()`)."
    shape = tuple(positions.shape)
    if shape == (label.ndim, n) != (n, label.ndim):
        return f"Your result lies on its side, {shape}: give each pixel a row of its own, {(n, label.ndim)}, as `nonzero()` does."
    if positions.ndim == 1 and bool(torch.isin(positions, label).all()):
        return f"You returned the classes of {len(positions)} pixels; wanted is the place {axes} of each: {(n, label.ndim)}."
    if positions.ndim != 2 or positions.shape[1] != label.ndim:
        return f"Your result has shape {shape}, expected {(n, label.ndim)}: a row for each draw, its place {axes}."
    if bool((positions < 0).any() | (positions >= torch.tensor(label.shape)).any()):
        return f"Some of your positions lie outside a label of shape {tuple(label.shape)}; is the order {axes}?"
    values = label[tuple(positions.long().T)]
    classes = label.unique().tolist()
    wanted = [n // len(classes) + (k < n % len(classes)) for k in range(len(classes))]
    found = [int((values == value).sum()) for value in classes]
    if found == wanted:
        return None
    return f"For n = {n} and the classes {classes} you drew {found} of each, {len(values)} in all; expected {wanted}, {n} in all."


def places(drawn: Any, label: Tensor, value: int) -> Tensor:
    """Which pixels of the class `value` were drawn, as indices into `(label == value).nonzero()`, in the order drawn."""
    numbers = torch.full(label.shape, -1)
    numbers[label == value] = torch.arange(int((label == value).sum()))
    found = numbers[tuple(torch.as_tensor(drawn).long().T)]  # (n,)
    return found[found >= 0]


def uneven(times: Tensor, value: int) -> str | None:
    """How often each pixel of a class was drawn, (pixels,): a sentence if some came too seldom or too often.

    Independent draws with 40 or more expected of each pixel fail once in many thousand million runs.
    """
    expected = float(times.sum()) / len(times)
    never = int((times == 0).sum())
    if never:
        return f"Class {value} has {len(times)} pixels, and {never} of them were never drawn; each must have a chance."
    spread = 7 * expected**0.5 + 7
    if float(times.max()) > expected + spread or float(times.min()) < expected - spread:
        return f"Some pixels of class {value} are drawn much more often than others; draw them evenly."
    return None


def tied(rounds: Tensor, pixels: int) -> str | None:
    """A sentence if the draws of one call, (calls, draws of a class), depend on each other.

    The distances between the draws of a call go round in a circle of `pixels`; none may come far too often.
    """
    pairs = torch.combinations(torch.arange(rounds.shape[1]))  # (pairs, 2)
    gaps = rounds[:, pairs[:, 0]] - rounds[:, pairs[:, 1]]  # (calls, pairs)
    often = torch.bincount(torch.cat([gaps, -gaps]).remainder(pixels).flatten(), minlength=pixels)
    if float(often.max()) <= 2 * float(often.float().mean()):
        return None
    if int(often.argmax()) == 0:
        return (
            "Too many pixels come twice in one batch, as if each draw were used again; let chance choose every pixel."
        )
    return "In a batch one draw follows from another, at a fixed distance; let chance choose every pixel."
