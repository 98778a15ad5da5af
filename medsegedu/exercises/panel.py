"""The panel under a check: HTML in a notebook, text in a terminal. The status is a word, colours are the reader's own."""

import html
import re
import sys
from typing import Any

BOX = "border: 1px solid; border-left-width: 6px; padding: 0.5em 1em; margin: 0.5em 0; max-width: 60em; color: inherit;"
SCROLL = "white-space: pre-wrap; overflow-x: auto; max-height: 24em; color: inherit; background: transparent;"


def show(
    word: str, heading: str, paragraphs: list[str], *, folded: str = "", code: str = "", metadata: dict[str, Any]
) -> None:
    """Display a panel.

    Args:
        word: the status, first and in bold.
        heading: which exercise.
        paragraphs: sentences; `code` between backticks.
        folded: what the attempt printed, behind a fold.
        code: a listing, shown in full.
        metadata: machine-readable, under "medsegedu" of the output's metadata.
    """
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    plain = as_text(word, heading, paragraphs, folded, code)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        sys.stdout.write(plain + "\n")
        return
    from IPython.display import display

    bundle = {"text/html": as_html(word, heading, paragraphs, folded, code), "text/plain": plain}
    display(bundle, raw=True, metadata={"medsegedu": metadata})


def as_html(word: str, heading: str, paragraphs: list[str], folded: str, code: str) -> str:
    """The panel for a notebook; everything that came from outside is escaped."""
    parts = [f"<div><strong>{html.escape(word)}</strong> &#183; {html.escape(heading)}</div>"]
    parts += [f'<p style="margin: 0.4em 0 0;">{_marked(paragraph)}</p>' for paragraph in paragraphs]
    if code:
        parts.append(f'<pre style="{SCROLL}">{html.escape(code)}</pre>')
    if folded:
        listing = f'<pre style="{SCROLL}">{html.escape(folded)}</pre>'
        parts.append(f"<details><summary>Your function printed</summary>{listing}</details>")
    return f'<div role="status" style="{BOX}">{"".join(parts)}</div>'


def as_text(word: str, heading: str, paragraphs: list[str], folded: str, code: str) -> str:
    """The panel for a terminal."""
    lines = [f"[{word}] {heading}", *(f"  {paragraph}" for paragraph in paragraphs)]
    lines += ["", *(f"    {line}" for line in code.splitlines())] if code else []
    lines += ["  Your function printed:", *(f"    {line}" for line in folded.splitlines())] if folded else []
    return "\n".join(lines)


def _marked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
