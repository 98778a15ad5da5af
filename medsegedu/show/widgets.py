"""Sliders and menus around a figure, with a still picture wherever widgets do not run."""

from collections.abc import Callable
from typing import Any

import numpy as np

from medsegedu.errors import UserError
from medsegedu.show.look import canvas, style
from medsegedu.show.picture import Picture, as_picture
from medsegedu.show.planes import (
    PLANES,
    array,
    best_index,
    centre_of_largest,
    draw_scan,
    plane_spacing,
    scale_bar,
    take,
)
from medsegedu.show.scans import overlay

_VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """Controls above a picture that follows them. Where widgets are not shown (a website, a PDF), the first picture is.

    Attributes:
        picture: the picture of the current values.
        controls: name -> ipywidgets widget; empty without a kernel or without ipywidgets.
    """

    def __init__(self, picture: Picture, controls: dict[str, Any], view: Any) -> None:
        self.picture = picture
        self.controls = controls
        self._view = view

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self.picture._repr_mimebundle_()
        if self._view is not None:
            data[_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}
        return data, metadata

    def __repr__(self) -> str:
        return f"Explorer: {self.picture.alt}"


def explore(function: Callable[..., Any], *, alt: str = "An interactive figure.", **controls: Any) -> Explorer:
    """Call `function` with the controls' values now, and again whenever one of them is moved.

    Args:
        function: takes the controls by name and returns a Picture, or a matplotlib Figure (then `alt` describes it).
        controls: name -> (low, high[, step[, start]]) for a slider, of whole numbers if all are; a list for a menu; a bool
            for a checkbox; a text for a text field. A control starts at `start`, else at the middle or the first.

    An error in `function` is raised at once for the starting values, and shown below the controls for later ones.
    """
    starts = {name: _start(name, control) for name, control in controls.items()}
    explorer = Explorer(as_picture(function(**starts), alt), {}, None)
    if not _in_kernel():
        return explorer
    try:
        import ipywidgets
    except ImportError:
        return explorer
    from IPython import get_ipython
    from IPython.display import clear_output, display

    explorer.controls = {name: _widget(ipywidgets, name, control) for name, control in controls.items()}
    screen = ipywidgets.Output()

    def redraw(change: Any) -> None:
        with screen:
            clear_output(wait=True)
        try:
            explorer.picture = as_picture(function(**{n: w.value for n, w in explorer.controls.items()}), alt)
        except Exception:
            with screen:
                get_ipython().showtraceback()
            raise  # an Output widget swallows errors: a notebook run without a browser would pass with a broken figure
        with screen:
            display(explorer.picture)

    for widget in explorer.controls.values():
        widget.observe(redraw, "value")
    with screen:
        display(explorer.picture)
    explorer._view = ipywidgets.VBox([*explorer.controls.values(), screen])
    return explorer


def slices(
    case: Any,
    *,
    contrasts: Any = None,
    classes: Any = None,
    plane: str = "axial",
    unit: str = "mm",
    alt: str | None = None,
) -> Explorer:
    """Leaf through a volume: slice, plane, contrast, window, and the label's outlines on or off.

    Args:
        case: a case with image (C, x, y, z) and label (x, y, z) or None, or the same in 2D, or one bare contrast (*spatial).
        contrasts, classes: the names of channels and classes.
        plane: the plane to begin with: "axial", "coronal" or "sagittal".
        unit: what the spacing counts: "pixels" for pictures without a known scale.
    """
    if plane not in PLANES:
        raise UserError(f"There is no plane '{plane}'; use one of {', '.join(PLANES)}.")
    image = array(getattr(case, "image", case))
    image = image if hasattr(case, "image") else image[None]  # (*spatial) -> (1, *spatial)
    label = None if getattr(case, "label", None) is None else array(case.label).astype(int)
    spacing = tuple(getattr(case, "spacing", (1.0,) * (image.ndim - 1)))
    names = list(contrasts) if contrasts is not None else [f"contrast {i + 1}" for i in range(len(image))]
    low, high = (float(v) for v in np.percentile(image, (0.5, 99.5)))
    step = max((high - low) / 50, 1e-6)
    volume = image.ndim == 4
    steps = image.shape[1 + PLANES[plane]] if volume else 1  # one a slice of this plane; the others are stretched to it

    def draw(contrast: str, center: float, width: float, outlines: bool = False, **where: Any) -> Picture:
        chosen = where.get("plane")
        cut, truth, here = image[names.index(contrast)], label, contrast
        if chosen is not None:
            last = cut.shape[PLANES[chosen]] - 1
            index = round((where["position"] - 1) / max(1, steps - 1) * last)
            cut, truth = take(cut, chosen, index), None if truth is None else take(truth, chosen, index)
            here = f"{contrast}, {chosen} slice {index + 1} of {last + 1}"
        mm = plane_spacing(spacing, chosen)
        with style():
            figure, (ax,) = canvas(size=(4.6, 4.9))
            if outlines and truth is not None:
                overlay(cut, truth, ax=ax, classes=classes, spacing=mm, window=(center, width))
            else:
                draw_scan(ax, cut, mm, (center, width))
            scale_bar(ax, mm[1], unit)
            ax.set_title(here)
        return Picture(figure, alt or f"{here}, window center {center:.2g} and width {width:.2g}.")

    controls: dict[str, Any] = {}
    if volume:
        middle = None if label is None else centre_of_largest(label == label.max())
        index = best_index(image[0] > image[0].mean(), plane, middle)
        controls = {
            "plane": [plane, *(p for p in PLANES if p != plane)],
            "position": (1, steps, 1, index + 1),
        }
    controls |= {
        "contrast": names,
        "center": (low, high, step, (low + high) / 2),
        "width": (step, 2 * (high - low), step, high - low),
    }
    if label is not None:
        controls["outlines"] = True
    return explore(draw, **controls)


def _start(name: str, control: Any) -> Any:
    """The value a control starts at."""
    if isinstance(control, bool | str):
        return control
    if isinstance(control, list) and control:
        return control[0]
    if isinstance(control, tuple) and 2 <= len(control) <= 4 and all(isinstance(v, int | float) for v in control):
        low, high, step, start = _slider(control)
        if low < high and low <= start <= high and step > 0:
            return start
    raise UserError(
        f"The control '{name}' is {control!r}; give (low, high[, step[, start]]), a list, True, False or a text."
    )


def _slider(control: tuple[Any, ...]) -> tuple[Any, Any, Any, Any]:
    """(low, high, step, start) of a slider; whole numbers stay whole."""
    low, high = control[:2]
    whole = all(isinstance(value, int) for value in control)
    step = control[2] if len(control) > 2 else (1 if whole else (high - low) / 20)
    middle = low + round((high - low) / 2 / step) * step if step > 0 else low
    return low, high, step, control[3] if len(control) > 3 else min(middle, high)


def _widget(ipywidgets: Any, name: str, control: Any) -> Any:
    look = {"description": name.replace("_", " "), "style": {"description_width": "initial"}}
    if isinstance(control, bool):
        return ipywidgets.Checkbox(value=control, indent=False, **look)
    if isinstance(control, str):
        return ipywidgets.Text(value=control, continuous_update=False, **look)
    if isinstance(control, list):
        return ipywidgets.Dropdown(options=control, value=control[0], **look)
    low, high, step, start = _slider(control)
    whole = all(isinstance(value, int) for value in (low, high, step, start))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    wide = ipywidgets.Layout(width="26em")
    return kind(value=start, min=low, max=high, step=step, continuous_update=False, layout=wide, **look)


def _in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel, where a browser may show widgets."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
