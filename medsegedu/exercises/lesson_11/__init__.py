"""Lesson 11, your own data: one file an exercise, in the order of the lesson; long lists of mistakes have one of their own."""

from medsegedu.exercises.lesson_11 import leak_slips, report_slips, slips  # noqa: F401 - they add mistakes
from medsegedu.exercises.lesson_11.bug_mistakes import bug_hunt
from medsegedu.exercises.lesson_11.bugs import as_found
from medsegedu.exercises.lesson_11.leak_pairs import find_the_leak
from medsegedu.exercises.lesson_11.plan_mistakes import plan
from medsegedu.exercises.lesson_11.print_mistakes import fingerprint
from medsegedu.exercises.lesson_11.report_pairs import report

__all__ = ["as_found", "bug_hunt", "find_the_leak", "fingerprint", "plan", "report"]
