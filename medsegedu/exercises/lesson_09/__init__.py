"""Lesson 09, generated data: one file an exercise, in the order of the lesson, and some with what else goes wrong in it."""

from medsegedu.exercises.lesson_09 import (  # noqa: F401 - they add mistakes
    names,
    rivals,
    searches,
    shares,
    shrinks,
    slates,
    slips,
    spreads,
    verdicts,
)
from medsegedu.exercises.lesson_09.fooling import generator_loss
from medsegedu.exercises.lesson_09.mixing import mix_batch
from medsegedu.exercises.lesson_09.neighbours import nearest_neighbour
from medsegedu.exercises.lesson_09.norms import spade_norm
from medsegedu.exercises.lesson_09.patients import leakage_check
from medsegedu.exercises.lesson_09.turns import discriminator_step

__all__ = ["discriminator_step", "generator_loss", "leakage_check", "mix_batch", "nearest_neighbour", "spade_norm"]
