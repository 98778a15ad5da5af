"""Smooth random fields: what deformations, shadings and rough boundaries are made of."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def smooth_field(
    random: np.random.Generator, channels: int, nodes: int, size: tuple[int, int, int], planes: Tensor | None = None
) -> Tensor:
    """A random field through `nodes` control points an axis, as smooth as a cubic spline, of root mean square about 1.

    Args:
        size: the whole volume (X, Y, Z) that the control points span.
        planes: only these z planes (P of them), at a fraction of the cost; the same values as in the whole field.

    Returns:
        (channels, X, Y, Z), or (channels, X, Y, P).
    """
    control = torch.from_numpy(random.standard_normal((channels, nodes + 2, nodes + 2, nodes + 2), dtype=np.float32))
    return spline_field(control, size, planes)


def spline_field(control: Tensor, size: Sequence[int], planes: Tensor | None = None) -> Tensor:
    """The cubic B-spline through control points (C, *nodes + 2), in 2D or 3D -> (C, *size), on the device of the points.

    Independent control points of variance 1 give a field of variance about 1. `planes`: as for `smooth_field`, in 3D.
    """
    bases = [_spline_basis(n, points - 2).to(control) for n, points in zip(size, control.shape[1:], strict=True)]
    if planes is not None:
        bases[-1] = bases[-1][planes]
    if len(bases) == 2:
        return torch.einsum("cij,xi,yj->cxy", control, *bases)
    return torch.einsum("cijk,xi,yj,zk->cxyz", control, *bases)


def _spline_basis(n: int, nodes: int) -> Tensor:
    """Cubic B-spline weights of `nodes + 2` control points at n places (n, nodes + 2), scaled so that variance is kept."""
    t = torch.linspace(0, nodes - 1, n)[:, None] - torch.arange(-1, nodes + 1)[None]  # (n, nodes + 2)
    d = t.abs()
    weights = torch.where(d < 1, 2 / 3 - d**2 + d**3 / 2, (2 - d).clamp(min=0) ** 3 / 6)
    return weights / weights.square().sum(1, keepdim=True).sqrt()
