"""The family of networks: its numbers are the code's, its papers those that the code names, its pages whole."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from torch import nn

from medsegedu import cli, models
from medsegedu.course import family, family_page
from medsegedu.course.family import FAMILY, Member
from medsegedu.errors import UserError
from medsegedu.layers import receptive_field

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = pytest.mark.parametrize("one", FAMILY, ids=lambda one: one.name)
PAPERS = {
    "PatchClassifier": 219_290, "FCN": 134_489_759, "UNet": 31_030_658, "UNet3D": 19_069_955, "UNetPlusPlus": 9_041_601,
    "AttentionUNet": 6_473_322, "UNet3Plus": 26_971_777,
}  # fmt: skip


def multiplications(model: nn.Module, image: torch.Tensor) -> int:
    """Two operations for each weight of a convolution or linear layer and each place where it is used."""
    total = 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        places = inputs[0] if isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d) else output
        total += 2 * weight.numel() * places[0, 0].numel() * len(places)

    kinds = (nn.modules.conv._ConvNd, nn.Linear)
    hooks = [layer.register_forward_hook(count) for layer in model.modules() if isinstance(layer, kinds)]
    model.eval()(image)
    for hook in hooks:
        hook.remove()
    return total


def test_every_segmentation_network_is_in_the_family() -> None:
    gan = {"DCGANDiscriminator", "DCGANGenerator", "PatchGAN", "Pix2PixGenerator", "SPADEGenerator"}
    parts = {"DenseClassifier", "GridAttentionUNet"}  # of the sliding window and of AttentionUNet.paper()
    types = {name for name in models.__all__ if isinstance(getattr(models, name), type)}
    assert {one.name for one in FAMILY} == types - gan - parts
    assert [one.year for one in FAMILY] == sorted(one.year for one in FAMILY)


@MEMBERS
def test_the_facts_are_the_code_s(one: Member) -> None:
    found = family.facts(one)
    net = one.type(1, 2)  # with memory, once
    assert found.parameters == sum(p.numel() for p in one.type(1, 2, dims=2).parameters())
    assert found.paper_parameters == PAPERS.get(one.name, found.paper_parameters)
    size = (33, 33) if one.name == "PatchClassifier" else family.SIZES[2]
    passes = 256 * 256 if one.name == "PatchClassifier" else 1
    small = one.small()
    assert found.gflop * 1e9 == pytest.approx(passes * multiplications(small, torch.empty(1, 1, *size, device="meta")))
    paper = one.as_in_paper()
    image = torch.empty(1, next(paper.parameters()).shape[1], *one.size, device="meta")
    assert found.paper_gflop * 1e9 == pytest.approx(multiplications(paper, image))
    assert found.gflop_3d > found.gflop
    assert next(net.parameters()).device.type == "cpu"


@pytest.mark.parametrize("name", ["UNet", "UNetPlusPlus", "AttentionUNet"])
def test_a_narrow_copy_sees_as_far(name: str) -> None:
    one = family.member(name)
    assert family.facts(one).field == receptive_field(one.type(1, 2)) == 204


@MEMBERS
def test_the_paper_is_the_one_that_the_file_cites(one: Member) -> None:
    text = re.sub(r"\s+", " ", family.documentation(one))
    author, venue = re.split(r",? et al\.|,? & |,", one.paper)[0], one.paper.split(", ")[-1]
    assert author.split()[0] in text
    assert str(one.year) in text
    assert venue in text or ", " not in one.paper
    assert len(one.deviations()) > 20


def test_deviations_are_all_of_them() -> None:
    text = family.member("UNet").deviations()
    assert text.startswith("Deviations in `UNet.paper()`: no dropout")
    assert text.endswith("every other size is untouched.")
    assert "\n" not in text


@pytest.mark.parametrize("name", ["UNetPlusPlus", "unetplusplus", "UNet++", "unet ++"])
def test_a_network_is_found_by_name_or_title(name: str) -> None:
    assert family.member(name).name == "UNetPlusPlus"


def test_an_unknown_network_is_told_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="no network 'ResNet'; choose one of PatchClassifier, FCN, UNet,"):
        family.member("ResNet")
    assert cli.main(["models", "ResNet"]) == 1
    assert "choose one of" in capsys.readouterr().err


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("network ")
    assert [line.split()[0] for line in lines[1 : 1 + len(FAMILY)]] == [one.name for one in FAMILY]
    row = next(line for line in lines if line.startswith("UNet "))
    assert "  ".join(re.split(r"\s{2,}", row)) == (
        "UNet  2015  Ronneberger et al., MICCAI  31,030,658  1,942,306  6.03  29.9  204 pixels  "
        "A decoder as wide as the encoder; skips join their maps."
    )


def test_the_command_tells_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "u-net"]) == 0
    said = capsys.readouterr().out
    assert "31,030,658 parameters" in said
    assert "Deviations in `UNet.paper()`" in said


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_no_connection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new" / "one.html"
    assert cli.main(["models", "UNet3Plus", "--html", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    html = path.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(html)
    images = [attributes for tag, attributes in tags.found if tag == "img"]
    assert len(images) == 1
    assert str(images[0]["alt"]).startswith("UNet 3+ (2020): 9 blocks")
    assert str(images[0]["src"]).startswith("data:image/png;base64,")
    links = [str(a.get("href") or a.get("src") or "#") for _, a in tags.found]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "26,971,777" in html
    assert "Deviations: the classification-guided module" in html


def test_the_w_of_a_w_net_is_drawn() -> None:
    picture = family_page.drawing(family.member("WNet"))
    assert picture.alt == "W-Net (2017): 18 blocks of convolutions on 5 levels of resolution, 8 skips."


def test_the_document_is_up_to_date() -> None:
    text = (ROOT / "docs" / "family.md").read_text(encoding="utf-8")
    assert text == family_page.markdown(), "run python docs/family.py"
    assert (ROOT / "docs" / "images" / "family.png").exists()
