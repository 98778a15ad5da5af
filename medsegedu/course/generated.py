"""The cells that every notebook gets from its lesson's front matter: title, installation on Colab, and what comes next."""

import re
from dataclasses import dataclass
from typing import Any

from medsegedu.course.front_matter import LessonInfo
from medsegedu.errors import UserError

BRANCH = "main"  # what badges and Colab take: a tag for the version may not exist yet
# Colab has torch, numpy, scipy, matplotlib, nibabel, scikit-image, tqdm, platformdirs and safetensors; replacing
# them would restart half of the room's runtimes.
LACKING_ON_COLAB = "nilearn pooch pydicom"


@dataclass(frozen=True)
class Repository:
    """Where the course is published, e.g. "https://github.com/ORG/REPO"."""

    url: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", self.url):
            raise UserError(f"pyproject.toml: Repository is '{self.url}'; write https://github.com/ORG/REPO.")

    def badges(self, path: str) -> str:
        """The buttons, as Markdown, that open the notebook at `path` on Colab and on Binder."""
        slug = self.url.removeprefix("https://github.com/")
        colab = f"https://colab.research.google.com/github/{slug}/blob/{BRANCH}/{path}"
        binder = f"https://mybinder.org/v2/gh/{slug}/{BRANCH}?urlpath=lab/tree/{path}"
        return (
            f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) "
            f"[![Launch on Binder](https://mybinder.org/badge_logo.svg)]({binder})"
        )


@dataclass(frozen=True)
class Neighbours:
    """The lessons before and after, as far as they exist, and those that a lesson builds upon."""

    previous: LessonInfo | None = None
    following: LessonInfo | None = None
    prerequisites: tuple[LessonInfo, ...] = ()


ALONE = Neighbours()


def title_cell(info: LessonInfo, kind: str, repository: Repository | None, around: Neighbours) -> dict[str, Any]:
    """The first cell: what the lesson is, what it takes, what it teaches, and the buttons that open it elsewhere."""
    needs = ", ".join(_link(lesson) for lesson in around.prerequisites)
    takes = [
        f"**{info.minutes} minutes.**",
        f"After lesson {needs}." if needs else "",
        f"Any laptop will do: solved, this notebook computes for about {info.seconds:g} s in {info.memory_gb:g} GB of "
        "memory, without a GPU.",
        f"It follows section {info.survey} of the survey." if info.survey else "",
    ]
    blocks = [
        f"# Lesson {info.number} - {info.title}",
        " ".join(filter(None, takes)),
        "**In this lesson you will**\n\n" + "\n".join(f"- {objective}" for objective in info.objectives),
    ]
    if kind == "solutions":
        blocks.insert(1, "*The solved lesson, for instructors.*")
    if repository:
        blocks.append(repository.badges(f"{kind}/{info.name}.ipynb"))
        blocks.append("Text: CC-BY-4.0. Code: MIT.")
    return _markdown("title", blocks)


def colab_cell(repository: Repository) -> dict[str, Any]:
    """The code cell that installs the course on Colab and does nothing elsewhere."""
    source = f"""\
# On Colab this installs the course; elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install -q --no-deps "medsegedu @ git+{repository.url}@{BRANCH}"
    %pip install -q {LACKING_ON_COLAB}"""
    return {
        "cell_type": "code", "execution_count": None, "id": "colab-setup", "metadata": {}, "outputs": [], "source": source,
    }  # fmt: skip


def footer_cell(around: Neighbours) -> dict[str, Any]:
    """The last cell: the way on and the way back."""
    ways = []
    if around.following:
        ways.append(f"**Next:** lesson {_link(around.following)}")
    if around.previous:
        ways.append(f"**Before:** lesson {_link(around.previous)}")
    return _markdown("footer", ["---", "  \n".join(ways)])


def _link(lesson: LessonInfo) -> str:
    return f"[{lesson.number} - {lesson.title}]({lesson.name}.ipynb)"


def _markdown(name: str, blocks: list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": "\n\n".join(blocks)}
