"""The centrepiece of lessons 1 and 2: the dense network says at each pixel what the patch around it says."""

import itertools

import numpy as np
import pytest
import torch

from medsegedu.errors import UserError
from medsegedu.models import PatchClassifier, receptive_field

from .nan_probe import seen_pixels


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_the_paper_s_network() -> None:
    with torch.device("meta"):
        net = PatchClassifier.paper()
    assert parameters(net) == 816 + 57_648 + 36_912 + 36_912 + 86_600 + 402 == 219_290
    assert [tuple(layer.kernel_size) for layer in net.features[::3]] == [(4, 4), (5, 5), (4, 4), (4, 4)]
    assert net.size == (3, 3)


@pytest.mark.parametrize(
    ("dims", "patch", "size"), [(2, 5, (6, 4)), (2, 17, (13, 21)), (2, 33, (18, 25)), (3, 9, (7, 5, 8))]
)
def test_dense_output_is_each_patch_s_output(dims: int, patch: int, size: tuple[int, ...]) -> None:
    torch.manual_seed(patch)
    net = PatchClassifier(2, 3, width=5, patch=patch, hidden=7, dims=dims).double()
    torch.nn.init.normal_(net.hidden.bias)
    image = torch.randn(2, *size, dtype=torch.float64)
    margin = patch // 2
    mirrored = torch.from_numpy(np.pad(image.numpy(), [(0, 0), *[(margin, margin)] * dims], mode="reflect"))
    logits = net.convolutional()(image[None])[0]
    assert logits.shape == (3, *size)
    for pixel in itertools.product(*map(range, size)):
        window = mirrored[(slice(None), *(slice(p, p + patch) for p in pixel))]
        assert torch.allclose(net(window[None])[0], logits[(slice(None), *pixel)], atol=1e-12)


@pytest.mark.parametrize("patch", range(5, 52, 2))
def test_every_pixel_of_the_patch_counts(patch: int) -> None:
    with torch.device("meta"):
        net = PatchClassifier(1, 2, patch=patch).convolutional()
    assert receptive_field(net) == patch


def test_receptive_field_is_what_a_perturbation_shows() -> None:
    net = PatchClassifier(1, 2, width=2, patch=15, hidden=2).convolutional()
    seen = seen_pixels(net, 1, 41)
    assert seen.sum(1).max() == 15
    assert seen[20].nonzero().flatten().tolist() == list(range(13, 28))  # centred on the pixel


def test_the_dense_network_is_a_copy() -> None:
    net = PatchClassifier(1, 2, width=2, patch=9)
    dense = net.convolutional()
    before = dense(torch.ones(1, 1, 9, 9))
    for p in net.parameters():
        p.data.zero_()
    assert torch.equal(dense(torch.ones(1, 1, 9, 9)), before)
    assert net.features[2].stride == 2
    assert parameters(net) == parameters(dense)


def test_errors_name_the_fix() -> None:
    for patch in (3, 32):
        with pytest.raises(UserError, match=f"patch is {patch}; choose an odd size of at least 5"):
            PatchClassifier(1, 2, patch=patch)
    net = PatchClassifier(1, 2, patch=9)
    with pytest.raises(UserError, match=r"\(9, 11\), but this classifier reads 9 pixels"):
        net(torch.rand(1, 1, 9, 11))
    assert net.convolutional()(torch.rand(1, 1, 5, 30)).shape == (1, 2, 5, 30)
    with pytest.raises(UserError, match="4 x 30 is too small to be mirrored by 4 pixels; use at least 5"):
        net.convolutional()(torch.rand(1, 1, 4, 30))
