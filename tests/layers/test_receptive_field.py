"""The measured receptive field against brute force: disturb every pixel of an image in turn and see which outputs change."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from medsegedu.errors import UserError
from medsegedu.layers import receptive_field
from medsegedu.models import FCN, PatchClassifier, UNet


def brute_force(model: nn.Module, length: int, across: int, dims: int = 2) -> int:
    """The widest span of pixels behind one output, over the outputs whose span ends inside the image."""
    model = model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # nothing cancels, no ReLU is shut, and what is huge wins every maximum
            parameter.copy_(torch.rand_like(parameter) / max(1, parameter[0].numel()) + 1e-3)
        plain = torch.ones(1, 1, length, *[across] * (dims - 1), dtype=torch.float64)
        rows = []
        for pixel in range(length):
            image = plain.clone()
            image[:, :, pixel] += 1e6
            rows.append((model(image) != model(plain)).any(1).flatten(2).any(2)[0])
    reads = torch.stack(rows)  # (pixel, output): whether the output reads the pixel
    spans = [reads[:, output].nonzero().flatten() for output in range(reads.shape[1])]
    return max(int(s[-1] - s[0]) + 1 for s in spans if len(s) and s[0] > 0 and s[-1] < length - 1)


NETS: dict[str, tuple[Callable[[], nn.Module], int, int]] = {  # network, an image's length and its other size
    "unet 1": (lambda: UNet(1, 2, width=2, depth=1), 60, 2),
    "unet 2": (lambda: UNet(1, 2, width=2, depth=2), 120, 4),
    "unet instance": (lambda: UNet(1, 2, width=1, depth=1, norm=None), 60, 2),
    "unet valid": (lambda: UNet(1, 2, width=1, depth=1, padding="valid", norm=None), 100, 18),
    "unet without skips": (lambda: UNet(1, 2, width=2, depth=1, skips=False), 60, 2),
    "fcn 2": (lambda: FCN(1, 2, stride=2, width=2, depth=2, hidden=2), 120, 4),
    "fcn 4": (lambda: FCN(1, 2, stride=4, width=2, depth=2, hidden=2), 120, 4),
    "dense": (lambda: PatchClassifier(1, 2, width=2, patch=13, hidden=2).convolutional(), 50, 7),
}


@pytest.mark.parametrize("name", NETS)
def test_a_network_sees_what_brute_force_finds(name: str) -> None:
    build, length, across = NETS[name]
    assert receptive_field(build()) == brute_force(build(), length, across)


@given(
    st.lists(
        st.tuples(st.sampled_from(["conv", "pool", "up"]), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_chain_sees_what_brute_force_finds(chain: list[tuple[str, int, int, int]]) -> None:
    layers: list[nn.Module] = [nn.Conv2d(1, 1, 1)]
    for kind, kernel, stride, dilation in chain:
        if kind == "conv":
            layers.append(nn.Conv2d(1, 1, (kernel, 1), stride=(stride, 1), dilation=(dilation, 1)))
        elif kind == "pool":
            layers.append(nn.MaxPool2d((max(kernel, stride), 1), stride=(stride, 1)))
        else:
            layers.append(nn.ConvTranspose2d(1, 1, (max(kernel, stride), 1), stride=(stride, 1)))
    assert receptive_field(nn.Sequential(*layers)) == brute_force(nn.Sequential(*layers), 240, 1)


def test_published_shapes() -> None:
    """FCN on VGG16 sees 404 pixels at its coarsest score, which is well known; the 32x enlargement joins two neighbours."""
    narrow = {"width": 1, "convs": (2, 2, 3, 3, 3), "hidden": 1, "window": 7, "norm": None}
    assert receptive_field(FCN(1, 2, stride=32, **narrow)) == 404 + 32  # type: ignore[arg-type]
    assert receptive_field(PatchClassifier(1, 2, width=1, patch=95, hidden=1).convolutional()) == 95
    for norm in ("instance", "group"):  # what they average over is not counted
        assert receptive_field(UNet(1, 2, width=1, norm=norm)) == receptive_field(UNet(1, 2, width=5))  # type: ignore[arg-type]
    assert receptive_field(UNet(1, 2, width=1, dims=3)) == receptive_field(UNet(1, 2, width=1))


class Global(nn.Module):
    """A convolution, and the average of the whole map on top of each of its pixels, with a weight of 0 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.weight = nn.Conv2d(2, 3, 3, padding=1), nn.Parameter(torch.zeros(1))

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv(image)
        return x + self.weight * x.mean((2, 3), keepdim=True)


def test_what_averages_a_map_sees_the_whole_image() -> None:
    assert receptive_field(Global()) is None


def test_nothing_is_left_behind() -> None:
    model = UNet(1, 2, width=2, depth=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    image = torch.rand(2, 1, 8, 8)
    receptive_field(model)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(layer._forward_hooks for layer in model.modules())
    assert not torch.allclose(model(image), model.eval()(image))  # its normalisations work again


def test_a_classifier_of_patches_says_what_to_do() -> None:
    with pytest.raises(UserError, match=r"model\.convolutional"):
        receptive_field(PatchClassifier(1, 2, width=2, patch=9))
