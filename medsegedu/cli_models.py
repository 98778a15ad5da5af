"""The command `medsegedu models`: the family of networks, as a table or as a page with drawings."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_model_commands(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `models`; `command` makes it, with its sentence and its examples."""
    models = command(
        commands, "models", _models, "List the networks: who followed whom, what each added and costs.",
        "models", "models UNetPlusPlus", "models --html family.html", "models UNet3Plus --html unet3plus.html",
    )  # fmt: skip
    models.add_argument("name", nargs="?", metavar="NAME", help="one network, and where it departs from its paper")
    models.add_argument("--html", type=Path, metavar="FILE", help="write a page with a drawing of each network")


def _models(options: argparse.Namespace) -> int:
    from medsegedu.course.family_page import page, text

    print(f"The page is {page(options.html, options.name)}" if options.html else text(options.name))
    return 0
