"""What a folder holds, before anything is trained on it: a table, every problem at once, and pictures to look at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np

from medsegedu.data.folder import Content, class_names, read_pair
from medsegedu.data.listed import find_pairs
from medsegedu.data.montage import figure
from medsegedu.errors import UserError
from medsegedu.files import write_atomically
from medsegedu.table import html_table, text_table

_PICTURES, _ROWS = 12, 20
_HEAD = ("case", "patient", "size", "spacing mm", "axes", "contrasts", "values", "foreground", "remarks")
_STYLE = """body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #222 } table { border-collapse: collapse }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top } li { margin: .2rem 0 }
figure { display: inline-block; margin: .4rem; max-width: 14rem; vertical-align: top }
img { width: 100%; image-rendering: pixelated }"""


@dataclass(frozen=True)
class Row:
    """One case of the table."""

    id: str
    patient: str
    size: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    axes: str = ""
    contrasts: tuple[str, ...] = ()
    counts: dict[int, int] = field(default_factory=dict)  # label value -> voxels; empty without a mask
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def foreground(self) -> float | None:
        """The share of voxels above 0; None without a mask."""
        return 1 - self.counts.get(0, 0) / sum(self.counts.values()) if self.counts else None

    def cells(self) -> tuple[str, ...]:
        """As `_HEAD` names them."""
        share = self.foreground
        remarks = [f"PROBLEM: {problem}" for problem in self.problems] + list(self.notes)
        return (
            self.id, self.patient, _size(self.size), _numbers(self.spacing), self.axes, ", ".join(self.contrasts),
            _values(sorted(self.counts)) if self.counts else "no mask", "" if share is None else f"{100 * share:.2f} %",
            " ".join(remarks),
        )  # fmt: skip


@dataclass(frozen=True)
class Report:
    """All that `inspect_folder` found; shows itself as a table in a notebook, and as text in a terminal."""

    root: Path
    layout: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...]  # all of them, those of single cases too
    figures: tuple[str, ...] = field(default=(), repr=False)

    def summary(self) -> list[str]:
        """A few sentences about the whole."""
        masks, patients = sum(bool(row.counts) for row in self.rows), len({row.patient for row in self.rows})
        lines = [f"{self.root}: {len(self.rows)} images of {patients} patients, {masks} with a mask; {self.layout}."]
        if patients == len(self.rows) > 1:
            lines.append(
                "Each image counts as a patient of its own; if that is not so, list the patients in index.csv."
            )
        for name, values in (
            ("sizes", [_size(row.size) for row in self.rows]),
            ("spacings", [_numbers(row.spacing) for row in self.rows]),
            ("axes", [row.axes for row in self.rows]),
            ("contrasts", [", ".join(row.contrasts) for row in self.rows]),
        ):
            if counted := _counted(values):
                lines.append(f"{name}: {counted}")
        return [*lines, *self._about_values()]

    def _about_values(self) -> list[str]:
        counts: Counter[int] = Counter()
        for row in self.rows:
            counts.update(row.counts)
        values, total = sorted(counts), sum(counts.values())
        if not counts:
            return ["no masks"]
        if len(values) > 8:
            return [f"label values: {_values(values)}"]
        lines = ["label values: " + ", ".join(f"{v} ({100 * counts[v] / total:.2f} %)" for v in values)]
        known = sorted({0, *values})
        if known != list(range(len(known))):
            lines.append(f"The values {', '.join(map(str, known))} are mapped to 0 to {len(known) - 1}, in this order.")
        for value in known[1:]:
            if len(self.rows) > 5 and 0 < (n := sum(value in row.counts for row in self.rows)) < 3:
                lines.append(f"Value {value} is in {n} of {len(self.rows)} images only: a training set can miss it.")
        return lines

    def text(self, rows: int = _ROWS) -> str:
        """Summary, problems, and the first rows of the table."""
        shown = [row.cells()[:-1] for row in self.rows[:rows]]
        table = text_table([_HEAD[:-1], *shown]) if shown else ""
        more = f"\n... and {len(self.rows) - rows} more" if len(self.rows) > rows else ""
        notes = [
            f"- {n} images: {note}" for note, n in Counter(note for row in self.rows for note in row.notes).items()
        ]
        parts = ["\n".join(self.summary()), f"{table}{more}", "\n".join(notes and ["remarks:", *notes])]
        parts.append(
            "\n".join([f"problems ({len(self.problems)}):", *(f"- {p}" for p in self.problems)])
            if self.problems
            else "no problems"
        )
        return "\n\n".join(part for part in parts if part)

    def html(self) -> str:
        """A whole page: summary, problems, pictures, and every row of the table."""
        title = escape(f"What {self.root.name or self.root} holds")
        summary = "".join(f"<p>{escape(line)}</p>" for line in self.summary())
        listed = "".join(f"<li>{escape(problem)}</li>" for problem in self.problems)
        problems = (
            f"<h2>Problems ({len(self.problems)})</h2><ul>{listed}</ul>" if self.problems else "<h2>No problems</h2>"
        )
        table = html_table([_HEAD, *(row.cells() for row in self.rows)])
        return (
            f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style></head>"
            f"<body><h1>{title}</h1>{summary}{problems}<h2>A look</h2>{''.join(self.figures)}<h2>Images</h2>{table}</body></html>"
        )

    def save(self, path: Path | str) -> Path:
        """Write the page."""
        return write_atomically(path, self.html())

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.text()


def inspect_folder(path: Path | str, *, index: Path | str | None = None, instances: bool = False) -> Report:
    """Read a folder once, one image after the other, and report on it; nothing that is wrong with a file stops it.

    Raises:
        UserError: there is no such folder, or nothing in it that can be read.
    """
    root = Path(path)
    pairing = find_pairs(root, Path(index) if index else None)
    looked_at = set(np.linspace(0, len(pairing.pairs) - 1, _PICTURES).astype(int)) if pairing.pairs else set()
    rows, figures = [], []
    for number, pair in enumerate(pairing.pairs):
        content = read_pair(pair, pairing.contrasts)
        rows.append(_row(content))
        if number in looked_at and content.case is not None:
            figures.append(figure(content.case))
    problems = [*pairing.problems, *(p for row in rows for p in row.problems), *_together(rows)]
    try:
        class_names(sorted({0, *(v for row in rows for v in row.counts)}), None, pairing.classes, instances, root)
    except UserError as error:
        problems.append(str(error))
    return Report(root, pairing.layout, tuple(rows), tuple(problems), tuple(figures))


def _row(content: Content) -> Row:
    pair, case = content.pair, content.case
    if case is None:
        return Row(pair.id, pair.patient, problems=content.problems)
    counts = {}
    if case.label is not None:
        values, numbers = np.unique(case.label.numpy(), return_counts=True)
        counts = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    size = tuple(case.image.shape[1:])
    return Row(
        pair.id,
        pair.patient,
        size,
        case.spacing,
        content.axes,
        content.contrasts,
        counts,
        content.notes,
        content.problems,
    )


def _together(rows: Sequence[Row]) -> list[str]:
    """Problems of the whole: cases that can't be in one dataset."""
    problems = []
    for what, of in (("channels", lambda row: len(row.contrasts)), ("axes", lambda row: len(row.size))):
        counts = Counter(of(row) for row in rows if row.size)
        if len(counts) > 1:
            usual = counts.most_common(1)[0][0]
            odd = next(row for row in rows if row.size and of(row) != usual)
            problems.append(
                f"{odd.id} has {of(odd)} {what}, most have {usual}; convert it, or keep it in another folder."
            )
    return problems


def _size(size: Iterable[int]) -> str:
    return " x ".join(map(str, size))


def _numbers(numbers: Iterable[float]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)


def _values(values: Sequence[int]) -> str:
    return ", ".join(map(str, values)) if len(values) <= 8 else f"{values[0]} to {values[-1]} ({len(values)} values)"


def _counted(texts: Sequence[str]) -> str:
    common = Counter(text for text in texts if text).most_common()
    more = f", and {len(common) - 5} more" if len(common) > 5 else ""
    return ", ".join(f"{text} ({n})" for text, n in common[:5]) + more
