"""A figure with its description: what every function of `medsegedu.show` returns."""

import base64
import html
import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from medsegedu.errors import UserError
from medsegedu.files import write_atomically

DPI = 100
SMALLEST_DPI = 75  # below this the small print suffers
LARGEST = 150_000  # bytes; a lesson with twenty figures stays a notebook that opens at once


class Picture:
    """A matplotlib figure and its alternative text, shown once, as a cell's last expression.

    A notebook shows `<img alt=...>`, so a screen reader reads the sentence; a front end without HTML shows the PNG, and a
    terminal the sentence alone. The figure never enters pyplot's list, so that nothing shows it a second time.

    Raises:
        UserError: `alt` is empty.
    """

    def __init__(self, figure: Figure, alt: str) -> None:
        if not alt.strip():
            raise UserError("This figure has no description; give alt= a sentence that says what the figure shows.")
        self.figure = figure
        self.alt = " ".join(alt.split())
        self._bytes: bytes | None = None
        self._shown = False

    def png(self) -> bytes:
        """The figure as PNG, 100 dots an inch, or fewer if it is large; rendered once."""
        if self._bytes is None:
            self._bytes = self._render("png", DPI)
            if len(self._bytes) > LARGEST:
                self._bytes = self._render("png", max(SMALLEST_DPI, int(DPI * (LARGEST / len(self._bytes)) ** 0.5)))
        return self._bytes

    def save(self, path: Path | str) -> Path:
        """Write the figure to `path`, in the format that its ending names (png, svg, pdf, ...)."""
        path = Path(path)
        if path.suffix.lower() == ".png":
            return write_atomically(path, self.png())
        if self._shown:
            raise UserError(
                f"This figure was shown already and kept as PNG; save it as .png, or save '{path.name}' before."
            )
        known = self.figure.canvas.get_supported_filetypes()
        if path.suffix[1:].lower() not in known:
            raise UserError(f"Cannot save a figure as '{path.name}'; end the name in .png, .svg or .pdf.")
        return write_atomically(path, self._render(path.suffix[1:].lower(), DPI))

    def _render(self, form: str, dpi: int) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format=form, dpi=dpi, facecolor="white")
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png()).decode()
        return f'<img alt="{html.escape(self.alt)}" style="max-width: 100%" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {
            "text/html": self._repr_html_(),
            "image/png": base64.b64encode(self.png()).decode(),
            "text/plain": repr(self),
        }
        # A notebook keeps every output alive, and a figure of a scan holds up to 0.2 GB; its picture, a thousandth.
        self._shown = True
        self.figure.clear()
        return data, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"


def as_picture(result: Any, alt: str) -> Picture:
    """A `Picture` from what an author's function returned: a Picture as it is, or a matplotlib Figure.

    Raises:
        UserError: `result` is something else, most often None from a function without `return`.
    """
    if isinstance(result, Picture):
        return result
    if isinstance(result, Figure):
        _forget(result)
        return Picture(result, alt)
    raise UserError(f"The function returned {type(result).__name__}; return a Picture or a matplotlib Figure.")


def _forget(figure: Figure) -> None:
    """Take `figure` out of pyplot's list, if it is there, so that the notebook does not show it again."""
    from matplotlib import pyplot

    pyplot.close(figure)
