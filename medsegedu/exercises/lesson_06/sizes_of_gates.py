"""Exercise 6.3: gates that go wrong about sizes, and gates that never shut."""

import torch.nn.functional as F
from torch import Tensor, nn

from medsegedu.exercises.lesson_06.gates import attention_gate, decision, resized


@attention_gate.mistake(
    "You shrank the skip's side to the coarse grid and enlarged the decision again. That saves time, and the paper does so "
    "in 3D, but here the decision is made on the fine grid: enlarge `phi(gate)` instead."
)
def decided_on_the_coarse_grid(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    sought = phi(gate)
    factor = psi((resized(theta(skip), sought) + sought).relu()).sigmoid()
    return skip * resized(factor, skip)


@attention_gate.mistake(
    "Interpolation without `mode` takes the nearest pixel, so your decision comes in squares with hard edges. Say "
    '`mode="bilinear"`.'
)
def nearest(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    return skip * psi((seen + F.interpolate(phi(gate), seen.shape[2:])).relu()).sigmoid()


@attention_gate.mistake(
    "With `align_corners=True` the outermost pixels' centres are laid over each other, and everything between is shifted by "
    "up to half a pixel. Leave it out, as everywhere in this course."
)
def corners_aligned(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    sought = F.interpolate(phi(gate), seen.shape[2:], mode="bilinear", align_corners=True)
    return skip * psi((seen + sought).relu()).sigmoid()


@attention_gate.mistake(
    "`scale_factor=2` fits only where the skip is exactly twice as large. Odd maps are not: give the skip's size, "
    "`size=skip.shape[2:]`."
)
def doubled(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    sought = F.interpolate(phi(gate), scale_factor=2, mode="bilinear")
    return skip * psi((theta(skip) + sought).relu()).sigmoid()


@attention_gate.mistake(
    "You took a softmax over the pixels instead of a sigmoid. Then all factors of an image share a sum of 1: the "
    "larger the image, the darker. A sigmoid decides each pixel by itself."
)
def softmax_over_pixels(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    seen = theta(skip)
    scores = psi((seen + resized(phi(gate), seen)).relu())
    return skip * scores.flatten(2).softmax(-1).reshape(scores.shape)


@attention_gate.mistake(
    "You added the dimmed skip to the skip. The gate could then never shut, only make things brighter: return the "
    "product alone."
)
def residual(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip + skip * decision(skip, gate, theta, phi, psi)


@attention_gate.mistake(
    "You multiplied by 1 - factor: your gate is open where it should be shut. A factor near 1 means: let it through."
)
def upside_down(skip: Tensor, gate: Tensor, theta: nn.Module, phi: nn.Module, psi: nn.Module) -> Tensor:
    return skip * (1 - decision(skip, gate, theta, phi, psi))
