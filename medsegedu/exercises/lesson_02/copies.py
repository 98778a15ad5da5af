"""Wrong answers to exercise 2.1 in which the order is right, but the copy is not: bias, memory, number type, kind of layer."""

import torch
from torch import nn

from medsegedu.exercises.lesson_02.layouts import Convert, filled, right

SHARED = (
    "The numbers are right, but your convolution *shares* its memory with `linear`: `.data = ...view(...)` hands over the "
    "same numbers under another shape, and training one layer would change the other. Copy them: `.copy_(...)`, or "
    "`.clone()` behind the view."
)
OTHER_TYPE = (
    "The numbers are right, but a linear layer of float64 became a convolution of float32, which then refuses float64 "
    "images. Make it with `dtype=linear.weight.dtype`."
)
OTHER_KERNEL_SIZE = (
    "The numbers are right, but your layer was *made* with another kernel size than the weights you put in afterwards, so it "
    "prints, and reports, the wrong one. Make it with `kernel_size=(height, width)`."
)
NO_CONVOLUTION = (
    "The numbers are right, but an `nn.Conv2d` is expected, and you returned it wrapped in something else. The lesson will "
    "set the `dilation` of your layer, and only an `nn.Conv2d` has one: return the layer itself."
)


def trouble_beyond_numbers(attempt: Convert, linear: nn.Linear, height: int, width: int) -> str | None:
    """What is wrong with a conversion whose numbers are right; one sentence, the first that applies."""
    channels = linear.in_features // (height * width)
    layer = attempt(linear, channels, height, width)
    if not isinstance(layer, nn.Conv2d):
        return NO_CONVOLUTION
    mine = {p.untyped_storage().data_ptr() for p in linear.parameters()}
    if any(p.untyped_storage().data_ptr() in mine for p in layer.parameters()):
        return SHARED
    double = attempt(linear.double(), channels, height, width)
    if any(p.dtype != torch.float64 for p in double.parameters()):
        return OTHER_TYPE
    return OTHER_KERNEL_SIZE if tuple(layer.kernel_size) != (height, width) else None


def wrapped(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return nn.Sequential(filled(right)(linear, channels, height, width))


def memory_shared(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    layer.weight.data = right(linear.weight.data, channels, height, width)
    if layer.bias is not None:
        layer.bias.data = linear.bias.data
    return layer


def always_float32(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right)(linear, channels, height, width).float()


def made_with_another_kernel_size(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    has_bias, kind = linear.bias is not None, linear.weight.dtype
    layer = nn.Conv2d(channels, linear.out_features, (width, height), bias=has_bias, dtype=kind)
    layer.weight.data = right(linear.weight.data, channels, height, width).clone()
    if layer.bias is not None:
        layer.bias.data = linear.bias.data.clone()
    return layer


def bias_left_random(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width))
    layer.weight.data = right(linear.weight.data, channels, height, width).clone()
    return layer


def recorded(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    layer.weight.copy_(right(linear.weight, channels, height, width))
    return layer


def assigned(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    layer = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    layer.weight = right(linear.weight, channels, height, width)
    return layer


def shrunk_to_fit(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d((height, width)), filled(right)(linear, channels, height, width))


def one_by_one(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right)(linear, linear.in_features, 1, 1)


def jumping(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, stride=(height, width))(linear, channels, height, width)


def the_layer_itself(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return linear


def bias_taken_for_granted(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, granted=True)(linear, channels, height, width)


def bias_forgotten(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, bias=False)(linear, channels, height, width)


def padded(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Module:
    return filled(right, padding="same")(linear, channels, height, width)


MISTAKES: dict[Convert, str] = {
    wrapped: NO_CONVOLUTION,
    memory_shared: SHARED,
    always_float32: OTHER_TYPE,
    made_with_another_kernel_size: OTHER_KERNEL_SIZE,
    bias_forgotten: "The weights are right, the bias is missing: every score is shifted by a constant of its own. Copy "
    "`linear.bias` too, where there is one.",
    bias_left_random: "The weights are right, but your convolution keeps a random bias of its own. Copy `linear.bias` into "
    "it; and if `linear` has none, make the convolution with `bias=False`.",
    bias_taken_for_granted: "Your function stops at a linear layer without a bias, whose `bias` is None. Ask first: "
    "`linear.bias is not None`, and give the convolution a bias only then.",
    padded: "With padding your kernel hangs over the border, where the linear layer never was. Fit once means: no padding, "
    "and one output for a map of the kernel's own size.",
    jumping: "Your kernel jumps by its own size, so on a larger map most places get no answer. Leave the stride at 1: the "
    "layer is asked at every place where it fits.",
    shrunk_to_fit: "You shrink every map to the expected size before the layer (an adaptive pool). Then a whole image gives "
    "one answer; we want one at each place. Leave the pool out: a convolution takes maps of any size.",
    one_by_one: "That is a 1x1 convolution over `linear.in_features` channels: it expects the map already flattened. The map "
    "still has its rows and columns, so let the kernel cover them: `(height, width)`.",
    recorded: "You wrote into a weight while torch was recording gradients, and it refused. Copying is no step of a "
    "computation: do it inside `with torch.no_grad():`.",
    assigned: "A layer's weight is an `nn.Parameter`, and torch refuses a plain tensor in its place. Copy the numbers into "
    "the weight that is there: `layer.weight.copy_(...)` inside `with torch.no_grad():`.",
    the_layer_itself: "You returned the linear layer itself. It can only read a flattened map of one size: build an "
    "`nn.Conv2d` with its weights.",
}
