"""Lesson 05, nested U-Nets: one file an exercise, in the order of the lesson, and some with what else goes wrong in it."""

from medsegedu.exercises.lesson_05 import (  # noqa: F401 - they add mistakes
    cuts,
    feedback,
    neighbours,
    second_looks,
    sizes,
    slips,
    sums,
    wide_maps,
)
from medsegedu.exercises.lesson_05.heads import deep_supervision
from medsegedu.exercises.lesson_05.looks import recurrent_conv
from medsegedu.exercises.lesson_05.nodes import nested_node
from medsegedu.exercises.lesson_05.pruning import prune
from medsegedu.exercises.lesson_05.scales import full_scale_fusion

__all__ = ["deep_supervision", "full_scale_fusion", "nested_node", "prune", "recurrent_conv"]
