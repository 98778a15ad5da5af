"""Lesson 01, the sliding window: one file an exercise, in the order of the lesson."""

from medsegedu.exercises.lesson_01.draw_mistakes import balanced_sample
from medsegedu.exercises.lesson_01.field_mistakes import receptive_field
from medsegedu.exercises.lesson_01.loop_mistakes import segment_by_patches
from medsegedu.exercises.lesson_01.patches import extract_patch
from medsegedu.exercises.lesson_01.shares import undo_balance
from medsegedu.exercises.lesson_01.work import count_redundant_work

__all__ = [
    "balanced_sample", "count_redundant_work", "extract_patch", "receptive_field", "segment_by_patches", "undo_balance",
]  # fmt: skip
