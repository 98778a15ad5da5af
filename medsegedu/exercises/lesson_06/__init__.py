"""Lesson 06, attention: one file an exercise, in the order of the lesson, and some with what else goes wrong in it."""

from medsegedu.exercises.lesson_06 import (  # noqa: F401 - they add mistakes
    crossings,
    cut_off,
    first_gates,
    first_tries,
    gammas,
    mixed_up,
    sizes_of_gates,
    softmaxes,
    whole_matrix,
)
from medsegedu.exercises.lesson_06.channels import squeeze_excite
from medsegedu.exercises.lesson_06.crosses import criss_cross
from medsegedu.exercises.lesson_06.gates import attention_gate
from medsegedu.exercises.lesson_06.pairs import non_local
from medsegedu.exercises.lesson_06.places import spatial_attention

__all__ = ["attention_gate", "criss_cross", "non_local", "spatial_attention", "squeeze_excite"]
