"""Exercise 2.4: add the scores of a shallower stage."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.exercises.lesson_02 import enlarging
from medsegedu.exercises.lesson_02.agreement import agrees
from medsegedu.exercises.lesson_02.enlarging import up
from medsegedu.layers import bilinear_kernel


def reference(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    """deep (N, K, h, w) enlarged by 2 with `kernel` (K, K, 4, 4), plus shallow (N, K, H, W) -> (N, K, H, W)."""
    height, width = shallow.shape[2:]
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)  # (N, K, 2 h, 2 w)
    return up[..., :height, :width] + shallow  # (N, K, H, W): a pool that rounds odd sizes up adds at the end


fuse_scores = Exercise(
    "02.fuse_scores",
    reference=reference,
    title="Two opinions, one sum",
    minutes=8,
    difficulty=2,
    hints=(
        "Three steps: enlarge `deep`, cut it to the size of `shallow`, add.",
        "`F.conv_transpose2d(deep, kernel, stride=2, padding=...)`. Without padding the result is 2 pixels too large along "
        "each axis, one on either side.",
        "Where `shallow` has 7 rows, 4 enlarged rows are 8. The row too many is the last one: `[..., :H, :W]`.",
    ),
    after="Right. The next cell fuses the scores of two trained stages of a brain, so that you see who contributes what.",
)


def _kernel(random: Random, classes: int) -> Tensor:
    """Bilinear and a little trained: what it holds matters."""
    return bilinear_kernel(classes, 2) + 0.1 * random.tensor(classes, classes, 4, 4)


@fuse_scores.case
def even_sizes(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 3, 4, 5), random.tensor(2, 3, 8, 10), _kernel(random, 3)


@fuse_scores.case
def odd_sizes(random: Random) -> tuple[Any, ...]:
    return random.tensor(2, 5, 4, 3), random.tensor(2, 5, 7, 5), _kernel(random, 5)


@fuse_scores.case
def odd_rows_only(random: Random) -> tuple[Any, ...]:
    return random.tensor(1, 2, 5, 3), random.tensor(1, 2, 9, 6), _kernel(random, 2)


@fuse_scores.behaviour
def both_stages_can_learn(attempt: Any, random: Random) -> str | None:
    """Gradients to both stages, asked only where the numbers are right; the kernel may be copied into a layer."""
    if not agrees(fuse_scores, attempt):
        return None
    deep, shallow, kernel = random.tensor(1, 2, 3, 3), random.tensor(1, 2, 6, 6), _kernel(random, 2)
    result = attempt(deep.requires_grad_(), shallow.requires_grad_(), kernel)
    if not result.requires_grad:
        return "The numbers are right, but no gradient flows back to either of the two stages."
    for name, flow in zip(
        ("deep", "shallow"), torch.autograd.grad(result.sum(), (deep, shallow), allow_unused=True), strict=True
    ):
        if flow is None:
            return f"The numbers are right, but no gradient flows back to `{name}`: that stage would never learn."
    return None


for _sentence, _wrong in enlarging.MISTAKES:
    fuse_scores.mistake(_sentence)(_wrong)


@fuse_scores.mistake(
    "You put the two side by side: twice as many channels. That is U-Net's way (lesson 03). FCN has one score a class from "
    "each stage, and adds them."
)
def side_by_side(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return torch.cat([up(deep, shallow, kernel), shallow], 1)


@fuse_scores.mistake(
    "You took the mean. Scores are evidence and add up; halving them makes every probability behind the softmax more timid, "
    "and twice so after two fusions. Take the sum."
)
def averaged(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return (up(deep, shallow, kernel) + shallow) / 2


@fuse_scores.mistake(
    "You multiplied. Two clear votes *against* a class, minus times minus, would count as one in favour of it. Scores are "
    "added."
)
def multiplied(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel) * shallow


@fuse_scores.mistake(
    "You took the larger of the two scores. Then only one of the stages is heard at each pixel, and a vote against a class "
    "never counts. FCN adds them."
)
def larger_one(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return torch.maximum(up(deep, shallow, kernel), shallow)


@fuse_scores.mistake(
    "You subtracted one from the other. The shallow scores are to correct the deep ones, but the network learns their sign: "
    "FCN adds."
)
def subtracted(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel) - shallow


@fuse_scores.mistake(
    "You shrank the shallow scores to the deep ones' size. So the fine detail, the very reason for the skip, is gone. Enlarge "
    "the deep scores instead."
)
def shallow_shrunk(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return deep + F.adaptive_avg_pool2d(shallow, (deep.shape[2], deep.shape[3]))


@fuse_scores.mistake(
    "You turned both into probabilities first. They are scores until the very end: the loss applies one softmax, to their sum."
)
def softmax_first(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel).softmax(1) + shallow.softmax(1)


@fuse_scores.mistake(
    "The shallow scores are never used: your output is the deep scores alone, enlarged. That is FCN-32s. Add `shallow`."
)
def deep_only(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel)


@fuse_scores.mistake(
    "The numbers are right, but no gradient flows into the shallow scores (`.detach()`, `.data` or `no_grad`): the skip would "
    "never learn. Add the tensor itself."
)
def shallow_detached(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel) + shallow.detach()


@fuse_scores.mistake(
    "The numbers are right, but no gradient flows into the deep scores (`.detach()`, `.data` or `no_grad`): most of the "
    "network would never learn. Only the *kernel* may be copied without one."
)
def deep_detached(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep.detach(), shallow, kernel) + shallow


@fuse_scores.mistake(
    "The numbers are right, but all of it happens without gradients (`no_grad` or `inference_mode`), so nothing before it "
    "could be trained. Leave that to the caller."
)
def nothing_recorded(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    with torch.no_grad():
        return up(deep, shallow, kernel) + shallow
