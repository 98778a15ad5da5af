"""Lesson 10, few labels: one file an exercise, in the order of the lesson, and files with more of what goes wrong."""

from medsegedu.exercises.lesson_10 import (  # noqa: F401 - they add mistakes
    divergences,
    huge,
    moves,
    rarities,
    results,
    shares,
    slips,
    states,
    votes,
)
from medsegedu.exercises.lesson_10.agreement import consistency
from medsegedu.exercises.lesson_10.cuts import soft_ncut
from medsegedu.exercises.lesson_10.kept import kept_loss
from medsegedu.exercises.lesson_10.means import ema_update
from medsegedu.exercises.lesson_10.names import match_clusters
from medsegedu.exercises.lesson_10.sure import pseudo_label

__all__ = ["consistency", "ema_update", "kept_loss", "match_clusters", "pseudo_label", "soft_ncut"]
