"""What makes notebooks out of sources, and lessons out of notebooks.

The format of a source: `medsegedu.course.source`. Notebooks from sources: `build`. A lesson without a browser: `run`.
"""

from medsegedu.course.catalogue import find_root, lessons
from medsegedu.course.front_matter import LessonInfo

__all__ = ["LessonInfo", "find_root", "lessons"]
