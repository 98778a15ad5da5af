"""What the build refuses in a lesson's two versions: code that does not parse, and solutions that the student can read."""

import ast
import re
import warnings

from medsegedu.course.regions import Lines, Versions, text_of
from medsegedu.course.source import Cell
from medsegedu.errors import UserError

LEAK_LENGTH = 24  # shorter lines, `return total / count`, occur by chance
_HARMLESS = re.compile(r"#|@|import\b|from\b|(async\s+)?def\b|class\b")


def check(label: str, parts: list[tuple[Cell, Versions]]) -> None:
    """Raise a UserError, `file:line: sentence`, for the first thing in `parts` that must not be published."""
    for cell, version in parts:
        if "student-only" not in cell.tags:
            if not version.solution:
                raise UserError(f"{label}:{cell.marker}: the cell `{cell.id}` is only a hint; tag it student-only.")
            if cell.code:
                _check_syntax(label, cell.id, version.solution, "solution")
        if "solution-only" not in cell.tags and cell.code:
            _check_syntax(label, cell.id, version.student, "student's version")
    _check_leaks(label, parts)


def _check_syntax(label: str, name: str, lines: Lines, reader: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    code = TransformerManager().transform_cell(text_of(lines))  # magics become function calls, line by line
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(code, label, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError) as error:
        at = getattr(error, "lineno", None) or 1
        line = lines[min(at, len(lines)) - 1][0]
        message = getattr(error, "msg", str(error))
        raise UserError(f"{label}:{line}: the {reader} of the cell `{name}` does not parse: {message}.") from error


def _check_leaks(label: str, parts: list[tuple[Cell, Versions]]) -> None:
    """No telling line of a solution may be read anywhere in the student's notebook."""
    shown = [
        (cell.id, number, " ".join(line.split()))
        for cell, version in parts
        if "solution-only" not in cell.tags
        for number, line in version.student
    ]
    for cell, version in parts:
        for number, line in version.answers:
            answer = " ".join(line.split())
            if len(answer) < LEAK_LENGTH or _HARMLESS.match(answer):
                continue
            for place, at, text in shown:
                if answer in text:
                    raise UserError(
                        f"{label}:{number}: leaked solution: `{answer}` of the cell `{cell.id}` can be read in the cell "
                        f"`{place}` at line {at}; change one of them."
                    )
