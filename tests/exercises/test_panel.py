"""What a student sees, in a notebook and in a terminal."""

from html.parser import HTMLParser
from typing import Any

import IPython
import IPython.display
import pytest

from medsegedu.exercises import panel
from medsegedu.exercises.engine import Exercise

from .test_engine import right, wrong


class _Tags(HTMLParser):
    """Collects the tags, and fails on unbalanced ones."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.open = set[str](), list[str]()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """What reaches the notebook: the bundle and the metadata."""
    displayed: list[tuple[dict[str, str], dict[str, Any]]] = []

    def display(bundle: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        displayed.append((bundle, metadata))

    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", display)
    return displayed


def test_notebook_panel(toy: Exercise, shown: list[Any]) -> None:
    toy.check(toy.mistakes["first_rows"])
    bundle, metadata = shown[0]
    assert metadata == {"medsegedu": {"exercise": "99.centre_crop", "status": "wrong", "mistake": "first_rows"}}
    assert "<strong>Wrong</strong>" in bundle["text/html"]
    assert "<code>ex.centre_crop.hint()</code>" in bundle["text/html"]
    assert "Hints left: 3" in bundle["text/html"]
    assert "Cut the &lt;middle&gt;" in bundle["text/html"]
    assert "[Wrong]" in bundle["text/plain"]
    toy.check(right)
    bundle, metadata = shown[1]
    assert metadata["medsegedu"] == {"exercise": "99.centre_crop", "status": "right", "mistake": None}
    assert "Next: columns &amp; rows." in bundle["text/html"]


def test_everything_is_escaped_and_balanced(toy: Exercise, shown: list[Any]) -> None:
    def hostile(image, rows):
        print("</pre><script>alert(1)</script>")  # noqa: T201
        raise ValueError("<img src=x onerror=alert(2)> `<b>`")

    toy.check(hostile)
    parser = _Tags()
    parser.feed(shown[0][0]["text/html"])
    assert not parser.open
    assert parser.tags <= {"div", "strong", "p", "code", "details", "summary", "pre"}


def test_no_colours_of_its_own() -> None:
    page = panel.as_html("Wrong", "heading", ["text"], "printed", "code")
    assert "#" not in page.replace("&#183;", "")
    assert "rgb" not in page
    assert "color: inherit" in page


def test_terminal_panel(toy: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    toy.check(wrong)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[Wrong] 99.centre_crop: Cut the <middle>"
    assert len(lines) <= 4
    assert "<" not in "".join(lines[1:])
