"""What each loss asks of its inputs, checked at the door."""

from collections.abc import Sequence

from torch import Tensor

from medsegedu.errors import UserError


def check_loss_input(logits: Tensor, label: Tensor, ignore_index: int | None) -> None:
    """Raise a UserError unless an integer label (N, *spatial) from 0 to C - 1 fits logits (N, C, *spatial)."""
    check_logits(logits)
    classes = logits.shape[1]
    expected = (logits.shape[0], *logits.shape[2:])
    if tuple(label.shape) != expected:
        has_channel = label.ndim == logits.ndim and label.shape[1] == 1
        fix = "label[:, 0]" if has_channel else "a label on the grid of the logits"
        raise UserError(
            f"label is {_describe(label)}, but logits of shape {tuple(logits.shape)} need shape {expected}: give {fix}."
        )
    if label.is_floating_point() or label.is_complex():
        raise UserError(f"label is {_describe(label)}; it holds class numbers, so convert it with label.long().")
    if classes < 2:
        raise UserError("logits have 1 channel; give the background its own class, so that there are at least 2.")
    if label.is_meta or label.numel() == 0:
        return
    counted = label if ignore_index is None else label[label != ignore_index]
    if counted.numel() and not 0 <= int(counted.min()) <= int(counted.max()) < classes:
        raise UserError(
            f"label has values from {int(counted.min())} to {int(counted.max())}, but logits of {classes} classes allow "
            f"0 to {classes - 1}; give the network more classes, or name the value to leave out with ignore_index."
        )


def check_logits(*logits: Tensor) -> None:
    """Raise a UserError unless each is floating point (N, C, *spatial), and all have one shape."""
    for tensor in logits:
        if not tensor.is_floating_point() or tensor.ndim < 3:
            raise UserError(
                f"logits are {_describe(tensor)}; give the network's output, floating point (N, C, *spatial)."
            )
        if tensor.shape != logits[0].shape:
            raise UserError(
                f"One network's logits have shape {tuple(logits[0].shape)}, the other's {tuple(tensor.shape)}; give "
                "both networks the same images and classes."
            )


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise a UserError unless `value` is one of the choices."""
    if value not in choices:
        raise UserError(f"{name} is {value!r}; choose {' or '.join(map(repr, choices))}.")


def check_number(name: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raise a UserError unless low <= value <= high."""
    if not low <= value <= high:
        fix = f"of at least {low}" if high == float("inf") else f"from {low} to {high}"
        raise UserError(f"{name} is {value!r}; give a number {fix}.")


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
