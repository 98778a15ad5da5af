"""A plan: all settings of a training run, each decided by a rule that says why.

>>> plan = make_plan(fingerprint(dataset))
>>> print(plan)
>>> settings = Settings.choose("my/folder", dataset, **plan.choices())  # of medsegedu.runs
"""

from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import torch

from medsegedu.device import best_device
from medsegedu.errors import UserError
from medsegedu.models import UNet
from medsegedu.plan.fingerprint import Fingerprint
from medsegedu.plan.fixed import PARTS, fixed_rules, warnings
from medsegedu.plan.memory import training_cost
from medsegedu.plan.rule import Rule
from medsegedu.plan.rules import (
    LEAST_BATCH,
    LEAST_STEPS,
    Need,
    Patch,
    batch_rule,
    candidates,
    depth_rule,
    norm_rule,
    patch_rule,
    size_rule,
    spacing_rule,
    steps_rule,
)  # fmt: skip
from medsegedu.plan.timing import voxels_a_second
from medsegedu.table import html_table, text_table

USUAL_GB = 1.5  # for a training step on a processor, when nobody says more
PROCESS_GB = 0.45  # of Python, torch and what reads images, before the first step
OF_GPU = 0.8  # of a GPU's free memory
_ONLY_SHOWN = ("size", "memory", "intensities")  # rules that are no settings of a run


@dataclass(frozen=True)
class Plan:
    """Rules in the order in which they were decided, and what to know before training."""

    fingerprint: Fingerprint
    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """The value of a rule: `plan["patch"]`."""
        for rule in self.rules:
            if rule.name == name:
                return rule.value
        raise UserError(f"The plan has no rule '{name}'; it has {', '.join(rule.name for rule in self.rules)}.")

    def choices(self) -> dict[str, Any]:
        """The settings for `Settings.choose`."""
        return {rule.name: rule.value for rule in self.rules if rule.name not in _ONLY_SHOWN}

    def rows(self) -> list[list[str]]:
        """What a table shows; the first row is its head."""
        return [["rule", "value", "because"], *([rule.name, rule.text, rule.why] for rule in self.rules)]

    def __str__(self) -> str:
        said = [f"Note: {sentence}" for sentence in self.warnings]
        return "\n".join([text_table(self.rows()), *(["", *said] if said else [])])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.warnings)
        return html_table(self.rows()) + (f"<ul>{said}</ul>" if said else "")


def make_plan(
    found: Fingerprint,
    *,
    memory_gb: float | None = None,
    minutes: float | None = None,
    width: int = 16,
    speed: float | None = None,
) -> Plan:
    """Decide every setting from what the data say.

    Args:
        memory_gb: that a training step may take, beside Python and the images. By default 1.5, or four fifths of what a GPU
            has free.
        minutes: to train for; without them the size of the data says how many steps.
        width: channels of the network's first level.
        speed: voxels that a training step passes in a second; measured if it is needed and not given.

    Raises:
        UserError: too few patients to keep some aside, or too little memory or time for the smallest patch.
    """
    if found.patients < PARTS:
        raise UserError(
            f"{found.name} has {found.patients} patients; at least {PARTS} are needed, to train, to validate and to test."
        )
    for name, number in (("memory_gb", memory_gb), ("minutes", minutes)):
        if number is not None and not 0 < number < float("inf"):
            raise UserError(f"{name} is {number}; give a number above 0.")
    spacing = spacing_rule(found)
    size = size_rule(found, spacing.value)
    memory = memory_rule(found, memory_gb)
    need = _need(len(found.contrasts), len(found.classes), found.dims, width)
    voxels = float("inf")
    if minutes is not None:
        voxels = (speed or voxels_a_second(found.dims, width)) * 60 * minutes / LEAST_STEPS
    chosen = patch_rule(size.value, width, memory.value, need, voxels)
    if chosen is None:
        raise UserError(_too_little(size.value, width, memory.value, need))
    patch, depth = chosen
    total = float(found.cases)
    for n in size.value:
        total *= n
    batch = batch_rule(patch.value, depth, memory.value, need, total, voxels)
    rules = [spacing, size, memory, patch, depth_rule(patch.value, depth, width), batch, norm_rule(batch.value)]
    rules += [*fixed_rules(found, width), steps_rule(total, batch.value, patch.value, minutes)]
    return Plan(found, tuple(rules), warnings(found, size.value, spacing.value, patch.value))


def memory_rule(found: Fingerprint, memory_gb: float | None) -> Rule:
    """GB for a training step: as said, or what a GPU has free, or what a laptop can spare."""
    if best_device().type == "cuda":
        free = torch.cuda.mem_get_info()[0] / 1e9
        room = OF_GPU * free if memory_gb is None else memory_gb
        return Rule("memory", round(room, 3), f"GB for a training step, of {free:.3g} GB that the GPU has free.")
    room = USUAL_GB if memory_gb is None else memory_gb
    images = 2 * found.voxels * (4 * len(found.contrasts) + 8) / 1e9  # as read, and as the network sees them
    return Rule(
        "memory", float(room),
        f"GB for a training step; besides, Python and torch take about {PROCESS_GB} GB and the images up to {images:.2g}.",
    )  # fmt: skip


def _need(channels: int, classes: int, dims: int, width: int) -> Need:
    """GB of a training step on this computer, counted once for each patch and depth."""

    @cache
    def cost(patch: Patch, depth: int) -> tuple[float, float]:
        with torch.device("meta"):
            model = UNet(channels, classes, width=width, depth=depth, dims=dims, norm="instance")
        return training_cost(model, channels, patch)

    def need(patch: Patch, depth: int, batch: int) -> float:
        fixed, each = cost(patch, depth)
        return (fixed + each * batch) / 1e9

    return need


def _too_little(size: tuple[int, ...], width: int, room: float, need: Need) -> str:
    patch, depth = list(candidates(size, width))[-1]
    least = need(patch, depth, LEAST_BATCH)
    if least <= room:
        return f"The time is too short for {LEAST_STEPS} steps of the smallest patch; give more --minutes."
    return f"{room:.3g} GB are given to a training step, and the smallest one takes {least:.2g}; give more --memory."
