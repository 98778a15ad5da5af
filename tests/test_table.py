"""Tables of text: columns line up in a terminal, and words stand on the left in a notebook."""

import re

from medsegedu.table import html_table, text_table

ROWS = [["rule", "GB", "because"], ["batch", "0.8", "more <patches> fit"], ["width", "-", "20 patients are few"]]


def test_columns_line_up() -> None:
    assert text_table(ROWS).splitlines() == [
        "rule   GB   because", "batch  0.8  more <patches> fit", "width  -    20 patients are few",
    ]  # fmt: skip


def test_a_column_with_words_stands_on_the_left_as_a_whole() -> None:
    page = html_table(ROWS)
    cells = re.findall(r"<(th|td)([^>]*)>([^<]*)</", page)
    assert [text for _, _, text in cells] == [c.replace("<", "&lt;").replace(">", "&gt;") for row in ROWS for c in row]
    assert ["left" in looks for _, looks, _ in cells] == [True, False, True] * 3
    assert [tag for tag, _, _ in cells] == ["th"] * 3 + ["td"] * 6
    assert page.count("scope='col'") == 3
