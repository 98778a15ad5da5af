"""Lesson 08, modalities: one file an exercise, in the order of the lesson, and some with what else goes wrong in it."""

from medsegedu.exercises.lesson_08 import (  # noqa: F401 - they add mistakes
    absent_votes,
    law_slips,
    missing_slips,
    scale_pairs,
    scale_slips,
)
from medsegedu.exercises.lesson_08.channels import early_fusion
from medsegedu.exercises.lesson_08.laws import gamma_law
from medsegedu.exercises.lesson_08.missing import modality_dropout
from medsegedu.exercises.lesson_08.scales import normalise
from medsegedu.exercises.lesson_08.votes import late_fusion

__all__ = ["early_fusion", "gamma_law", "late_fusion", "modality_dropout", "normalise"]
