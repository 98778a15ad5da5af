"""Lesson 07, volumes: one file an exercise, in the order of the lesson, and further ones with more mistakes."""

from medsegedu.exercises.lesson_07 import bells, divisors, grids, pairs, seams, turns  # noqa: F401 - they add mistakes
from medsegedu.exercises.lesson_07.kernels import conv3d_parameters
from medsegedu.exercises.lesson_07.spacings import resample_label
from medsegedu.exercises.lesson_07.stitches import stitch
from medsegedu.exercises.lesson_07.windows import gaussian_window
from medsegedu.exercises.lesson_07.worlds import voxel_to_world

__all__ = ["conv3d_parameters", "gaussian_window", "resample_label", "stitch", "voxel_to_world"]
