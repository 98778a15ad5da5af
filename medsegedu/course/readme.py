"""The README's generated sections: badges, the table of lessons and the table of claims."""

import json
import re
from pathlib import Path

from medsegedu.course.front_matter import LessonInfo
from medsegedu.course.generated import Repository
from medsegedu.errors import UserError

SECTIONS = ("badges", "lessons", "claims")


def readme(path: Path, infos: list[LessonInfo], repository: Repository, root: Path) -> str:
    """The text of `path` with what stands between `<!-- lessons -->` and `<!-- /lessons -->`, and so on, made anew.

    A section that the file does not have is not added.

    Raises:
        UserError: a section is opened and not closed, or the other way round, with `README.md:line`.
    """
    text = path.read_text(encoding="utf-8")
    for name in SECTIONS:
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(begin) != text.count(end) or text.count(begin) > 1 or text.find(end) < text.find(begin):
            line = text[: max(text.find(begin), text.find(end))].count("\n") + 1
            raise UserError(f"{path.name}:{line}: `{begin}` and `{end}` must stand there once each, in this order.")
        if begin not in text:
            continue
        if name == "badges":
            content = repository.badges("lessons/" + infos[0].name + ".ipynb")
        elif name == "lessons":
            content = lessons_table(infos, repository)
        else:
            content = claims_table(root)
        start, stop = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:start]}\n{content}\n{text[stop:]}"
    return text


def lessons_table(infos: list[LessonInfo], repository: Repository) -> str:
    """A row a lesson: number, title, minutes, and the buttons that open it."""
    rows = ["| | lesson | minutes | open |", "|---|---|---|---|"]
    for info in infos:
        path = f"lessons/{info.name}.ipynb"
        rows.append(f"| {info.number} | [{_cell(info.title)}]({path}) | {info.minutes} | {repository.badges(path)} |")
    return "\n".join(rows)


def claims_table(root: Path) -> str:
    """A row a claim that was measured, from the committed `medsegedu/claims/results/*.json`.

    Raises:
        UserError: a file is not a result.
    """
    rows = []
    for path in sorted((root / "medsegedu" / "claims" / "results").glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            unit = f" {result['unit']}" if result["unit"] else ""
            effect = f"{result['effect']:.3g} [{result['low']:.3g}, {result['high']:.3g}]{unit}"
            seeds = result["seeds"] if isinstance(result["seeds"], int) else len(result["seeds"])
            row = f"| {result['lesson']} | {_cell(result['claim'])} | **{result['verdict']}** | {effect} | {seeds} |"
            rows.append((str(result["lesson"]), str(result["key"]), row))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path.name}:1: is not the result of a claim ({error!r}); run the claim again.") from error
    if not rows:
        return "No claim has been measured yet: `medsegedu claims run`."
    head = ["| lesson | the survey says | verdict | effect [95 % interval] | seeds |", "|---|---|---|---|---|"]
    return "\n".join(head + [row for _, _, row in sorted(rows)])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
