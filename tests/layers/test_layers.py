"""Blocks against torch's own operations and against arithmetic done by hand, on odd shapes in float64."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import (
    ConvBlock,
    UpBlock,
    bilinear_kernel,
    check_statistics,
    conv,
    crop_and_concat,
    initialise,
    linear_to_conv,
    max_pool,
    norm_layer,
    pad_to_multiple,
    receptive_field,
    up_conv,
)


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("dims", [2, 3])
def test_factories_choose_by_dimension(dims: int) -> None:
    suffix = f"{dims}d"
    for layer, name in ((conv(dims), "Conv"), (up_conv(dims), "ConvTranspose"), (max_pool(dims), "MaxPool")):
        assert layer.__name__ == name + suffix
    assert type(norm_layer("batch", 4, dims)).__name__ == f"BatchNorm{suffix}"
    with pytest.raises(UserError, match="dims is 4; choose 2"):
        conv(4)


@pytest.mark.parametrize("norm", ["batch", "instance", "group", None])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("dims", [2, 3])
def test_conv_block_is_conv_norm_relu_twice(norm: str | None, padding: str, dims: int) -> None:
    block = ConvBlock(3, 12, dims=dims, padding=padding, norm=norm).double()  # type: ignore[arg-type]
    x = random(2, 3, *(9, 7, 8)[:dims])
    expected = x
    for first in (0, 3):
        convolve = (F.conv2d, F.conv3d)[dims - 2]
        expected = convolve(expected, block[first].weight, block[first].bias, padding=int(padding == "same"))  # type: ignore[arg-type]
        axes = (0, *range(2, dims + 2)) if norm == "batch" else tuple(range(2, dims + 2))
        if norm == "group":
            grouped = expected.unflatten(1, (3, 4))  # 12 channels: the largest divisor of 12 and 8 in a group
            axes = tuple(range(2, dims + 3))
            expected = _standard(grouped, axes).flatten(1, 2)
        elif norm is not None:
            expected = _standard(expected, axes)
        expected = expected.clamp(min=0)
    assert torch.allclose(block(x), expected, atol=1e-12)
    assert (block[0].bias is None) == (norm is not None)
    assert norm is None or block[1].weight.shape == block[1].bias.shape == (12,)  # each norm may scale and shift again


def _standard(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def test_conv_block_names_bad_options() -> None:
    with pytest.raises(UserError, match="padding is 'full'; choose"):
        ConvBlock(1, 2, padding="full")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="norm is 'layer'; choose"):
        ConvBlock(1, 2, norm="layer")  # type: ignore[arg-type]


def test_groups_divide_any_number_of_channels() -> None:
    for channels in range(1, 40):
        assert norm_layer("group", channels, 2)(torch.rand(1, channels, 4, 4)).shape == (1, channels, 4, 4)


def test_he_initialisation_keeps_the_variance() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 256, 3)
    layer.apply(initialise)
    assert float(layer.weight.detach().var()) == pytest.approx(2 / (64 * 9), rel=0.02)
    assert not layer.bias.any()  # type: ignore[union-attr]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_crop_and_concat_keeps_the_centre_skip_first(data: st.DataObject) -> None:
    dims = data.draw(st.sampled_from([2, 3]))
    small = data.draw(st.lists(st.integers(1, 5), min_size=dims, max_size=dims))
    extra = data.draw(st.lists(st.integers(0, 5), min_size=dims, max_size=dims))
    up, skip = random(2, 3, *small), random(2, 4, *(s + e for s, e in zip(small, extra, strict=True)))
    joined = crop_and_concat(up, skip)
    assert joined.shape == (2, 7, *small)
    assert torch.equal(joined[:, 4:], up)
    for place in itertools.product(*map(range, small)):
        source = tuple(p + e // 2 for p, e in zip(place, extra, strict=True))
        assert torch.equal(joined[:, :4][(..., *place)], skip[(..., *source)])


@pytest.mark.parametrize("skip", [(2, 4, 5, 9), (2, 4, 9, 5), (1, 4, 9, 9), (2, 4, 9, 9, 9)])
def test_crop_and_concat_never_pads(skip: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"Cannot cut a skip of shape .* check the order"):
        crop_and_concat(torch.rand(2, 3, 6, 6), torch.rand(skip))


@pytest.mark.parametrize(
    ("dims", "padding", "size"), [(2, "same", 10), (2, "valid", 6), (3, "same", 10), (3, "valid", 6)]
)
def test_up_block_enlarges_joins_and_convolves(dims: int, padding: str, size: int) -> None:
    block = UpBlock(8, 4, dims=dims, padding=padding, norm=None).double()  # type: ignore[arg-type]
    x, skip = random(2, 8, *[5] * dims), random(2, 4, *[13] * dims)
    y = block(x, skip)
    assert y.shape == (2, 4, *[size] * dims)
    assert torch.allclose(y, block.block(crop_and_concat(block.enlarge(x), skip)))
    assert not torch.allclose(y, block(x, skip + random(*skip.shape)))


@pytest.mark.parametrize("dims", [2, 3])
def test_blocks_pass_gradcheck(dims: int) -> None:
    block = UpBlock(2, 1, dims=dims, norm="instance").double()
    x, skip = random(1, 2, *[2] * dims).requires_grad_(), random(1, 1, *[5] * dims).requires_grad_()
    assert torch.autograd.gradcheck(block, (x, skip))


def test_bilinear_kernel_has_the_papers_values() -> None:
    kernel = bilinear_kernel(3, 2)
    assert kernel.shape == (3, 3, 4, 4)
    assert kernel[0, 0, 0].tolist() == [0.0625, 0.1875, 0.1875, 0.0625]
    assert kernel[1, 1, 1].tolist() == [0.1875, 0.5625, 0.5625, 0.1875]
    assert not kernel[0, 1].any()


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("dims", [2, 3])
def test_deconvolution_with_it_interpolates(factor: int, dims: int) -> None:
    x = random(1, 2, *(5, 4, 3)[:dims])
    weight = bilinear_kernel(2, factor, dims).double()
    margin = (weight.shape[-1] - factor) // 2
    deconvolve = (F.conv_transpose2d, F.conv_transpose3d)[dims - 2]
    ours = deconvolve(x, weight, stride=factor, padding=margin)
    mode = ("bilinear", "trilinear")[dims - 2]
    theirs = F.interpolate(x, scale_factor=factor, mode=mode, align_corners=False)
    inside = (
        ...,
        *[slice(factor, -factor)] * dims,
    )  # at the border interpolate repeats the edge, a deconvolution adds zeros
    assert ours.shape == theirs.shape
    assert torch.allclose(ours[inside], theirs[inside], atol=1e-6)


@pytest.mark.parametrize("size", [(3, 2), (2, 3, 1)])
def test_linear_to_conv_is_the_same_function(size: tuple[int, ...]) -> None:
    linear = nn.Linear(4 * torch.Size(size).numel(), 5).double()
    convolution = linear_to_conv(linear, 4, size)
    assert torch.equal(convolution.weight.flatten(1), linear.weight)  # bit for bit
    x = random(3, 4, *size)
    assert torch.allclose(convolution(x).flatten(1), linear(x.flatten(1)), atol=1e-12)
    larger = random(1, 4, *(s + 2 for s in size))
    corner = larger[(..., *(slice(1, 1 + s) for s in size))]
    assert torch.allclose(
        convolution(larger)[(0, slice(None), *[1] * len(size))], linear(corner.flatten(1))[0], atol=1e-12
    )


def test_linear_to_conv_copies_and_checks() -> None:
    linear = nn.Linear(12, 5, bias=False)
    convolution = linear_to_conv(linear, 3, (2, 2))
    convolution.weight.data.zero_()
    assert linear.weight.any()
    assert convolution.bias is None
    assert linear_to_conv(nn.Linear(12, 5, device="meta"), 3, (2, 2)).weight.is_meta
    with pytest.raises(UserError, match=r"18 values, but the linear layer reads 12"):
        linear_to_conv(linear, 2, (3, 3))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=3), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=40, deadline=None)
def test_padding_repeats_the_edge_at_the_end(size: list[int], multiple: int) -> None:
    image = random(1, 2, *size)
    padded = pad_to_multiple(image, multiple)
    assert all(b % multiple == 0 and 0 <= b - a < multiple for a, b in zip(size, padded.shape[2:], strict=True))
    for place in itertools.product(*map(range, padded.shape[2:])):
        source = tuple(min(p, s - 1) for p, s in zip(place, size, strict=True))
        assert torch.equal(padded[(..., *place)], image[(..., *source)])


def test_receptive_field_by_hand() -> None:
    assert receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))) == 5
    assert receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3, dilation=4), nn.Conv2d(1, 1, 1))) == 9
    assert receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3))) == 8
    assert receptive_field(nn.Sequential(nn.MaxPool3d(2), nn.ConvTranspose3d(1, 1, 2, stride=2))) == 2
    assert receptive_field(nn.Sequential(nn.MaxPool2d(2), nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1))) == 4
    assert receptive_field(nn.Sequential(nn.MaxPool2d(2), nn.ConvTranspose2d(1, 1, 6, stride=2, padding=2))) == 6
    with pytest.raises(UserError, match=r"model\.convolutional"):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(4, 2)))


@pytest.mark.parametrize(
    ("norm", "training", "batch", "size", "allowed"),
    [("batch", True, 1, (8, 8), False), ("batch", True, 2, (8, 8), True), ("batch", False, 1, (8, 8), True),
     ("batch", True, 1, (8, 9), True), ("instance", False, 4, (5, 8), False), ("group", True, 1, (1, 1), True),
     (None, True, 1, (1, 1), True)],
)  # fmt: skip
def test_statistics_of_one_value(norm: str, training: bool, batch: int, size: tuple[int, ...], allowed: bool) -> None:
    if allowed:
        check_statistics(norm, training, batch, size, 3)
    else:
        with pytest.raises(UserError, match="use at least 9 pixels along one axis"):
            check_statistics(norm, training, batch, size, 3)
