"""Lesson 00, your first segmentation: one file an exercise, in the order of the lesson."""

from medsegedu.exercises.lesson_00.groups import split_by_patient
from medsegedu.exercises.lesson_00.overlaps import dice
from medsegedu.exercises.lesson_00.thresholds import otsu_threshold
from medsegedu.exercises.lesson_00.unions import iou
from medsegedu.exercises.lesson_00.volumes import volume_ml
from medsegedu.exercises.lesson_00.windows import window

__all__ = ["dice", "iou", "otsu_threshold", "split_by_patient", "volume_ml", "window"]
