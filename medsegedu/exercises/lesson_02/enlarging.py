"""Wrong answers to exercise 2.4 in which the deep scores are enlarged in another way, or cut in another place."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

Fuse = Callable[[Tensor, Tensor, Tensor], Tensor]


def up(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    """The enlarged deep scores as they should be, of the size of `shallow`."""
    return F.conv_transpose2d(deep, kernel, stride=2, padding=1)[..., : shallow.shape[2], : shallow.shape[3]]


def _own_layer(deep: Tensor, shallow: Tensor, kernel: Tensor, bias: bool, filled: bool) -> Tensor:
    layer = nn.ConvTranspose2d(deep.shape[1], deep.shape[1], 4, stride=2, padding=1, bias=bias)
    if filled:
        layer.weight = nn.Parameter(kernel.detach().clone())
    return layer(deep)[..., : shallow.shape[2], : shallow.shape[3]] + shallow


def random_layer(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _own_layer(deep, shallow, kernel, bias=True, filled=False)


def random_layer_without_a_bias(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _own_layer(deep, shallow, kernel, bias=False, filled=False)


def random_bias(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return _own_layer(deep, shallow, kernel, bias=True, filled=True)


def kernel_transposed(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel.transpose(0, 1)) + shallow


def kernel_flipped(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return up(deep, shallow, kernel.flip(2, 3)) + shallow


def interpolated_to_size(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.interpolate(deep, size=shallow.shape[2:], mode="bilinear") + shallow


def corners_aligned(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.interpolate(deep, size=shallow.shape[2:], mode="bilinear", align_corners=True) + shallow


def copied_pixels(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.interpolate(deep, scale_factor=2)[..., : shallow.shape[2], : shallow.shape[3]] + shallow


def kernel_unused(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.interpolate(deep, scale_factor=2, mode="bilinear")
    return up[..., : shallow.shape[2], : shallow.shape[3]] + shallow


def stretched(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    return F.interpolate(up, size=shallow.shape[2:], mode="bilinear") + shallow


def padding_forgotten(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2)
    return up[..., : shallow.shape[2], : shallow.shape[3]] + shallow


def start_cut(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    return up[..., -shallow.shape[2] :, -shallow.shape[3] :] + shallow


def nothing_cut(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.conv_transpose2d(deep, kernel, stride=2, padding=1) + shallow


def shallow_padded(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    up = F.conv_transpose2d(deep, kernel, stride=2, padding=1)
    rows, columns = up.shape[2] - shallow.shape[2], up.shape[3] - shallow.shape[3]
    return up + F.pad(shallow, (0, columns, 0, rows))


def nothing_cut_the_other_way_round(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return shallow + F.conv_transpose2d(deep, kernel, stride=2, padding=1)


def neither_padded_nor_cut(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return F.conv_transpose2d(deep, kernel, stride=2) + shallow


def neither_padded_nor_cut_the_other_way_round(deep: Tensor, shallow: Tensor, kernel: Tensor) -> Tensor:
    return shallow + F.conv_transpose2d(deep, kernel, stride=2)


_KERNEL = "`F.conv_transpose2d(deep, kernel, ...)`."
_NEITHER = (
    "The enlarged map is larger than `shallow` on every side: a 4x4 kernel with stride 2 writes one pixel beyond each border. "
    "`padding=1` takes those away"
)
MISTAKES: list[tuple[str, Fuse]] = [
    (
        "You made a deconvolution of your own, whose weights are random. The kernel that you are given starts bilinear and can "
        "be trained: " + _KERNEL,
        random_layer,
    ),
    (
        "You made a deconvolution of your own, without a bias, but its weights are random. Use the kernel that you are given: "
        + _KERNEL,
        random_layer_without_a_bias,
    ),
    (
        "The weights of your deconvolution are right, but it adds a random bias of its own to each class. Make it with "
        "`bias=False`, or without a layer: " + _KERNEL,
        random_bias,
    ),
    (
        "You swapped the kernel's two axes of classes. A deconvolution wants (from class, to class, 4, 4), other than a "
        "convolution, and that is how you get it: use the kernel as it is.",
        kernel_transposed,
    ),
    (
        "You flipped the kernel. A deconvolution writes its kernel as it is, once for every score: use it unchanged.",
        kernel_flipped,
    ),
    (
        "You interpolated straight to the size of `shallow`, so the kernel is unused and, where that size is odd, each score "
        "lies a little beside its place. Use the kernel, then cut: " + _KERNEL,
        interpolated_to_size,
    ),
    (
        "You interpolated with `align_corners=True`: that pulls the scores apart until the outermost lie on the border, so "
        "none but the middle one is where it was. Use the kernel that you are given: " + _KERNEL,
        corners_aligned,
    ),
    (
        "You enlarged by copying pixels (F.interpolate's default is 'nearest'). Use the kernel that you are given: it starts "
        "bilinear, and it can learn.",
        copied_pixels,
    ),
    (
        "You interpolated with `F.interpolate` and left the kernel unused. It looks much the same at the start of training, "
        "but such an enlargement never learns: `F.conv_transpose2d(deep, kernel, ...)`.",
        kernel_unused,
    ),
    (
        "You stretched the enlarged scores to the size of the shallow ones. Where that size is odd, each score then lies a "
        "little beside its place. Cut the last row or column off instead.",
        stretched,
    ),
    (
        "Without `padding=1` the enlarged map begins one pixel too early, and cutting its end does not help: all deep scores "
        "lie one pixel too far to the lower right.",
        padding_forgotten,
    ),
    (
        "You cut the first row or column off. A pool that rounds up adds to the end, so it is the end that goes: "
        "`[..., :H, :W]`.",
        start_cut,
    ),
    (
        "It works for even sizes only. Where the shallow map has 7 rows, the enlarged one has 8: cut what is too much, "
        "`[..., :H, :W]`, before you add.",
        nothing_cut,
    ),
    (
        "You padded the shallow scores to the enlarged size, so the result is larger than promised and the next fusion will "
        "not fit. Cut the enlarged scores instead.",
        shallow_padded,
    ),
    (
        "It works for even sizes only: where the shallow map has 7 rows, the enlarged one has 8. Cut it, `[..., :H, :W]`, "
        "before you add the two.",
        nothing_cut_the_other_way_round,
    ),
    (
        _NEITHER + ", and for odd sizes the end is cut: `[..., :H, :W]`.",
        neither_padded_nor_cut,
    ),
    (
        _NEITHER + "; where sizes are odd, cut the end as well: `[..., :H, :W]`.",
        neither_padded_nor_cut_the_other_way_round,
    ),
]
"""Each sentence with its wrong answer."""
