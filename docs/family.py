"""Draws the README's picture of the networks, docs/images/family.png, and writes docs/family.md, both from the code.

Run `python docs/family.py` from the checkout; nothing is trained.
"""

from pathlib import Path

from medsegedu.course.family import FAMILY
from medsegedu.course.family_page import drawn, markdown
from medsegedu.show import networks

here = Path(__file__).parent
networks({f"{one.title} ({one.year})": drawn(one) for one in FAMILY}).save(here / "images" / "family.png")
(here / "family.md").write_text(markdown(), encoding="utf-8")
