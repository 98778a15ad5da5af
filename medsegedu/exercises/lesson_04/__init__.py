"""Lesson 04, losses and small targets: one file an exercise, in the order of the lesson, and what goes wrong in HD95."""

from medsegedu.exercises.lesson_04 import distance_mistakes, slips  # noqa: F401 - they add mistakes
from medsegedu.exercises.lesson_04.absent import empty_masks
from medsegedu.exercises.lesson_04.distances import hd95
from medsegedu.exercises.lesson_04.easy import focal
from medsegedu.exercises.lesson_04.overlaps import soft_dice
from medsegedu.exercises.lesson_04.prices import tversky

__all__ = ["empty_masks", "focal", "hd95", "soft_dice", "tversky"]
