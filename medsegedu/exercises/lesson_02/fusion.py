"""Exercise 2.4: add the scores of a shallower stage."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.cases import Random
from medsegedu.exercises.engine import Exercise
from medsegedu.layers import bilinear_kernel


def reference(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    """deep (N, K, h, w) enlarged by 2 with `kernel` (K, K, 4, 4), plus shallow (N, K, H, W) -> (N, K, H, W)."""
    height, width = shallow.shape[2:]
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)  # (N, K, 2 h, 2 w)
    return up[..., :height, :width] + shallow  # (N, K, H, W): a pool rounded odd sizes up, so the end is cut


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
        "A pool rounds 7 rows up to 4; enlarged they are 8. The row too many is the last one: `[..., :H, :W]`.",
    ),
    after="Right. The next cell fuses the scores of two trained stages of a brain, so that you see who contributes what.",
    gradients=True,
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
def both_are_heard(attempt: Any, random: Random) -> str | None:
    deep, shallow, kernel = random.tensor(1, 2, 3, 3), random.tensor(1, 2, 6, 6), _kernel(random, 2)
    whole = attempt(deep, shallow, kernel)
    for name, silent in {
        "deep": attempt(0 * deep, shallow, kernel),
        "shallow": attempt(deep, 0 * shallow, kernel),
    }.items():
        if torch.equal(whole, silent):
            return f"Setting `{name}` to zero does not change your output, so its scores are not heard."
    return None


def _up(deep: Tensor, kernel: Tensor, shallow: Tensor) -> Tensor:
    """The enlarged deep scores as they should be."""
    return F.conv_transpose2d(deep, kernel, stride=2, padding=1)[..., : shallow.shape[2], : shallow.shape[3]]


@fuse_scores.mistake(
    "You put the two side by side: twice as many channels. That is U-Net's way (lesson 03). FCN has one score a class from "
    "each stage, and adds them."
)
def side_by_side(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return torch.cat([_up(deep, kernel, shallow), shallow], 1)


@fuse_scores.mistake(
    "You took the mean. Scores are evidence and add up; halving them makes every probability behind the softmax more timid, "
    "and twice so after two fusions. Take the sum."
)
def averaged(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return (_up(deep, kernel, shallow) + shallow) / 2


@fuse_scores.mistake(
    "You multiplied. Two clear votes *against* a class, minus times minus, would count as one in favour of it. Scores are "
    "added."
)
def multiplied(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _up(deep, kernel, shallow) * shallow


@fuse_scores.mistake(
    "You took the larger of the two scores. Then only one of the stages is heard at each pixel, and a vote against a class "
    "never counts. FCN adds them."
)
def larger_one(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return torch.maximum(_up(deep, kernel, shallow), shallow)


@fuse_scores.mistake(
    "You subtracted one from the other. The shallow scores are to correct the deep ones, but the network learns their sign: "
    "FCN adds."
)
def subtracted(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _up(deep, kernel, shallow) - shallow


@fuse_scores.mistake(
    "You enlarged by copying pixels (F.interpolate's default is 'nearest'). Use the kernel that you are given: it starts "
    "bilinear, and it can learn."
)
def copied_pixels(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.interpolate(deep, scale_factor=2)[..., : shallow.shape[2], : shallow.shape[3]] + shallow


@fuse_scores.mistake(
    "You interpolated with `F.interpolate` and left the kernel unused. It looks much the same at the start of training, but "
    "such an enlargement never learns: `F.conv_transpose2d(deep, kernel, ...)`."
)
def kernel_unused(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.interpolate(deep, scale_factor=2, mode="bilinear")
    return up[..., : shallow.shape[2], : shallow.shape[3]] + shallow


@fuse_scores.mistake(
    "You stretched the enlarged scores to the size of the shallow ones. Where that size is odd, each score then lies a little "
    "beside its place. Cut the last row or column off instead."
)
def stretched(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    return F.interpolate(up, size=shallow.shape[2:], mode="bilinear") + shallow


@fuse_scores.mistake(
    "You shrank the shallow scores to the deep ones' size. So the fine detail, the very reason for the skip, is gone. Enlarge "
    "the deep scores instead."
)
def shallow_shrunk(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return deep + F.adaptive_avg_pool2d(shallow, (deep.shape[2], deep.shape[3]))


@fuse_scores.mistake(
    "Without `padding=1` the enlarged map begins one pixel too early, and cutting its end does not help: all deep scores lie "
    "one pixel too far to the lower right."
)
def padding_forgotten(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2)
    return up[..., : shallow.shape[2], : shallow.shape[3]] + shallow


@fuse_scores.mistake(
    "You cut the first row or column off. A pool that rounds up adds to the end, so it is the end that goes: "
    "`[..., :H, :W]`."
)
def start_cut(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    return up[..., -shallow.shape[2] :, -shallow.shape[3] :] + shallow


@fuse_scores.mistake(
    "It works for even sizes only. A pool makes 4 rows out of 7, and enlarged they are 8: cut what is too much, "
    "`[..., :H, :W]`, before you add."
)
def nothing_cut(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.conv_transpose2d(deep, kernel, stride=2, padding=1) + shallow


@fuse_scores.mistake(
    "You padded the shallow scores to the enlarged size, so the result is larger than promised and the next fusion will not "
    "fit. Cut the enlarged scores instead."
)
def shallow_padded(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    rows, columns = up.shape[2] - shallow.shape[2], up.shape[3] - shallow.shape[3]
    return up + F.pad(shallow, (0, columns, 0, rows))


@fuse_scores.mistake(
    "You turned both into probabilities first. They are scores until the very end: the loss applies one softmax, to their sum."
)
def softmax_first(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _up(deep, kernel, shallow).softmax(1) + shallow.softmax(1)


@fuse_scores.mistake(
    "The shallow scores are never used: your output is the deep scores alone, enlarged. That is FCN-32s. Add `shallow`."
)
def deep_only(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _up(deep, kernel, shallow)


@fuse_scores.mistake(
    "The numbers are right, but no gradient flows into the shallow scores (`.detach()`, `.data` or `no_grad`): the skip would "
    "never learn. Add the tensor itself."
)
def shallow_detached(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _up(deep, kernel, shallow) + shallow.detach()
