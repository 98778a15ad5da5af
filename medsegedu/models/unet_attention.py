"""Attention for a U-Net: one name puts one kind of layer where its paper puts it, and leaves the rest of the U-Net alone.

- "se", "cbam", "scse": behind each block, because they cost almost nothing (Roy et al. 2018 for scSE in a U-Net).
- "non_local", "criss_cross": behind the deepest block, where the map is smallest and sees farthest.
- "gate": on each skip (Oktay et al. 2018), steered by the coarser map that the decoder brings.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import CBAM, SCSE, AttentionGate, CrissCross, NonLocal, Norm, Padding, SqueezeExcitation

AttentionKind = Literal["se", "cbam", "scse", "gate", "non_local", "criss_cross"]

_SQUEEZES: dict[str, type[SqueezeExcitation] | type[CBAM] | type[SCSE]] = {
    "se": SqueezeExcitation,
    "cbam": CBAM,
    "scse": SCSE,
}
_GLOBAL: dict[str, type[NonLocal] | type[CrissCross]] = {"non_local": NonLocal, "criss_cross": CrissCross}
_REDUCTION = 2  # as Roy et al. in U-Nets; 16 would squeeze a first level of 16 channels to one value, which may die


class PassOn(nn.Module):
    """A skip without a gate."""

    def forward(self, skip: Tensor, _gate: Tensor) -> Tensor:
        return skip


def attend_behind(kind: AttentionKind | None, blocks: Sequence[nn.Module], dims: int, width: int) -> None:
    """Append the attention to the blocks, under the name `attention`; None and "gate" append nothing.

    Args:
        blocks: of the encoder, then of the decoder: level 0, 1, .., deepest, .., 1, 0.
        dims, width: of the U-Net, whose level i has width * 2**i channels.
    """
    kinds = (*_SQUEEZES, *_GLOBAL, "gate")
    if kind is not None and kind not in kinds:
        raise UserError(f"attention is {kind!r}; choose {', '.join(map(repr, kinds))} or None.")
    deepest = len(blocks) // 2
    for place, block in enumerate(blocks):
        channels = width * 2 ** (deepest - abs(place - deepest))
        if kind in _SQUEEZES:
            block.add_module("attention", _SQUEEZES[kind](channels, _REDUCTION, dims=dims))
        elif kind in _GLOBAL and place == deepest:
            block.add_module("attention", _GLOBAL[kind](channels, dims=dims))


def skip_gates(
    kind: AttentionKind | None, widths: Sequence[int], dims: int, norm: Norm | None, padding: Padding
) -> nn.ModuleList:
    """What each skip passes, from the deepest skip up; `widths` are the channels from the first level down."""
    if kind != "gate":
        return nn.ModuleList(PassOn() for _ in widths[1:])
    if padding == "valid":
        raise UserError("attention='gate' needs padding='same': a valid skip is larger than what gates it.")
    levels = reversed(list(itertools.pairwise(widths)))
    return nn.ModuleList(AttentionGate(skip, below, max(skip // 2, 1), dims=dims, norm=norm) for skip, below in levels)
