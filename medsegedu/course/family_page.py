"""The family of networks as one HTML file that needs no connection: the table, and a section with a drawing for each network."""

import re
from html import escape
from pathlib import Path

import torch
from torch import Tensor, nn

from medsegedu import models
from medsegedu.course.family import FAMILY, SIZES, Member, describe, member, rows
from medsegedu.files import write_atomically
from medsegedu.show.family import network
from medsegedu.show.picture import Picture
from medsegedu.table import html_table, text_table

NOTES = (
    "Parameters: in the paper's own shape, and of this course's smaller default in 2D with one contrast and two classes. "
    "GFLOP: of the default for one image, a multiplication and an addition counted as two; the sliding window needs one patch "
    "a pixel. Sees: pixels along an axis on which one output of the default depends, measured. All networks are 2D and 3D."
)
_STYLE = (
    "body { font: 16px/1.5 sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222 } "
    "table { border-collapse: collapse; margin: 1rem 0 } img { max-width: 100%; height: auto } "
    "th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }"
)


def text(name: str | None) -> str:
    """The table for a terminal; with a name, what is known of this network and where it departs from its paper."""
    if name is None:
        return f"{text_table(rows())}\n\n{NOTES}"
    return f"{text_table(describe(member(name)))}\n\n{deviations(member(name))}"


def markdown() -> str:
    """The page docs/family.md: the picture of all, the table, and where each departs from its paper."""
    head, *body = rows()
    lines = ["# The family of networks", "", "![Ten networks drawn as blocks by resolution, from the sliding window to UNet 3+]"
             "(images/family.png)", "", "Made by `python docs/family.py`; `medsegedu models --html FILE` draws each large.",
             "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]  # fmt: skip
    lines += ["| " + " | ".join(row) + " |" for row in body]
    lines += ["", NOTES, ""]
    for one in FAMILY:
        lines += [f"## {one.title}", "", deviations(one), ""]
    return "\n".join(lines)


def drawing(one: Member) -> Picture:
    """The member drawn from its code."""
    model, size = drawn(one)
    return network(model, size, title=f"{one.title} ({one.year})")


def drawn(one: Member) -> tuple[nn.Module, tuple[int, ...]]:
    """The network as it is drawn, and an image's size: the paper's shape, but the 2D form of the Attention U-Net."""
    if one.name == "AttentionUNet":
        with torch.device("meta"):
            return models.AttentionUNet(1, 2, width=64), SIZES[2]
    if one.name == "WNet":
        with torch.device("meta"):
            return _Both(models.WNet.paper(classes=20)), one.size
    return one.as_in_paper(), one.size


class _Both(nn.Module):
    """Both halves of a W-Net, one after the other."""

    def __init__(self, net: models.WNet) -> None:
        super().__init__()
        self.net, self.in_channels, self.classes = net, 3, 20

    def forward(self, image: Tensor) -> Tensor:
        return self.net.reconstruct(self.net(image))


def page(path: Path, name: str | None = None) -> Path:
    """Write the page of all networks, or of one.

    Raises:
        UserError: `path` can't be written.
    """
    members = [member(name)] if name else FAMILY
    table = html_table(rows(members))
    for one in members:
        table = table.replace(f"<td>{one.name}</td>", f'<td><a href="#{one.name}">{escape(one.title)}</a></td>', 1)
    sections = "".join(_section(one) for one in members)
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The family of networks</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>The family of networks</h1><div style='overflow-x: auto'>{table}</div><p>{NOTES}</p>{sections}</body></html>\n"
    )
    return write_atomically(path, html)


def deviations(one: Member) -> str:
    """Where the code departs from the paper, as a sentence that begins with the word."""
    return one.deviations() if one.deviations().startswith("Deviations") else f"Deviations: {one.deviations()}"


def _section(one: Member) -> str:
    facts = html_table(describe(one)).replace("<thead>", "<thead hidden>")
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(deviations(one)))
    return f'<h2 id="{one.name}">{escape(one.title)}</h2>{drawing(one)._repr_html_()}{facts}<p>{text}</p>'
