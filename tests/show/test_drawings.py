"""Drawings made from a network's code show that network: its grid, its links, its scales; and nothing overlaps."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image
from torch import Tensor, nn

from medsegedu import show
from medsegedu.errors import UserError
from medsegedu.models import FCN, AttentionUNet, R2UNet, UNet, UNet3D, UNet3Plus, UNetPlusPlus, VNet
from medsegedu.show.family_blocks import Block, blocks
from medsegedu.show.family_routes import HALF, places, route
from medsegedu.show.family_trace import trace
from medsegedu.show.picture import LARGEST

SIZE = (32, 32)


def found(model: nn.Module, size: tuple[int, ...] = SIZE) -> list[Block]:
    steps = trace(model, size)
    return blocks(steps, {steps[-1].channels})


def check(picture: show.Picture) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png())).convert("L"))
    assert pixels.std() > 5
    assert (pixels < 250).mean() > 0.01
    assert len(picture.png()) < LARGEST
    assert picture.alt.endswith(".")
    assert not pyplot.get_fignums()


def shape(model: nn.Module) -> list[tuple[str, int, int, set[int]]]:
    return [(block.kind, block.level, block.channels, block.inputs) for block in found(model)]


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("build", [UNet, R2UNet, VNet, UNet3D])
def test_a_u(build: Callable[..., nn.Module], depth: int) -> None:
    """Whatever its blocks are made of, a U has one a level on either side and a skip between them."""
    made = found(build(1, 3, width=8, depth=depth, dims=2))
    assert [block.level for block in made] == [0, *range(depth + 1), *reversed(range(depth)), 0]
    assert [block.kind for block in made] == ["image", *["maps"] * (2 * depth + 1), "scores"]
    for step in range(1, depth + 1):  # blocks 1 to depth + 1 go down
        assert made[depth + 1 + step].inputs == {depth + step, depth + 1 - step}
    assert all(block.recurrent == (build is R2UNet) for block in made[1:-1])


def test_u_net_in_its_papers_numbers() -> None:
    made = found(UNet.paper(), (572, 572))
    assert [block.channels for block in made] == [1, 64, 128, 256, 512, 1024, 512, 256, 128, 64, 2]
    assert [block.convolutions for block in made[1:-1]] == [2] * 9


@pytest.mark.parametrize("depth", [1, 3, 4])
def test_the_grid_of_unet_plus_plus(depth: int) -> None:
    """X(i, j) reads X(i, 0) to X(i, j - 1) and X(i + 1, j - 1), and stands at i + 2 j, i levels down."""
    made = found(UNetPlusPlus(1, 3, width=8, depth=depth))
    nodes = [(d - j, j) for d in range(depth + 1) for j in range(d + 1)]  # in the order in which they are made
    number = {node: index + 1 for index, node in enumerate(nodes)}
    assert [block.kind for block in made] == ["image", *["maps"] * len(nodes), "scores"]
    centres = places(made)
    for (i, j), block, centre in zip(nodes, made[1:-1], centres[1:-1], strict=True):
        row = {number[i, k] for k in range(j)}
        expected = row | {number[i + 1, j - 1]} if j else {number[i - 1, 0]} if i else {0}
        assert (block.level, block.channels, block.inputs) == (i, 8 * 2**i, expected)
        assert centre.tolist() == [1 + i + 2 * j, -i]


def test_the_full_scale_links_of_unet_3_plus() -> None:
    depth = 4
    made = found(UNet3Plus(1, 3, width=8, depth=depth))
    down, up = list(range(1, depth + 2)), {depth: depth + 1}  # block of a level, on either side
    for level in reversed(range(depth)):
        up[level] = 2 * depth + 1 - level
        finer = {down[k] for k in range(level + 1)}
        coarser = {up[k] for k in range(level + 1, depth + 1)}
        assert made[up[level]].inputs == finer | coarser
        assert made[up[level]].level == level
    assert len(made) == 2 * depth + 3


def test_scores_are_summed_in_an_fcn() -> None:
    """With the scores of pools, so of maps that are halved on the way."""
    made = shape(FCN(1, 3, width=8, depth=3, stride=2, hidden=16))
    assert made[-4:] == [
        ("scores", 3, 3, {4}),
        ("scores", 2, 3, {2, 5}),
        ("scores", 1, 3, {1, 6}),
        ("scores", 0, 3, {7}),
    ]


def test_attention_is_seen() -> None:
    gated = found(AttentionUNet(1, 3, width=8, depth=2))
    gates = [block for block in gated if block.kind == "attention"]
    assert [len(block.inputs) for block in gates] == [2, 2]
    assert [block.level for block in gates] == [1, 0]
    squeezed = found(UNet(1, 3, width=8, depth=2, attention="se"))
    assert [block.attends for block in squeezed] == [False, *[True] * 5, False]
    assert [block.attends for block in found(UNet(1, 3, width=8, depth=2, attention="non_local"))].count(True) == 1
    assert not any(block.attends for block in found(UNet(1, 3, width=8, depth=2)))
    assert "attention at 2 places" in show.network(AttentionUNet(1, 3, width=8, depth=2), SIZE).alt


class Own(nn.Module):
    """What a student might write: a block that adds to its input, a pool, nearest enlarging, a sum for a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Conv2d(n, 4, 3, padding=1) for n in (1, 4, 4, 4))
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.a(image)
        x = x + self.b(x).relu()
        below = self.d(self.c(nn.functional.max_pool2d(x, 4)))
        return self.head(x + nn.functional.interpolate(below, scale_factor=4))


