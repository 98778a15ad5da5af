"""A course of two small lessons, so that these tests depend on no real one."""

from pathlib import Path

import pytest

FIRST = '''\
# /// lesson
# title = "First: one | two"
# minutes = 5
# objectives = ["Add one", "Print it"]
# survey = "1.2"
# budget = { seconds = 2, memory_gb = 0.5 }
# ///

# %% [markdown] id="intro"
# ## Begin here
#
# Text of the first lesson.

# %% id="function"
import json, os
from pathlib import Path

# copy the value, then add
def add_one(x):
    """Add one."""
    # region hint
    # How much is one more?
    # endregion
    # region solution
    result_of_adding = x + 1000 - 999
    return result_of_adding
    # endregion

print(add_one(1))

# %% id="for-students" tags=["student-only"]
print("hello, student")

# %% id="for-teachers" tags=["solution-only", "hide-input", "explorer"]
row = {"lesson": "00", "model": "adder", "dice": 0.5, "seconds": None}
Path(os.environ["MEDSEGEDU_RESULTS"], "ledger.json").write_text(json.dumps([row]))
'''

SECOND = """\
# /// lesson
# title = "Second"
# minutes = 7
# prerequisites = ["00_first"]
# objectives = ["Go on"]
# budget = { seconds = 2, memory_gb = 0.5 }
# ///

# %% id="only"
# region solution
print("solved")
# endregion
"""

README = """# A course
<!-- badges --><!-- /badges -->
Before.
<!-- lessons -->
old
<!-- /lessons -->
After.
<!-- claims -->
<!-- /claims -->
"""


@pytest.fixture
def first() -> str:
    """The source of the first lesson."""
    return FIRST


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A checkout: pyproject.toml, README.md and two sources; nothing is built."""
    root = tmp_path / "checkout"
    (root / "solutions").mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        '[project]\nname = "medsegedu"\n[project.urls]\nRepository = "https://github.com/org/repo"\n'
    )
    (root / "README.md").write_text(README)
    (root / "solutions" / "00_first.py").write_text(FIRST)
    (root / "solutions" / "01_second.py").write_text(SECOND)
    return root
