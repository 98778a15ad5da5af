"""Lesson 04, losses and small targets: one file an exercise, in the order of the lesson, and files of what goes wrong in it."""

from medsegedu.exercises.lesson_04 import (  # noqa: F401 - they add mistakes
    absent_slips,
    distance_mistakes,
    distance_slips,
    easy_slips,
    overlap_pairs,
    price_slips,
    slips,
)
from medsegedu.exercises.lesson_04.absent import empty_masks
from medsegedu.exercises.lesson_04.distances import hd95
from medsegedu.exercises.lesson_04.easy import focal
from medsegedu.exercises.lesson_04.overlaps import soft_dice
from medsegedu.exercises.lesson_04.prices import tversky

__all__ = ["empty_masks", "focal", "hd95", "soft_dice", "tversky"]
