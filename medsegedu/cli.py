"""The command `medsegedu`: the course from a terminal. It only parses, calls and prints; the work is in `course` and `claims`.

What a command needs is imported inside it, so that `medsegedu --help` answers at once.
"""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsegedu.cli_data import add_data_commands
from medsegedu.cli_models import add_model_commands
from medsegedu.cli_plan import add_plan_command
from medsegedu.cli_runs import add_run_commands
from medsegedu.errors import UserError
from medsegedu.preset import PRESETS

_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 a problem (said in one sentence), 2 wrong usage, 130 interrupted."""
    try:
        options = parser().parse_args(arguments)
        return options.command(options)
    except (UserError, OSError, ModuleNotFoundError, KeyboardInterrupt) as error:
        own_mistake = isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("medsegedu")
        if own_mistake or os.environ.get("MEDSEGEDU_DEBUG") == "1":
            raise
        if isinstance(error, BrokenPipeError):  # the reader has enough, as in `medsegedu lessons | head -3`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        print(f"medsegedu: {_sentence(error)}", file=sys.stderr)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted; what was finished is kept."
    if isinstance(error, ModuleNotFoundError):
        return f"The package {error.name} is not installed; run `{sys.executable} -m pip install 'medsegedu[lab]'`."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"The disk is full{where}; free some space, or set MEDSEGEDU_RESULTS and MEDSEGEDU_CACHE to another disk."
        return f"{error.strerror or error}{where}; MEDSEGEDU_DEBUG=1 shows where it happened."
    return str(error)


def parser() -> argparse.ArgumentParser:
    """The whole command line, as argparse knows it."""
    top = argparse.ArgumentParser(
        prog="medsegedu",
        description="A course in deep-learning medical image segmentation.",
        epilog=_examples("lab", "doctor", "run 03_unet --preset smoke") + "\n\nMEDSEGEDU_DEBUG=1 shows tracebacks.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"medsegedu {_version()}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    lab = _command(commands, "lab", _lab, "Open the lessons in JupyterLab.", "lab", "lab --no-browser --port 8890")
    lab.add_argument("--folder", type=Path, default=Path("my-lessons"), help="for your copies (default: my-lessons)")
    lab.add_argument("--port", type=_port, help="exactly this port (default: the first free one from 8888 up)")
    lab.add_argument("--no-browser", action="store_true", help="print the address, open nothing")

    run = _command(commands, "run", _run, "Run solved lessons without a browser.", "run 03 --preset smoke", "run all")
    run.add_argument("lesson", nargs="?", metavar="LESSON", help="a lesson's name or number, or `all`")
    run.add_argument("--lesson", dest="named", metavar="NAME", help="the same, by name")
    run.add_argument("--preset", choices=PRESETS, help="how much work (default: MEDSEGEDU_PRESET, else quick)")
    run.add_argument("--out", type=Path, metavar="DIR", help="where the pages and the ledger go (default: results)")
    run.add_argument("--keep-going", action="store_true", help="after a lesson that fails, run the next")
    run.set_defaults(refuse=run.error)

    build = _command(commands, "build", _build, "Make what is generated from its sources.", "build", "build --check")
    build.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is out of date")

    _command(commands, "lessons", _lessons, "List the lessons.", "lessons")
    _command(commands, "doctor", _doctor, "Check whether the course can run on this computer.", "doctor")

    claims = _command(commands, "claims", None, "What the lessons measure.", "claims list", "claims run 03.skips")
    actions = claims.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _command(actions, "list", _claims_list, "List the claims and what was found.", "claims list")
    measure = _command(actions, "run", _claims_run, "Measure claims.", "claims run --seeds 8 --processes 2")
    measure.add_argument("key", nargs="*", metavar="KEY", help="which claims (default: all)")
    measure.add_argument("--seeds", type=_positive, help="how many seeds (default: each claim's own number)")
    measure.add_argument("--processes", type=_positive, help="how many at once (default: one a core)")
    measure.add_argument("--fresh", action="store_true", help="measure again what an earlier run kept")
    measure.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster's, e.g. tcp://host:8786")
    add_data_commands(commands, _command)
    add_model_commands(commands, _command)
    add_plan_command(commands, _command)
    add_run_commands(commands, _command)
    return top


def _command(
    group: Any, name: str, function: Callable[[argparse.Namespace], int] | None, sentence: str, *examples: str
) -> argparse.ArgumentParser:
    added = group.add_parser(
        name,
        help=sentence,
        description=sentence,
        epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(command=function)
    return added


def _examples(*commands: str) -> str:
    return "\n".join(["examples:", *(f"  medsegedu {command}" for command in commands)])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("medsegedu")
    except PackageNotFoundError:
        return "(not installed)"


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 1 to 65535")
    return int(text)


def _lab(options: argparse.Namespace) -> int:
    import webbrowser

    from medsegedu.course.lab import interruptible, jupyterlab
    from medsegedu.course.workspace import prepare

    work = prepare(options.folder)
    for sentence in work.sentences():
        print(sentence)
    try:
        with interruptible(), jupyterlab(work.folder, options.port) as server:
            address = server.address(work.lessons[0])
            print(f"\nThe course is at\n\n    {address}\n\nCtrl-C here stops it.", flush=True)
            if not options.no_browser:
                webbrowser.open(address)
            server.wait()
    except KeyboardInterrupt:  # the usual way to end it
        pass
    print(f"\nStopped. Your work is in {work.folder}")
    return 0


def _lessons(options: argparse.Namespace) -> int:
    from medsegedu.course.catalogue import lessons
    from medsegedu.table import text_table

    head = ("lesson", "minutes", "title")
    print(text_table([head, *((info.name, str(info.minutes), info.title) for info in lessons())]))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from medsegedu.course.doctor import examine, healthy, report

    rows = examine()
    print(report(rows))
    return 0 if healthy(rows) else 1


def _build(options: argparse.Namespace) -> int:
    from medsegedu.course.build import build, find_root

    found = build(find_root(), check=options.check)
    print(found)
    return 0 if found.clean or not options.check else 1


def _run(options: argparse.Namespace) -> int:
    if (options.lesson is None) == (options.named is None):
        options.refuse("name one lesson, or `all`")  # as argparse refuses: usage, sentence, exit code 2
    from medsegedu.course.run import run

    lesson = options.lesson or options.named
    return run(lesson, preset=options.preset, out=options.out, keep_going=options.keep_going).exit_code


def _claims_list(options: argparse.Namespace) -> int:
    from medsegedu.claims import table

    _show_claims(table())
    return 0


def _claims_run(options: argparse.Namespace) -> int:
    from medsegedu.claims import run

    found = run(options.key, options.seeds, options.processes, fresh=options.fresh, scheduler=options.scheduler)
    _show_claims([result | {"seeds": len(result["seeds"]), "current": True} for result in found])
    return 0


def _show_claims(rows: Sequence[Mapping[str, Any]]) -> None:
    from medsegedu.table import text_table

    lines = [("claim", "verdict", "effect [95 % interval]", "seeds", "the survey says")]
    for row in rows:
        effect = ""
        if row["effect"] is not None:
            effect = f"{row['effect']:.3g} [{row['low']:.3g}, {row['high']:.3g}] {row['unit']}"
            effect += "" if row["current"] else " (by older code)"
        lines.append((row["key"], row["verdict"], effect, str(row["seeds"]), row["claim"]))
    print(text_table(lines))
