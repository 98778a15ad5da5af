"""Exercise 6.3: what a first try stumbles over, and two mistakes at a time."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.gates import attention_gate, resized


@attention_gate.mistake(
    "You did not enlarge what comes up: `phi(gate)` is coarser than `theta(skip)`, and they cannot be added. Bring it to the "
    'skip\'s size with `F.interpolate(..., size=..., mode="bilinear")`.'
)
def not_enlarged(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi((theta(skip) + phi(gate)).relu()).sigmoid()


@attention_gate.mistake(
    "You gave the skip to `phi`, which is made for the channels of what comes up. The two layers have changed places: "
    "`theta(skip)` and `phi(gate)`."
)
def layers_exchanged_at_the_gate(
    skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module
) -> Tensor:
    return skip * psi((phi(skip) + resized(theta(gate), skip)).relu()).sigmoid()


@attention_gate.mistake(
    "You gave what comes up to `theta`, which is made for the skip's channels. `phi` is the layer for `gate`, and `theta` that "
    "for `skip`."
)
def gate_to_theta(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    sought = resized(theta(gate), skip)
    return skip * psi((phi(skip) + sought).relu()).sigmoid()


@attention_gate.mistake(
    "`size=skip.shape[2]` is one number, and `F.interpolate` takes it for the height and the width. Give it both: "
    "`size=skip.shape[2:]`."
)
def square(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    sought = F.interpolate(phi(gate), skip.shape[2], mode="bilinear")
    return skip * psi((theta(skip) + sought).relu()).sigmoid()


@attention_gate.mistake(
    "You joined the two maps. They have equally many channels so that they can be added: `theta(skip)` plus `phi(gate)` in the "
    "skip's size."
)
def joined(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi(torch.cat([theta(skip), resized(phi(gate), skip)], 1).relu()).sigmoid()


@attention_gate.mistake(
    "The ReLU stands behind `psi`. There no score is below 0, so no factor is below 0.5 and the gate never shuts. It belongs "
    "before `psi`, behind the sum."
)
def relu_behind_psi(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi(theta(skip) + resized(phi(gate), skip)).relu().sigmoid()


@attention_gate.mistake(
    "You enlarged with bicubic interpolation. It overshoots at borders, beyond all values that were there; here it is bilinear: "
    '`mode="bilinear"`.'
)
def bicubic(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi((theta(skip) + F.interpolate(phi(gate), skip.shape[2:], mode="bicubic")).relu()).sigmoid()


@attention_gate.mistake(
    "Two things. First: `scale_factor=2` fits only where the skip is exactly twice as large; give the skip's size, "
    '`size=skip.shape[2:]`. Then: without a `mode` it takes the nearest pixel; say `mode="bilinear"`.'
)
def doubled_and_nearest(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi((theta(skip) + F.interpolate(phi(gate), scale_factor=2)).relu()).sigmoid()


@attention_gate.mistake(
    'Two things. First: without a `mode` the interpolation takes the nearest pixel; say `mode="bilinear"`. Then: the ReLU '
    "between the sum and `psi` is missing."
)
def nearest_and_no_relu(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi(theta(skip) + F.interpolate(phi(gate), skip.shape[2:])).sigmoid()


@attention_gate.mistake(
    "Two things. First: you return the factor alone; the gate multiplies the skip by it. Then: without a `mode` the "
    'interpolation takes the nearest pixel; say `mode="bilinear"`.'
)
def factor_only_and_nearest(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return psi((theta(skip) + F.interpolate(phi(gate), skip.shape[2:])).relu()).sigmoid()


@attention_gate.mistake(
    "You cut what comes up by a ReLU before the sum, and the sum by another one. What comes up must be able to speak against a "
    "place: one ReLU, behind the sum."
)
def two_relus(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * psi((theta(skip) + resized(phi(gate).relu(), skip)).relu()).sigmoid()
