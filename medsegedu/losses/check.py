"""What each loss asks of its inputs, checked at the door."""

from torch import Tensor

from medsegedu.errors import UserError


def check_loss_input(logits: Tensor, label: Tensor, ignore_index: int | None) -> None:
    """Raise a UserError unless an integer label (N, *spatial) from 0 to C - 1 fits logits (N, C, *spatial)."""
    if not logits.is_floating_point() or logits.ndim < 3:
        raise UserError(f"logits are {_describe(logits)}; give the network's output, floating point (N, C, *spatial).")
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


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
