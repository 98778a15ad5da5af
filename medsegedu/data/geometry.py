"""Images, labels and probabilities on another grid, and back.

>>> original = Grid.of(case)
>>> small = case_on(case, original.canonical().spaced((1, 1, 1)))
>>> prediction = ...                                    # on the grid of `small`
>>> label_on(prediction, Grid.of(small), original)      # on the grid of `case` again
>>> save_nifti("p.nii.gz", prediction, Grid.of(small), like=path)  # or at once on the file's own, with its axes

Between grids that differ by turned, swapped, cut or padded axes only, voxels are moved, never computed: not a bit changes, and
the way back is exact. Between all others each new voxel is read between the old ones: linearly, by a cubic spline, or from
the nearest. Nothing is smoothed before it shrinks, as in MONAI and nnU-Net.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from medsegedu.data.case import Case
from medsegedu.data.grid import CLOSE, Grid, Matrix
from medsegedu.errors import UserError

ImageMethod = Literal["linear", "cubic"]
LabelMethod = Literal["nearest", "linear"]
_ORDER = {"nearest": 0, "linear": 1, "cubic": 3}


def image_on(image: Tensor, grid: Grid, target: Grid, method: ImageMethod = "linear", fill: float = 0.0) -> Tensor:
    """An image (C, *grid.shape) on another grid: (C, *target.shape).

    Args:
        method: "linear", or "cubic": sharper, but it overshoots at edges.
        fill: the value outside the image, for example -1000 (air) in CT. The outer half of its border voxels is still inside.
    """
    _check(image.shape[1:], grid, target)
    channels = [_moved(channel, grid, target, _order(method, ImageMethod), fill) for channel in image.numpy()]
    return torch.from_numpy(np.stack(channels))  # (C, *target.shape)


def label_on(label: Tensor, grid: Grid, target: Grid, method: LabelMethod = "nearest", fill: int = 0) -> Tensor:
    """A label (*grid.shape) on another grid: (*target.shape), with no class that was not there.

    Args:
        method: "nearest", or "linear": each class as an image of 0 and 1 is interpolated, and the largest wins (the lower number
            in a tie). It gives smoother borders, and takes the time of one image for each class.
        fill: the class outside the label.
    """
    _check(label.shape, grid, target)
    values = label.numpy()
    if _order(method, LabelMethod) == 0 or _whole(target.to(grid), target) is not None:
        return torch.from_numpy(_moved(values, grid, target, 0, fill))
    result = np.full(target.shape, fill, values.dtype)
    most = np.zeros(target.shape, np.float32)
    for value in np.unique(np.append(values, fill)):
        share = _moved((values == value).astype(np.float32), grid, target, 1, float(value == fill))
        wins = share > most
        result[wins], most[wins] = value, share[wins]
    return torch.from_numpy(result)


def probabilities_on(probabilities: Tensor, grid: Grid, target: Grid) -> Tensor:
    """Probabilities (C, *grid.shape) on another grid, linearly: (C, *target.shape); outside, background is certain.

    Take the argmax last, on the target: `probabilities_on(...).argmax(0)`. The border then runs where the network put it, between
    the voxels that it saw, instead of along them.
    """
    _check(probabilities.shape[1:], grid, target)
    channels = [_moved(p, grid, target, 1, float(c == 0)) for c, p in enumerate(probabilities.numpy())]
    return torch.from_numpy(np.stack(channels))  # (C, *target.shape)


def case_on(
    case: Case, target: Grid, method: ImageMethod = "linear", label_method: LabelMethod = "nearest", fill: float = 0.0
) -> Case:
    """A case on another grid, image and label together; the label is background where the image ends."""
    grid = Grid.of(case)
    image = image_on(case.image, grid, target, method, fill)
    label = None if case.label is None else label_on(case.label, grid, target, label_method)
    return replace(case, image=image, label=label, spacing=target.spacing, affine=target.affine)


def _moved(array: NDArray[Any], grid: Grid, target: Grid, order: int, fill: float) -> NDArray[Any]:
    """(*grid.shape) -> (*target.shape), in the array's own type."""
    back = target.to(grid)  # index on the target -> index on the grid
    whole = _whole(back, target)
    if whole is not None:
        return _rearranged(array, whole, target.shape, fill)
    turn, shift = back[:-1, :-1], back[:-1, -1]
    if np.abs(turn - np.diag(np.diag(turn))).max() * max(target.shape) < CLOSE / 10:
        turn = np.diag(turn)  # axis by axis, which SciPy does several times faster
    moved = ndimage.affine_transform(array, turn, shift, target.shape, order=order, mode="nearest")
    corners = (back @ target._corners())[:-1]  # (dims, 2**dims)
    if (corners < -0.5).any() or (corners > np.array(grid.shape)[:, None] - 0.5).any():
        inside = ndimage.affine_transform(
            np.ones(grid.shape, np.uint8), turn, shift, target.shape, order=0, mode="grid-constant", cval=0
        )
        moved[inside == 0] = fill
    return moved


def _whole(matrix: Matrix, target: Grid) -> NDArray[np.int64] | None:
    """`matrix` in whole numbers if it only swaps, turns and shifts axes by whole voxels; else None."""
    nearest = np.round(matrix)
    turn = np.abs(nearest[:-1, :-1])
    if (turn.sum(0) != 1).any() or (turn.sum(1) != 1).any():
        return None
    off = np.abs((matrix - nearest) @ target._corners()).max()
    return nearest.astype(np.int64) if off < CLOSE else None


def _rearranged(array: NDArray[Any], whole: NDArray[np.int64], shape: tuple[int, ...], fill: float) -> NDArray[Any]:
    """Move voxels: swap and turn the axes, then cut and pad; `whole` turns an index of the result into one of `array`."""
    axes = np.abs(whole[:-1, :-1]).argmax(0)  # for each axis of the result, the one of `array`
    turned = array.transpose(axes)
    starts = []
    for axis, source in enumerate(axes):
        start = int(whole[source, -1])
        if whole[source, axis] < 0:
            turned, start = np.flip(turned, axis), array.shape[source] - 1 - start
        starts.append(start)
    result = np.full(shape, fill, array.dtype)
    kept = [
        (max(s, 0), min(s + n, m)) for s, n, m in zip(starts, shape, turned.shape, strict=True)
    ]  # per axis: what of `turned` the result shows
    if all(low < high for low, high in kept):
        place = tuple(slice(low - s, high - s) for (low, high), s in zip(kept, starts, strict=True))
        result[place] = turned[tuple(slice(low, high) for low, high in kept)]
    return result


def _order(method: str, allowed: Any) -> int:
    if method not in allowed.__args__:
        raise UserError(f"method is {method!r}; choose {' or '.join(map(repr, allowed.__args__))}.")
    return _ORDER[method]


def _check(shape: torch.Size, grid: Grid, target: Grid) -> None:
    if tuple(shape) != grid.shape:
        raise UserError(f"The array is {tuple(shape)} but its grid is {grid.shape}; give the grid that it was made on.")
    if grid.dims != target.dims:
        raise UserError(
            f"A grid of {grid.dims} axes can't go onto one of {target.dims}; choose a grid of as many axes."
        )
