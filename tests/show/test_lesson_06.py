"""The figures of lesson 06 say in words what they draw, and draw the pixel that was chosen."""

import pytest
import torch

from medsegedu.data import Case
from medsegedu.models import UNet
from medsegedu.models.unet_attention import AttentionKind
from medsegedu.show import lesson_06 as figures

KINDS: dict[str, AttentionKind] = {
    "SE": "se", "CBAM": "cbam", "scSE": "scse", "gates": "gate", "non-local": "non_local", "criss-cross": "criss_cross",
}  # fmt: skip


@pytest.fixture
def case() -> Case:
    return Case(torch.rand(3, 21, 29), torch.zeros(21, 29, dtype=torch.int64), (2.0, 2.0), "a", "a")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0, 1])
def test_every_kind_is_drawn_at_every_corner(case: Case, kind: str, level: int) -> None:
    maps = UNet(3, 2, width=2, depth=2, attention=KINDS[kind]).attention_maps(case.image[None])
    for row, column in ((0, 0), (20, 28), (0, 28), (20, 0)):
        picture = figures.attention(case, maps, kind, row, column, level=level)
        assert f"pixel ({row}, {column})" in picture.alt
        assert kind in picture.alt
    assert picture.png()


@pytest.mark.parametrize("kind", ["non-local", "criss-cross"])
def test_the_map_belongs_to_the_chosen_pixel(case: Case, kind: str) -> None:
    height, width = 6, 8  # 21 x 29 pixels behind two pools, padded
    if kind == "non-local":
        weights = torch.full((1, height * width, height * width), 0.01)
        weights[0, 2 * width + 5, 4 * width + 1] = 0.75  # place (2, 5) looks at (4, 1)
    else:
        weights = torch.full((1, height, width, height + width), 0.01)
        weights[0, 2, 5, 4] = 0.75  # place (2, 5) looks at (4, 5) in its column
    maps = {"down.1.attention": weights}
    assert "0.75" in figures.attention(case, maps, kind, 11, 23).alt
    assert "0.75" not in figures.attention(case, maps, kind, 11, 24).alt
    picture = figures.attention(case, maps, kind, 8, 20)  # the first pixel of that place
    drawn = picture.figure.axes[1].images[0].get_array()
    assert drawn is not None
    assert drawn.shape == (21, 29)
    column = 4 if kind == "non-local" else 20
    assert drawn[16, column] == pytest.approx(0.75)
    assert drawn[15, column] == pytest.approx(0.01)


def test_gates_and_squeezes_take_the_level_that_was_asked_for(case: Case) -> None:
    maps = {"gates.0": torch.full((1, 1, 12, 16), 0.25), "gates.1": torch.full((1, 1, 24, 32), 0.5)}
    assert "is 0.50" in figures.attention(case, maps, "gates", 3, 4, level=0).alt
    assert "is 0.25" in figures.attention(case, maps, "gates", 3, 4, level=1).alt
    maps = {f"up.{k}.block.attention": torch.full((1, 2, 1, 1), 0.3 + k / 10) for k in range(2)}
    assert "0.30 and 0.30" in figures.attention(case, maps, "SE", 3, 4, level=1).alt


def test_drawings_tell_their_steps() -> None:
    picture = figures.chain([["skip", "theta"], ["gate", "phi"]], ["sum", "psi"], around="x")
    assert "gate, phi; then sum, psi" in picture.alt
    assert "multiplied by" in picture.alt
    assert picture.png()
    assert "added to" in figures.chain([["x", "ask"]], ["out"], around="+").alt
    assert figures.kinds().png()