def test_a_network_of_ones_own() -> None:
    net = Own().train()
    assert shape(net) == [
        ("image", 0, 1, set()), ("maps", 0, 4, {0}), ("maps", 2, 4, {1}), ("maps", 0, 4, {1, 2}), ("scores", 0, 2, {3}),
    ]  # fmt: skip
    assert net.training
    assert all(p.device.type == "cpu" for p in net.parameters())


NETS = (UNet(1, 3), FCN(1, 3), UNetPlusPlus(1, 3), UNetPlusPlus(1, 3, depth=3, deep_supervision=True), UNet3Plus(1, 3),
        AttentionUNet(1, 3), VNet(1, 3))  # fmt: skip


@pytest.mark.parametrize("net", NETS, ids=lambda net: type(net).__name__)
def test_nothing_overlaps(net: nn.Module) -> None:
    made = found(net)
    centres = places(made)
    apart = np.abs(centres[:, None] - centres[None]).max(2) + np.eye(len(made))
    assert apart.min() > 2 * HALF
    lines: list[np.ndarray] = []
    for end, block in enumerate(made):
        for start in sorted(block.inputs):
            lines.append(route(start, end, centres, lines))
            assert len(lines[-1]) > 1
            for other, centre in enumerate(centres):
                assert not (np.abs(lines[-1] - centre) < HALF).all(1).any(), f"{start} to {end} runs through {other}"


@pytest.mark.parametrize("net", NETS, ids=lambda net: type(net).__name__)
def test_a_drawing_is_a_picture(net: nn.Module) -> None:
    picture = show.network(net, title="A network")
    check(picture)
    assert picture.alt.startswith("A network: ")


def test_several_networks_and_none() -> None:
    picture = show.networks({"One": (UNet(1, 2, depth=1), SIZE), "Two": (R2UNet(1, 2, depth=1), SIZE)}, columns=2)
    check(picture)
    assert [ax.get_title() for ax in picture.figure.axes] == ["One", "Two"]
    assert "same weights" in picture.alt
    with pytest.raises(UserError, match="no network to draw"):
        show.networks({})


def test_the_kinds_of_arrows_and_blocks_differ_without_colour() -> None:
    legend = show.network(AttentionUNet(1, 3), SIZE).figure.legends[0]
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in legend.get_lines()}) >= 3  # type: ignore[attr-defined]
    hatches = {patch.get_label(): patch.get_hatch() for patch in legend.get_patches()}
    assert hatches["image"] != hatches["scores (classes)"] != hatches["convolutions (channels)"]


def test_a_large_network_costs_nothing() -> None:
    with torch.device("meta"):
        net = FCN.paper()
    assert "6 blocks" in show.network(net, (512, 512)).alt
