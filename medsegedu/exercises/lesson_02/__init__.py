"""Lesson 02, fully convolutional networks: one file an exercise, in the order of the lesson."""

from medsegedu.exercises.lesson_02.converted import linear_to_conv
from medsegedu.exercises.lesson_02.fusion import fuse_scores
from medsegedu.exercises.lesson_02.kernels import bilinear_kernel
from medsegedu.exercises.lesson_02.padded import any_size
from medsegedu.exercises.lesson_02.spread import dilations

__all__ = ["any_size", "bilinear_kernel", "dilations", "fuse_scores", "linear_to_conv"]
