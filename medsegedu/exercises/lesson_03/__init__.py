"""Lesson 03, U-Net: one file an exercise, in the order of the lesson, and one with what else goes wrong in it."""

from medsegedu.exercises.lesson_03 import corners, depths, flows, misfits, states  # noqa: F401 - they add mistakes
from medsegedu.exercises.lesson_03.blocks import conv_block
from medsegedu.exercises.lesson_03.joins import crop_and_concat
from medsegedu.exercises.lesson_03.passes import forward
from medsegedu.exercises.lesson_03.sizes import valid_size
from medsegedu.exercises.lesson_03.steps import up_block

__all__ = ["conv_block", "crop_and_concat", "forward", "up_block", "valid_size"]
