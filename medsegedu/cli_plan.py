"""The command `plan`, and what `train --plan` makes of one."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medsegedu.data import Dataset
    from medsegedu.plan import Plan


def add_plan_command(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add it; `command` makes one, with its sentence and its examples."""
    plan = command(
        commands, "plan", _plan, "Look at the data, and say how to train on them and why.", "plan my/folder",
        "plan hippocampus --minutes 10 --out plan.json", "plan my/folder --memory 8 --out plan.json",
    )  # fmt: skip
    plan.add_argument("data", metavar="FOLDER|NAME", help="your folder, a public set, or `virtual`")
    plan.add_argument(
        "--memory", type=float, metavar="GB", help="that a training step may take (default: 1.5, or most of a GPU's)"
    )
    plan.add_argument("--minutes", type=float, metavar="M", help="to train for (default: as the size of the data says)")
    plan.add_argument("--out", type=Path, metavar="FILE", help="keep the plan, for `train --plan FILE`")


def _plan(options: argparse.Namespace) -> int:
    from medsegedu.plan import fingerprint, make_plan, save_plan
    from medsegedu.runs import load_data

    plan = make_plan(fingerprint(load_data(options.data)), memory_gb=options.memory, minutes=options.minutes)
    print(f"{plan.fingerprint}\n\n{plan}")
    if options.out:
        save_plan(plan, options.out)
        print(
            f"\nThe plan is {options.out}; `medsegedu train --data {options.data} --plan {options.out} --out RUN` follows it."
        )
    return 0


def planned(
    options: argparse.Namespace, dataset: "Dataset", chosen: dict[str, Any]
) -> tuple["Plan | None", dict[str, Any]]:
    """The plan that `train` was asked to follow, if any, and its settings under those that were `chosen` by hand.

    A run that was planned without a file keeps its plan, and goes on with that one.
    """
    if options.plan is None:
        return None, chosen
    from medsegedu.errors import UserError
    from medsegedu.plan import fingerprint, load_plan, make_plan
    from medsegedu.plan.rule import shown
    from medsegedu.runs.run import PLAN, is_first_process

    kept = options.out / PLAN
    if options.plan or kept.exists():
        plan = load_plan(Path(options.plan) if options.plan else kept)
    elif os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError(
            "Several processes can't each make a plan; make it first with `medsegedu plan --out`, and name it."
        )
    else:
        plan = make_plan(fingerprint(dataset), minutes=options.minutes)
    if plan.fingerprint.dims != dataset[0].dims:
        raise UserError(
            f"The plan was made for {plan.fingerprint.dims}D images, and these are {dataset[0].dims}D; make another plan."
        )
    by_hand = {name: value for name, value in chosen.items() if value is not None}
    settings = plan.choices()
    if "steps" in by_hand:  # one of the two decides
        settings.pop("minutes", None)
    if "minutes" in by_hand:
        settings.pop("steps", None)
    if is_first_process():
        if not options.quiet:
            print(f"{plan}\n")
        for name, value in by_hand.items():
            once = value * dataset[0].dims if isinstance(value, tuple) and len(value) == 1 else value  # as Settings do
            if name in settings and settings[name] != once:
                print(f"{name} {shown(value)}, as you said, in place of the plan's {shown(settings[name])}.")
    return plan, settings | by_hand
