"""Figures and widgets in one look. Every function returns a `Picture`: a figure with its alternative text.

>>> from medsegedu import show
>>> show.case(case, contrasts=dataset.contrasts, classes=dataset.classes)
"""

from medsegedu.show.charts import bars, curves, intervals
from medsegedu.show.family import network, networks
from medsegedu.show.look import SERIES, canvas, class_style, style
from medsegedu.show.mistakes import compare
from medsegedu.show.pairs import claim, paired
from medsegedu.show.picture import Picture
from medsegedu.show.planes import scale_bar
from medsegedu.show.scans import case, gallery, overlay
from medsegedu.show.widgets import Explorer, explore, slices

__all__ = [
    "SERIES", "Explorer", "Picture", "bars", "canvas", "case", "claim", "class_style", "compare", "curves", "explore",
    "gallery", "intervals", "network", "networks", "overlay", "paired", "scale_bar", "slices", "style",
]  # fmt: skip
