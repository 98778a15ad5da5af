"""The README's generated sections."""

import json
from pathlib import Path

import pytest

from medsegedu.course.build import build
from medsegedu.course.readme import claims_table
from medsegedu.errors import UserError

RESULT = {
    "key": "skips", "claim": "Skips | help", "lesson": "03", "verdict": "holds", "effect": 0.0512, "low": 0.02, "high": 0.081,
    "unit": "Dice", "seeds": 8,
}  # fmt: skip


def save(root: Path, name: str, result: object) -> None:
    folder = root / "medsegedu" / "claims" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(result))


def test_sections_are_made_and_the_rest_is_left(course: Path) -> None:
    build(course)
    text = (course / "README.md").read_text()
    outside = [line for line in text.split("\n") if not line.startswith(("|", "[!", "No claim"))]
    assert outside == [
        "# A course", "<!-- badges -->", "<!-- /badges -->", "Before.", "<!-- lessons -->", "<!-- /lessons -->", "After.",
        "<!-- claims -->", "<!-- /claims -->", "",
    ]  # fmt: skip
    assert r"| 00 | [First: one \| two](lessons/00_first.ipynb) | 5 | [![Open in Colab]" in text
    assert "/blob/main/lessons/01_second.ipynb)" in text
    assert "old" not in text
    build(course)
    assert (course / "README.md").read_text() == text


def test_a_readme_is_not_required_nor_are_its_sections(course: Path) -> None:
    (course / "README.md").write_text("Only prose.\n")
    assert "README.md" in build(course).unchanged
    (course / "README.md").unlink()
    assert build(course).clean
    assert not (course / "README.md").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n<!-- lessons -->\n", 2),
        ("a\n\n<!-- /lessons -->\n", 3),
        ("<!-- /lessons -->\n<!-- lessons -->", 2),
        ("<!-- claims --><!-- /claims -->\n<!-- claims --><!-- /claims -->", 1),
    ],
)
def test_a_section_that_is_not_closed_stops_the_build(course: Path, text: str, line: int) -> None:
    (course / "README.md").write_text(text)
    with pytest.raises(UserError, match=rf"README.md:{line}: "):
        build(course)
    assert not (course / "lessons").exists()


def test_claims_come_in_the_order_of_lessons(course: Path) -> None:
    assert "No claim" in claims_table(course)
    save(course, "a.json", RESULT)
    save(course, "b.json", RESULT | {"key": "x", "lesson": "01", "effect": -3, "unit": "", "seeds": [1, 2, 3]})
    rows = claims_table(course).split("\n")[2:]
    assert rows == [
        r"| 01 | Skips \| help | **holds** | -3 [0.02, 0.081] | 3 |",
        r"| 03 | Skips \| help | **holds** | 0.0512 [0.02, 0.081] Dice | 8 |",
    ]


@pytest.mark.parametrize("result", [[], {"key": "x"}, RESULT | {"effect": "large"}])
def test_a_file_that_is_no_result_is_named(course: Path, result: object) -> None:
    save(course, "bad.json", result)
    with pytest.raises(UserError, match=r"bad\.json"):
        claims_table(course)
