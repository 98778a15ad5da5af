"""The commands `train`, `predict` and `evaluate`: a network of one's own from the command line."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., argparse.ArgumentParser]


def add_run_commands(commands: Any, command: Command) -> None:
    """Add the three; `command` makes one of them, with its sentence and its examples."""
    train = command(
        commands, "train", _train, "Train a network on your own or on public data.", "train --data virtual --out runs/first",
        "train --data hippocampus --model unet --steps 1000 --out runs/hippocampus",
        "train --data my/folder --plan --minutes 10 --out runs/planned",
        "train --data my/folder --model unet++ --patch 96 96 --spacing 0.5 --out runs/mine",
    )  # fmt: skip
    train.epilog = (train.epilog or "") + (
        "\n\nA run that was stopped goes on when the same command is given again.\n"
        "Several processes or GPUs: torchrun --nproc_per_node 2 -m medsegedu train ..."
    )
    train.add_argument("--data", required=True, metavar="NAME|FOLDER", help="a public set, `virtual`, or your folder")
    train.add_argument("--out", required=True, type=Path, metavar="RUN", help="the run's folder")
    for name, kind, words in (
        ("model", str, "fcn, unet, unet-se, unet-gate, unet++, unet3+, r2unet, attention-unet, vnet (default: unet)"),
        ("loss", str, "dice+ce, ce, dice, tversky, focal, focal-tversky (default: dice+ce)"),
        ("norm", str, "batch, instance or group (default: batch)"),
        ("width", int, "channels of the first level (default: 16)"),
        ("depth", int, "how often the image is halved (default: 3)"),
        ("steps", int, "batches in all (default: 500)"),
        ("batch", int, "patches at once (default: 8)"),
        ("rate", float, "highest learning rate (default: 0.006)"),
        ("seed", int, "of the split, the weights and the patches (default: 0)"),
    ):
        train.add_argument(f"--{name}", type=kind, help=words)
    train.add_argument(
        "--minutes", type=float, metavar="M", help="train for so long; the first steps tell how many fit"
    )
    train.add_argument(
        "--plan",
        nargs="?",
        const="",
        metavar="FILE",
        help="settings from the data (see `medsegedu plan`), or from that file",
    )
    train.set_defaults(refuse=train.error)
    train.add_argument("--patch", type=int, nargs="+", metavar="N", help="voxels, one number or one an axis")
    train.add_argument(
        "--spacing", type=float, nargs="+", metavar="MM", help="one number or one an axis (default: median)"
    )
    train.add_argument(
        "--flips", type=int, nargs="+", metavar="AXIS", help="axes along which a mirror image could be a patient too"
    )
    train.add_argument(
        "--no-augment", dest="augment", action="store_false", default=None, help="leave patches as they are"
    )
    train.add_argument("--quiet", action="store_true", help="no progress bars")

    predict = command(
        commands, "predict", _predict, "Segment images with a trained run; labels lie on their images.",
        "predict --run runs/first scan.nii.gz --out labels", "predict --run runs/mine my/dicom-series my/images --out labels",
    )  # fmt: skip
    predict.add_argument(
        "input", nargs="+", type=Path, metavar="INPUT", help="image files, DICOM folders, folders of images"
    )
    predict.add_argument("--run", required=True, type=Path, metavar="RUN", help="a folder that `train` made")
    predict.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the labels go")
    predict.add_argument("--flips", action="store_true", help="average over mirrored images too")
    predict.add_argument("--quiet", action="store_true", help="no progress bar")

    evaluate = command(
        commands, "evaluate", _evaluate, "Measure a trained run on the patients kept aside, or on other data.",
        "evaluate --run runs/first", "evaluate --run runs/first --data other/folder",
    )  # fmt: skip
    evaluate.add_argument("--run", required=True, type=Path, metavar="RUN", help="a folder that `train` made")
    evaluate.add_argument(
        "--data", metavar="NAME|FOLDER", help="all of these data (default: the run's own test patients)"
    )
    evaluate.add_argument("--quiet", action="store_true", help="no progress bar")


def _train(options: argparse.Namespace) -> int:
    from dataclasses import fields

    if options.steps is not None and options.minutes is not None:
        options.refuse("give --steps or --minutes")  # as argparse refuses: usage, sentence, exit code 2
    from medsegedu.cli_plan import planned
    from medsegedu.runs import Settings, load_data, train
    from medsegedu.runs.run import is_first_process

    chosen = {
        f.name: getattr(options, f.name) for f in fields(Settings) if f.name != "data" and hasattr(options, f.name)
    }
    chosen |= {name: tuple(chosen[name]) for name in ("flips", "patch", "spacing") if chosen[name] is not None}
    dataset = load_data(options.data)
    plan, chosen = planned(options, dataset, chosen)
    settings = Settings.choose(options.data, dataset, **chosen)
    run = train(settings, dataset, options.out, plan=plan, progress=not options.quiet)
    if is_first_process():
        print(f"The report is {run.place / 'report.html'}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from medsegedu.runs import Run, predict_files

    run = Run.load(options.run)
    for path in predict_files(run, options.input, options.out, flips=options.flips, progress=not options.quiet):
        print(path)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from medsegedu.runs import Run, evaluate_run, load_data
    from medsegedu.runs.run import divide

    run = Run.load(options.run)
    settings = run.settings
    data = load_data(options.data) if options.data else divide(settings, load_data(settings.data), run.place)[2]
    print(evaluate_run(run, data, progress=not options.quiet, keep=options.data is None))
    return 0
