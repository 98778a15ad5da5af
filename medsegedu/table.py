"""Rows of text as a table, for a terminal and for a notebook."""

from collections.abc import Sequence
from html import escape

Rows = Sequence[Sequence[str]]


def text_table(rows: Rows) -> str:
    """Columns aligned on the left; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def html_table(rows: Rows) -> str:
    """An HTML table; the first row is the head. Words stand on the left, where notebooks put every cell on the right."""
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows[1:])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(text: str) -> str:
    words = text[:1].isalpha()
    return f"<td style='text-align: left'>{escape(text)}</td>" if words else f"<td>{escape(text)}</td>"
