"""From what the data say to how to train on them: fingerprint -> plan, every decision by a rule that says why.

>>> found = fingerprint(dataset)
>>> plan = make_plan(found, minutes=10)
>>> plan["patch"], plan.rules[3].why
"""

from medsegedu.plan.file import load_plan, save_plan
from medsegedu.plan.fingerprint import ClassPrint, Fingerprint, Spread, fingerprint
from medsegedu.plan.memory import saved_bytes, training_bytes
from medsegedu.plan.plan import Plan, make_plan
from medsegedu.plan.pooled import Intensities
from medsegedu.plan.rule import Rule
from medsegedu.plan.timing import Timing, steps_in, voxels_a_second

__all__ = [
    "ClassPrint", "Fingerprint", "Intensities", "Plan", "Rule", "Spread", "Timing", "fingerprint", "load_plan", "make_plan",
    "save_plan", "saved_bytes", "steps_in", "training_bytes", "voxels_a_second",
]  # fmt: skip
