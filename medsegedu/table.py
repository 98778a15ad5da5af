"""Rows of text as a table, for a terminal and for a notebook."""

from collections.abc import Sequence
from html import escape

Rows = Sequence[Sequence[str]]
HEAD = "th scope='col'"


def text_table(rows: Rows) -> str:
    """Columns aligned on the left; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def html_table(rows: Rows) -> str:
    """An HTML table; the first row is the head. Columns with words stand on the left, where notebooks put all on the right."""
    head, *body = rows
    words = [any(row[i][:1].isalpha() for row in body) for i in range(len(head))]

    def line(row: Sequence[str], tag: str) -> str:
        looks = (" style='text-align: left'" if left else "" for left in words)
        return "".join(f"<{tag}{look}>{escape(cell)}</{tag[:2]}>" for cell, look in zip(row, looks, strict=True))

    lines = "".join(f"<tr>{line(row, 'td')}</tr>" for row in body)
    return f"<table><thead><tr>{line(head, HEAD)}</tr></thead><tbody>{lines}</tbody></table>"
