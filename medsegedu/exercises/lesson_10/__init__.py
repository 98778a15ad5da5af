"""Lesson 10, few labels: one file an exercise, in the order of the lesson, and what goes wrong in the mean teacher."""

from medsegedu.exercises.lesson_10 import moves  # noqa: F401 - it adds mistakes
from medsegedu.exercises.lesson_10.agreement import consistency
from medsegedu.exercises.lesson_10.cuts import soft_ncut
from medsegedu.exercises.lesson_10.kept import kept_loss
from medsegedu.exercises.lesson_10.means import ema_update
from medsegedu.exercises.lesson_10.names import match_clusters
from medsegedu.exercises.lesson_10.sure import pseudo_label

__all__ = ["consistency", "ema_update", "kept_loss", "match_clusters", "pseudo_label", "soft_ncut"]
