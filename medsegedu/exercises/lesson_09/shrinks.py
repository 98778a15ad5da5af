"""Exercise 9.3, what goes wrong when the label is brought to the size of the map."""

import torch.nn.functional as F
from torch import Tensor

from medsegedu.exercises.lesson_09.norms import linear, looked_up, plain, resized, small, spade_norm


@spade_norm.mistake(
    "You shrank the label by linear interpolation. Between background (0) and lesion (4) it invents classes that nobody drew. "
    'A label is shrunk by `mode="nearest"`.'
)
def interpolated_label(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = resized(x, label, mode=linear(x), align_corners=False).round().long()
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You looked gamma and beta up at full size and shrank *them* by linear interpolation. Borders become mixtures of classes; "
    'SPADE\'s mask stays 0 and 1 at every scale. Shrink the label, by `mode="nearest"`, and look up then.'
)
def interpolated_tables(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    scale, shift = (
        F.interpolate(looked_up(t, label), x.shape[2:], mode=linear(x), align_corners=False) for t in (gamma, beta)
    )
    return plain(x) * (1 + scale) + shift


@spade_norm.mistake(
    "You enlarged x to the size of the label. The layer must leave the map's size as it is, or nothing fits behind it: shrink "
    "the label instead."
)
def map_enlarged(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    large = F.interpolate(plain(x), label.shape[1:], mode="nearest")
    return large * (1 + looked_up(gamma, label)) + looked_up(beta, label)


@spade_norm.mistake(
    "You cut the label's corner out, as large as x. Then each pixel is told the class of another place: shrink the whole label."
)
def corner_cut(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = label[(slice(None), *(slice(n) for n in x.shape[2:]))]
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You shrank the label by linear interpolation and cut off what is behind the point. Between background (0) and lesion "
    '(4) it invents classes that nobody drew. A label is shrunk by `mode="nearest"`.'
)
def interpolated_label_cut(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = resized(x, label, mode=linear(x), align_corners=False).long()
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    'You used the mode "nearest-exact". It is the better one (it takes the pixel under the centre), but the exercise, and '
    'SPADE, use "nearest": otherwise your layer and the one it is compared with see other pixels.'
)
def nearest_exact(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = resized(x, label, mode="nearest-exact").long()
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You looked gamma and beta up with the label as it is, and it is larger than x (or of another size). First bring it to "
    "the size of x: step 2."
)
def label_not_shrunk(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return plain(x) * (1 + looked_up(gamma, label)) + looked_up(beta, label)


@spade_norm.mistake(
    "`F.interpolate` takes (N, channels, *spatial), and a label has no channels: it mistakes the rows for them. Give it an "
    "axis of one, `label[:, None]`, and take it away afterwards: `[:, 0]`."
)
def no_channel_axis(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = F.interpolate(label.to(x.dtype), x.shape[2:], mode="nearest").long()
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "`F.interpolate` does not take int64. Make floats of the label before it, and integers again behind it: "
    '`.to(x.dtype)`, then `.long()`. With "nearest" nothing is rounded on the way.'
)
def interpolated_integers(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = F.interpolate(label[:, None], x.shape[2:], mode="nearest")[:, 0]
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "You took every k-th pixel of the label, k being the ratio of the sizes. That fits only where the ratio is a whole "
    'number, the same along each axis. `F.interpolate` with `mode="nearest"` takes any size.'
)
def every_kth_pixel(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    k = label.shape[-1] // x.shape[-1]
    here = label[(slice(None), *[slice(None, None, k)] * (x.ndim - 2))]
    return plain(x) * (1 + looked_up(gamma, here)) + looked_up(beta, here)


@spade_norm.mistake(
    "`gamma[label]` is (N, *spatial, C): the channels stand at the end, and x has them in the second place. Bring them "
    "there: `.movedim(-1, 1)`."
)
def channels_last(x: Tensor, label: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    here = small(x, label)
    return plain(x) * (1 + gamma[here]) + beta[here]
