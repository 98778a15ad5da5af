"""How far a network sees: the receptive field, measured by what one missing pixel spoils."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.func import functional_call

from medsegedu.errors import UserError

LONGEST = 2048  # what still sees from end to end here is said to see the whole image
_STEP = 2**6 * 3**4 * 5  # a multiple of every stride that networks have
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.GroupNorm)


def receptive_field(model: nn.Module) -> int | None:
    """How many input pixels along an axis, first to last, one output pixel depends on; None if it is all of any image.

    One pixel after the other becomes NaN (not a number), and so does every output that reads it, whatever the weights: a
    NaN survives each sum, maximum and product, even with 0. Behind an up-convolution neighbouring outputs see a little more
    or less of the input; the largest is returned. What a normalisation averages over is not counted. The model is run
    as it is (one on the meta device as a copy on the CPU), and width does not matter: of a large network measure a narrow copy.

    Raises:
        UserError: the model takes no image of any size, as with a linear layer behind a map.
    """
    if any(part.is_meta for part in model.parameters()):
        model = deepcopy(model).to_empty(device="cpu")
        for part in (*model.parameters(), *model.buffers()):
            part.data.zero_()  # a NaN survives a product with 0 too
    layer = next(layer for layer in model.modules() if isinstance(layer, nn.modules.conv._ConvNd))
    channels, dims = int(getattr(model, "in_channels", layer.in_channels)), layer.weight.ndim - 2
    with _as_for_measuring(model), torch.no_grad():
        across = _fitting(model, (channels, 1), dims)
        period, rate = _period(model, channels, across, dims)
        length, spoiled = max(64, period), torch.ones(1, 1, dtype=torch.bool)
        while spoiled[:, [0, -1]].any():  # what is seen ends at a border of the image
            length = _fitting(model, (channels, 2 * length), dims, across)
            if length > LONGEST:
                return None
            start = (length - period) // 2
            spoiled = _spoiled(model, channels, (length, across, dims), [start])
            if not spoiled[:, [0, -1]].any():
                spoiled = _spoiled(model, channels, (length, across, dims), list(range(start, start + period)))
    # Moving the input by a period moves the output by `shift`, so these pixels tell of all others.
    shift, seen = int(period * rate), dict[int, list[int]]()
    for pixel, output in spoiled.nonzero().tolist():
        seen.setdefault(output % shift, []).append(pixel - output // shift * period)
    return max(max(pixels) - min(pixels) + 1 for pixels in seen.values())


def _spoiled(model: nn.Module, channels: int, size: tuple[int, int, int], pixels: list[int]) -> Tensor:
    """Which outputs along the first axis are NaN for a NaN at each of `pixels`: (pixels, output's length)."""
    length, across, dims = size
    weight = next(model.parameters())
    image = weight.new_zeros(len(pixels), channels, length, *[across] * (dims - 1))
    for row, pixel in zip(image, pixels, strict=True):
        row[:, pixel] = math.nan
    return model(image).isnan().any(1).flatten(2).any(2)


def _period(model: nn.Module, channels: int, across: int, dims: int) -> tuple[int, Fraction]:
    """By how many pixels the input moves until each map moves by whole pixels; and the outputs an input pixel has."""
    length = _fitting(model, (channels, 64), dims, across)
    sizes: list[int] = []
    with ExitStack() as hooks:
        for layer in model.modules():
            hook = layer.register_forward_hook(lambda layer, _, output: sizes.append(_length(output, dims)))
            hooks.enter_context(hook)
        for size in (length, length + _STEP):
            _on_meta(model, (1, channels, size, *[across] * (dims - 1)))
    before, after = sizes[: len(sizes) // 2], sizes[len(sizes) // 2 :]
    rates = [Fraction(larger - smaller, _STEP) for smaller, larger in zip(before, after, strict=True)]
    return math.lcm(*(rate.denominator for rate in rates)), rates[-1]  # the model itself is the last to return


def _length(output: object, dims: int) -> int:
    return output.shape[2] if isinstance(output, Tensor) and output.ndim == dims + 2 else 0


def _fitting(model: nn.Module, start: tuple[int, int], dims: int, across: int | None = None) -> int:
    """The smallest length from `start` on that the model takes; along all axes if `across` is not given."""
    channels, least = start
    for length in range(least, least + 256):
        try:
            output = _on_meta(model, (1, channels, length, *[across or length] * (dims - 1)))
        except (UserError, RuntimeError):
            continue
        if output.ndim == dims + 2:
            return length
    raise UserError(
        "The model takes no image of any size: a linear layer reads the whole map? Call receptive_field(model.convolutional())."
    )


def _on_meta(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The output for an image of this shape without computing it."""
    state: Mapping[str, Tensor] = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    image = torch.empty(shape, device="meta", dtype=next(model.parameters()).dtype)
    return functional_call(model, {name: tensor.to("meta") for name, tensor in state.items()}, (image,))


@contextmanager
def _as_for_measuring(model: nn.Module) -> Iterator[None]:
    """Nothing trains, normalisations are passed by, and no convolution takes the fast way that mixes neighbouring windows."""
    training = {layer: layer.training for layer in model.modules()}
    with ExitStack() as stack:
        stack.enter_context(torch.backends.nnpack.flags(enabled=False))
        for layer in model.modules():
            if isinstance(layer, _NORMS):
                stack.enter_context(layer.register_forward_hook(lambda layer, inputs, output: inputs[0]))
        model.eval()
        try:
            yield
        finally:
            for layer, mode in training.items():
                layer.training = mode
