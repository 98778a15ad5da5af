"""The commands `medsegedu data ...`: which public data there are, getting them, and looking for leaks in one's own."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., argparse.ArgumentParser]


def add_data_commands(commands: Any, command: Command) -> None:
    """Add `data` and what is below it; `command` makes one of them, with its sentence and its examples."""
    data = command(
        commands, "data", None, "Public data sets, and leaks in any data.", "data list", "data get hippocampus"
    )
    actions = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command(actions, "list", _list, "List the public data sets, and which are here.", "data list")
    get = command(
        actions, "get", _get, "Download data sets, or continue a download that was cut.", "data get hippocampus nuclei",
        "data get nuclei --archive Downloads/dsb2018.zip",
    )  # fmt: skip
    get.add_argument("name", nargs="+", metavar="NAME", help="which sets (see `medsegedu data list`)")
    get.add_argument("--archive", type=Path, metavar="FILE", help="the archive, if you downloaded it by other means")
    get.set_defaults(refuse=get.error)
    where = command(actions, "where", _where, "Print the folder of a data set.", "data where hippocampus")
    where.add_argument("name", metavar="NAME")
    verify = command(
        actions, "verify", _verify, "Check that data sets are whole on this disk.", "data verify", "data verify nuclei"
    )
    verify.add_argument("name", nargs="*", metavar="NAME", help="which sets (default: all that are here)")
    inspect = command(
        actions, "inspect", _inspect, "Report on a folder of images and masks, with pictures.", "data inspect my/folder",
        "data inspect my/folder --index patients.csv --out report.html",
    )  # fmt: skip
    inspect.add_argument("folder", type=Path, metavar="FOLDER", help="images and masks, however they are laid out")
    inspect.add_argument(
        "--index", type=Path, metavar="CSV", help="columns image, mask, patient (default: its index.csv)"
    )
    inspect.add_argument("--instances", action="store_true", help="the masks number single objects, all of one class")
    inspect.add_argument(
        "--out", type=Path, metavar="HTML", help="where the page goes (default: results/inspect-FOLDER.html)"
    )
    leaks = command(
        actions, "leaks", _leaks, "Find equal images and shared fields of view in folders of images.", "data leaks my/images",
        "data leaks my/training my/test",
    )  # fmt: skip
    leaks.add_argument("folder", nargs="+", type=Path, metavar="FOLDER", help="one folder, or the parts of a split")


def _list(options: argparse.Namespace) -> int:
    from medsegedu.data.catalogue import SETS, size_text
    from medsegedu.data.public import here
    from medsegedu.table import text_table

    head = ("set", "here", "archive", "cases", "licence", "what it is")
    rows = [
        (name, "yes" if here(name) else "", size_text(public.size), str(public.cases), public.licence, public.about)
        for name, public in SETS.items()
    ]
    print(text_table([head, *rows]))
    return 0


def _get(options: argparse.Namespace) -> int:
    if options.archive is not None and len(options.name) > 1:
        options.refuse("name one set with --archive")  # as argparse refuses: usage, sentence, exit code 2
    from medsegedu.data.catalogue import known
    from medsegedu.data.public import get

    for public in [known(name) for name in options.name]:  # a wrong name is refused before anything is downloaded
        print(f"{public.name}: {get(public.name, options.archive)}")
        print(f"Licence {public.licence}; please cite {public.citation}.")
    return 0


def _where(options: argparse.Namespace) -> int:
    from medsegedu.data.public import place_of

    print(place_of(options.name))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from medsegedu.data.catalogue import SETS
    from medsegedu.data.public import here, verify

    names = options.name or [name for name in SETS if here(name)]
    if not names:
        print("There is no public data set on this computer; `medsegedu data list` shows what there is.")
    problems = 0
    for verdict in map(verify, names):
        problems += len(verdict.problems)
        for sentence in verdict.problems:
            print(sentence)
        state = f"{len(verdict.problems)} problems" if verdict.problems else "all is well"
        print(f"{verdict.place}: {verdict.files} files compared with {verdict.by}; {state}.")
    return 1 if problems else 0


def _inspect(options: argparse.Namespace) -> int:
    from medsegedu.data.inspect import inspect_folder
    from medsegedu.files import results_folder

    report = inspect_folder(options.folder, index=options.index, instances=options.instances)
    print(report.text())
    page = report.save(options.out or results_folder() / f"inspect-{options.folder.absolute().name}.html")
    print(f"\nThe page with pictures: {page}")
    return 1 if report.problems else 0


def _leaks(options: argparse.Namespace) -> int:
    from medsegedu.data.leakage import find_leaks

    findings = find_leaks(*options.folder)
    for finding in findings:
        print(finding.sentence)
    print(f"{len(findings)} findings." if findings else "No leak was found.")
    return 1 if findings else 0
