"""Two versions of a cell: what its regions leave to the student, and what they hold as the solution (see `source`)."""

import re
from dataclasses import dataclass

from medsegedu.course.source import Cell
from medsegedu.errors import UserError

STUB = ("# your code", "...")
_BEGIN = re.compile(r"(\s*)#\s*region\s+(\S+)\s*")  # one word: `# region of interest` is prose
_END = re.compile(r"(\s*)#\s*endregion\b.*")
_ANY = re.compile(r"[\s#]*(region\s+(solution|hint)|endregion)\s*")

Lines = tuple[tuple[int, str], ...]  # (line in the source, its text)


@dataclass(frozen=True)
class Versions:
    """A cell's lines for the student and in the solution, and the answers: lines that only the solution has."""

    student: Lines
    solution: Lines
    answers: Lines


def text_of(lines: Lines) -> str:
    """The text of `lines`."""
    return "\n".join(text for _, text in lines)


def versions(label: str, cell: Cell) -> Versions:
    """Take `cell` apart at its region markers; a UserError names the line in the source `label` that is wrong."""
    lines = tuple(enumerate(cell.text.split("\n"), cell.line))
    if not cell.code:
        for number, line in lines:
            if _ANY.fullmatch(line):
                raise UserError(f"{label}:{number}: a region in a Markdown cell; regions belong into code cells.")
        return Versions(lines, lines, ())

    student: list[tuple[int, str]] = []
    solution: list[tuple[int, str]] = []
    answers: list[tuple[int, str]] = []
    opened: tuple[int, str, str] | None = None  # line, indentation, kind
    inside: list[tuple[int, str]] = []
    for number, line in lines:
        if begin := _BEGIN.fullmatch(line):
            indent, kind = begin.groups()
            if opened:
                raise UserError(f"{label}:{number}: a region inside the region of line {opened[0]}; they do not nest.")
            if kind not in ("solution", "hint"):
                raise UserError(
                    f"{label}:{number}: unknown region `{kind}`; write solution or hint (prose: reword it)."
                )
            opened, inside = (number, indent, kind), []
        elif end := _END.fullmatch(line):
            if not opened:
                raise UserError(f"{label}:{number}: an endregion without a region before it in its cell.")
            _check_inside(label, opened, end[1], inside)
            if opened[2] == "hint":
                student += inside
            else:
                student += [(opened[0], opened[1] + text) for text in STUB]
                solution += inside
                answers += inside
            opened = None
        elif opened:
            inside.append((number, line))
        else:
            student.append((number, line))
            solution.append((number, line))
    if opened:
        raise UserError(f"{label}:{opened[0]}: this region has no `# endregion` in its cell.")
    return Versions(_trim(student), _trim(solution), tuple(answers))


def _trim(lines: list[tuple[int, str]]) -> Lines:
    """`lines` without the empty ones at both ends, which a region at an end of the cell may leave."""
    written = [n for n, (_, text) in enumerate(lines) if text.strip()]
    return tuple(lines[written[0] : written[-1] + 1]) if written else ()


def _check_inside(label: str, opened: tuple[int, str, str], indent: str, inside: list[tuple[int, str]]) -> None:
    number, begin, kind = opened
    written = [(n, line) for n, line in inside if line.strip()]
    code = [(n, line) for n, line in written if not line.lstrip().startswith("#")]
    if indent != begin:
        raise UserError(f"{label}:{number}: region and endregion are indented differently; align them.")
    if kind == "hint":
        if code:
            raise UserError(f"{label}:{code[0][0]}: code in a hint; a hint is made of comments.")
        if not written:
            raise UserError(f"{label}:{number}: the hint is empty; write one or remove it.")
    elif not any(line.strip() not in ("...", "pass") for _, line in code):
        raise UserError(f"{label}:{number}: the solution is empty; write the code between the markers.")
    elif code[0][1][: -len(code[0][1].lstrip())] != begin:
        raise UserError(f"{label}:{number}: the region is not indented like its first line of code; align them.")
